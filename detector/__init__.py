"""Reads the handwritten numbers in any picture: every digit's box, class and score, and the numbers as text."""

from detector.types import Detections, Target

__all__ = ["Detections", "Target"]
