"""The parts of the live view: each turns a session's picture into lines that fit.

Owns words, columns and signs. Asks nobody anything and keeps nothing: the same picture and size,
the same lines. No colour says what no word or sign says.
"""
