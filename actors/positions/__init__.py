"""The positions actor: numbers positions, starts their actors, and lets go of ended ones.

Owns who lives. What a position does is its own: see ``actors.position``.
"""
