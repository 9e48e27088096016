"""Mutation testing of intake's rules: small faults are put in, and a test must notice each.

`make mutate` (PART=module). How it works, what counts and what was found: docs/mutation.md.
"""
