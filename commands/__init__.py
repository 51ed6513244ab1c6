"""The commands that a person types, one module each.

Decides nothing about a position.
"""
