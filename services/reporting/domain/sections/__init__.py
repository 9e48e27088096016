"""The chapters of a report: one module for each, a function from the ground to blocks. Pure."""
