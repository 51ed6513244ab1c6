"""``inspect``: look into a session, running or over, and do what an operator may.

Owns the commands, how they are typed and what they print. Their answers come from a ``Source``: the
socket of a running session, or a journal.
"""
