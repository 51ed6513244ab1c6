"""Sessions replayed from their journals, message for message, and out of order."""
