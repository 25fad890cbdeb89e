"""Digits by source: MNIST, fonts and drawn forms."""
