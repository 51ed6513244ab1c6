"""What people see in a terminal: the live view, its panels, its words, and errors in one line.

Owns words, columns and signs, and streams that never block. The same picture and size give the same
lines. No colour says anything that no word or sign says.
"""
