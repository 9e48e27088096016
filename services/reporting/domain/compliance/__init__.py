"""Texts that a law asks for or that serve one: each says which, and is made of released figures alone."""
