"""What checks the code and is more than a test: a simulated world, its rules, a model checker.

The product does not import it; ``tests`` runs it for a short time, ``python -m verification.…`` for
long.
"""
