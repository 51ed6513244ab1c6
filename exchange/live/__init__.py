"""Real exchanges behind the exchange port, through ccxt.

Owns the connection, the order of requests, what errors mean, how a venue's orders and trades become
facts, the streams and their watchdogs, and that no secret leaves. What each venue can do and how
its orders are written is told by ``exchange.profiles``. It decides nothing about positions.
"""
