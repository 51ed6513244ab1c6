"""pykka's actors on a shared dispatcher: mailboxes, dispatchers, clocks, supervision.

Owns how messages travel, when actors run and what happens when one fails. Knows nothing of trading.
"""
