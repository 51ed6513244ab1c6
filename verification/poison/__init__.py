"""Messages whose handling raises, on the whole tree."""
