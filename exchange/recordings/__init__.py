"""Recorded markets: files of candles and trades, their grid, and the rules inferred from them."""
