"""A session's life: its wiring, account, files, signals, log and trading mode.

Owns what lies between a command and the actors: the account, its folder, the venue, and how the
process begins and ends. A command only says which session it wants.
"""
