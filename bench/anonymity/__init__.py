"""Attacks on what is released: each attacker, what it may know, and a control that it must break."""
