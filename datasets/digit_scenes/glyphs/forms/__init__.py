"""Digits drawn as smooth strokes, in forms that MNIST hardly has. One file a digit: zero.py ... nine.py."""
