"""Pure rules of release: what is frozen, what is shown, what is withheld."""
