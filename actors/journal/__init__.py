"""The journal: what every recorded step leaves behind, in order, before its messages leave.

Owns the record, the port that recorded actors write through, and the stores behind it. Knows no
actor and no core.
"""
