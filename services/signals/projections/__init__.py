"""What each event does to which table."""
