"""Rules that hold after every delivery, and at rest, by the venue's own ledger."""
