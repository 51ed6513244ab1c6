"""One position: a pure core around two tables, and its shell.

Owns the position from the asking to the last coin booked: entry, protection, exit. Owns no order's
life (the router's), no cash (the portfolio's) and no quote (market data's).
"""
