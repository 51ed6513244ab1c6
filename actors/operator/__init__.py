"""The operator: what a person asked for, written down with its reason before it is done.

Owns which commands were given, and what may be sent by hand. Does nothing of its own.
"""
