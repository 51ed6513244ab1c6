"""``replay``, from the recordings to the summary of both candle paths.

Owns the choice of recordings and path, the feed that moves the market and the clock, the pace, and
the journal that may be kept. Not the exchange or the actors, which are those of every session, and
not the files of a summary, which a session writes too.
"""
