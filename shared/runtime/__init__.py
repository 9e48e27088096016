"""What every service has in common: settings, clock, calls, schedule, health, and their wiring."""
