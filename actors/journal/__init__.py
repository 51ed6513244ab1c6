"""The journal: what every recorded step leaves behind, in order, before its messages leave.

Owns the record, the port that recorded actors write through, the stores behind it, and the lease on
an account's folder. Knows every entity by name, and decides nothing.
"""
