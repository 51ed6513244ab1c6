"""The embedded market: ten spot symbols from a seed, with moods, listings and quotes. Pure."""
