"""The reconciler: what the venue lists, held against what the journal says.

Owns when is looked, and what was found once. Books nothing and cancels nothing: what the router
knows it looks up, what nobody knows the positions actor judges. Balances are the portfolio's.
"""
