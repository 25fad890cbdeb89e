"""Reads the handwritten numbers in any picture: every digit's box, class and score, and the numbers as text.

    import detector

    page = detector.read("photo.jpg")
    print(page.text)

Each name is imported when it is first used: what needs no network does not wait for torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detector.draw import draw_page
    from detector.errors import DataError, DigitReaderError, ImageError, OptionError, TrainingError, WeightsError
    from detector.images import find_images, open_image
    from detector.models.base import Detector
    from detector.reading.loading import load, read
    from detector.reading.reader import Reader
    from detector.reading.reading_order import read_lines
    from detector.types import Cell, Detections, Digit, Line, Number, Page, Sign, Table, Target

__all__ = [
    "Cell",
    "DataError",
    "Detections",
    "Detector",
    "Digit",
    "DigitReaderError",
    "ImageError",
    "Line",
    "Number",
    "OptionError",
    "Page",
    "Reader",
    "Sign",
    "Table",
    "Target",
    "TrainingError",
    "WeightsError",
    "draw_page",
    "find_images",
    "load",
    "open_image",
    "read",
    "read_lines",
]

_HOMES = {
    "detector.models.base": ("Detector",),
    "detector.draw": ("draw_page",),
    "detector.errors": ("DataError", "DigitReaderError", "ImageError", "OptionError", "TrainingError", "WeightsError"),
    "detector.images": ("find_images", "open_image"),
    "detector.reading.loading": ("load", "read"),
    "detector.reading.reader": ("Reader",),
    "detector.reading.reading_order": ("read_lines",),
    "detector.types": ("Cell", "Detections", "Digit", "Line", "Number", "Page", "Sign", "Table", "Target"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'detector' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
