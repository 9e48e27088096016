"""What arrives from intake, and what it becomes here."""
