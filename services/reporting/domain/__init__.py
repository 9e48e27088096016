"""Aggregates of reporting: pure. Events, fold, decisions; time and bytes come in as arguments."""
