"""Observers: they get facts and make nothing trade.

Owns what people and files are told. What they are told from is the stream of recorded steps.
"""
