"""The forms of a report: a frozen folder of looks for each version, and the programs that fill it."""
