"""A witness: cosigns a log's checkpoints when they only grow (c2sp.org/tlog-witness).

It is made to run alone, on a machine of somebody who is not the operator of the logs: a folder, a
key, one program. `state` decides and remembers, `app` speaks HTTP.
"""
