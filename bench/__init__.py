"""Measurements and trials that print a table and write `var/results/<target>-<part>.json`."""
