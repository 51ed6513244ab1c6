"""Market data: the last usable quote, candles and volatility of each symbol, and price triggers.

Owns what a quote means: whether it is sane and fresh, whom it concerns, and how often a symbol is
to be polled. An edge: nothing is recorded but the messages it causes. Does not talk to a venue
(the gateway) and decides nothing about positions.
"""
