"""The order router: every order, from the wish to place it to the day it is forgotten.

Owns the orders' states, their requests to the gateway, retries, waits and look-ups. Decides neither
what to trade nor at which price, and speaks to no venue.
"""
