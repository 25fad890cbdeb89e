"""Turn pictures and boxes by right angles. NumPy only.

Degrees are 0, 90, 180 or 270 everywhere, clockwise as one looks at the picture.
"""

from __future__ import annotations

import numpy as np

from detector.types import RIGHT_ANGLES_DEG, FloatArray


def turned_picture(picture: np.ndarray, degrees: int) -> np.ndarray:
    """A picture (H, W) or (H, W, 3) turned, its pixels contiguous. By 0 degrees it is the very same array."""
    return np.ascontiguousarray(np.rot90(picture, -(degrees // 90))) if degrees else picture


def turned_boxes(boxes: np.ndarray, degrees: int, width: int = 0, height: int = 0) -> FloatArray:
    """Boxes (N, 4) of a picture width x height, in pixels of that picture turned. By 0 degrees it is the same array.

    Without a size they turn about the origin. That is exact, and enough where only directions matter.
    Raises ValueError for any other angle.
    """
    x0, y0, x1, y1 = boxes.T
    if degrees == 0:
        return boxes
    if degrees == 90:
        sides = (height - y1, x0, height - y0, x1)
    elif degrees == 180:
        sides = (width - x1, height - y1, width - x0, height - y0)
    elif degrees == 270:
        sides = (y0, width - x1, y1, width - x0)
    else:
        raise ValueError(f"degrees: expected one of {RIGHT_ANGLES_DEG}, got {degrees}")
    return np.stack(sides, axis=1)
