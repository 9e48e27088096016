"""The services. None imports another; what they share stands in `shared`."""
