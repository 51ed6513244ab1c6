"""``inspect``: look into a session, running or over, and have done what an operator may.

Owns the commands, how they are typed and what they print. Where the answers come from is a
``Source``: the socket of a running session, or a journal.
"""
