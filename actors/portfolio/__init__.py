"""The portfolio: cash and coins per currency, reservations, and who may open a position.

Owns the accounts, what each position has booked, and the limits. Places no order and knows no
price; the valuation in ``valuation.py`` is for people only.
"""
