"""What arrives over the bus: one file per durable."""
