"""What actors say to each other: frozen structs, one module per receiver, and the words they share.

Owns the vocabulary (ids, money, orders, plans) and every message. Knows no actor, no exchange, no
I/O.
"""
