"""The matching engine: a venue's books, and what a request or a move of the market does to them.

Pure: ``engine.step`` decides, ``state.MatchingBook`` holds the entities and applies the changes.
"""
