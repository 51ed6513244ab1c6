"""The actors: one package each, a pure core beside a thin shell.

Owns everything that decides. Knows the exchange's port, never a venue; no command, no screen.
"""
