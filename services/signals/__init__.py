"""Facts in, anonymised signals out."""
