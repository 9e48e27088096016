"""One file per question. Nothing here imports or reads facts."""
