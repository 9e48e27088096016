"""`make run`: the programs of one installation on one machine, and what each waits for."""
