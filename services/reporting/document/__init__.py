"""The report as a PDF: a frozen Typst template per version, and the program that fills it."""
