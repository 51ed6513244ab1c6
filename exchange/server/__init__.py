"""A venue on the wire: the matching engine behind the dialects of real exchanges, for tests.

Owns the dialects' requests, answers and streams, TLS on loopback, and what goes wrong on the wire
on demand. What fills, and when, is the matching engine's business; nothing here trades for anyone.
"""
