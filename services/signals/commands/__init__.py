"""What signals does by itself at the tick."""
