"""`make traces`: the traces of this machine's installation, in a browser on this machine."""
