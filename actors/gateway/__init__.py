"""The gateway: the one door to the exchange.

Owns the port and who hears which of its events. Decides nothing, retries nothing.
"""
