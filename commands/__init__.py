"""What a person types and sees: one module per command, and the rooms they share.

Owns options, screens and files of a session. Decides nothing about a position.
"""
