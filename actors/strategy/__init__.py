"""The strategy: when to enter.

Owns the port that a user's strategy fills, the drop strategy, the guards between a wish to enter
and ``OpenPosition``, and what happens to a strategy that fails. An edge: its signals are recorded
by who receives them, its code is never re-run. Knows nothing of how a position lives or ends.
"""
