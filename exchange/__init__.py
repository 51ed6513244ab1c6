"""The exchange: the port, what a venue demands, the matching engine and recordings of markets.

Owns everything about venues; knows no actor. Decides nothing about positions.
"""
