"""Spreadsheets that people bring along: CSV and XLSX, read by a mapping that is kept per source.

`sheet` holds what a sheet is, `delimited` and `xlsx` read one, `mapping` says what its columns mean,
`mapped` makes a register of it, `proposal` writes a first mapping. docs/import.md is for advisers.
"""
