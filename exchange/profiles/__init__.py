"""What each exchange really does on spot, and how an order is written for it.

Owns one profile per exchange: capabilities, the form of its client order ids, the parameters an
order may carry, the meaning of its error codes. Pure: knows ccxt's names, never ccxt itself, no
connection and no clock. Every claim here is asserted on a request captured from ccxt.
"""
