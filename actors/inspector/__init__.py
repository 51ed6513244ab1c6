"""The inspector: answers who looks at a running session, over a socket in the session's folder.

Owns the socket, its thread, taps and suspensions. Reads what actors publish and changes none of it;
what a person wants done it hands to the operator. It never runs on an actor's thread, so an actor
that is stuck can be seen, and a client that is slow delays nobody.
"""
