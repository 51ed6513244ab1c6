"""Known bugs of bots, put into the real code one at a time: ``python -m verification.mutants``."""
