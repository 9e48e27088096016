"""The services. None imports another; what they share stands in `shared`."""

import gc

# What a program loads stays: to look through it for cycles meanwhile is a tenth of loading it. Before it
# serves anybody it says how often it looks (shared/runtime/garbage.py).
gc.set_threshold(100_000)
