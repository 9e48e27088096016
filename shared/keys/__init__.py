"""Case keys, and the key ring that wraps them. Words sealed to a person are never opened here."""
