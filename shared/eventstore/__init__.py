"""Events encrypted under a key per case, appended in groups with their ledger leaves, read back."""
