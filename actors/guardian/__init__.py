"""The guardian: whether new risk may be taken.

Owns the trading state and what holds it. Closes nothing itself: exits and protection go on in every
state.
"""
