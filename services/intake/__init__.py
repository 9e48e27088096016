"""The confidential side: cases, conversations, advisers, organisations."""
