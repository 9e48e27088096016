"""Aggregates: events, fold, decisions. Pure: time, ids and randomness come in as arguments."""
