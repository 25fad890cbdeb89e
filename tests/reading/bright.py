"""A detector in ONNX form that finds what is bright, and what it should find by NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from detector.images import Picture
from detector.types import Detections

# One digit for each picture that has a bright pixel: its box is around them all, the brightest tells which it is.
GRAPH = """
<ir_version: 10, opset_import: ["": 18]>
bright (uint8[B, H, W, 3] pictures) => (float[N, 4] boxes, int64[N] labels, float[N] scores, int64[N] picture)
<int64[1] one = {1}, int64[1] two = {2}, int64[1] last = {-1}, float dark = {100}, float ten = {10}, float full = {255}>
{
    pixels = Cast <to = 1> (pictures)
    grey = ReduceMax <keepdims = 0> (pixels, last)
    brightest_of_rows = ReduceMax <keepdims = 0> (grey, two)
    brightest = ReduceMax <keepdims = 0> (brightest_of_rows, one)
    light = Greater (grey, dark)
    ink = Cast <to = 6> (light)
    rows = ReduceMax <keepdims = 0> (ink, two)
    columns = ReduceMax <keepdims = 0> (ink, one)
    x0 = ArgMax <axis = 1> (columns)
    y0 = ArgMax <axis = 1> (rows)
    x_last = ArgMax <axis = 1, select_last_index = 1> (columns)
    y_last = ArgMax <axis = 1, select_last_index = 1> (rows)
    x1 = Add (x_last, one)
    y1 = Add (y_last, one)
    sides = Concat <axis = 1> (x0, y0, x1, y1)
    sides_as_float = Cast <to = 1> (sides)
    found = Greater (brightest, dark)
    found_at = NonZero (found)
    picture = Reshape (found_at, last)
    boxes = Gather (sides_as_float, picture)
    values = Gather (brightest, picture)
    ones = Mod <fmod = 1> (values, ten)
    labels = Cast <to = 7> (ones)
    scores = Div (values, full)
}
"""
METADATA = {"format": "digit-reader 1", "model": "faster-rcnn", "config": "{}", "whole_picture": "0"}


def write(path: Path, graph: str = GRAPH, **metadata: str) -> Path:
    model = onnx.parser.parse_model(graph)
    onnx.helper.set_model_props(model, METADATA | metadata)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def picture(height: int, width: int, box: tuple[int, int, int, int] | None = None, value: int = 207) -> Picture:
    image = np.zeros((height, width, 3), np.uint8)
    if box:
        image[box[1] : box[3], box[0] : box[2]] = value
    return image


def bright(image: Picture) -> Detections:
    """What the graph finds, by NumPy."""
    grey = image.max(2)
    y, x = np.nonzero(grey > 100)
    if not len(x):
        return Detections.empty()
    box = np.array([[x.min(), y.min(), x.max() + 1, y.max() + 1]], np.float32)
    return Detections(box, np.array([grey.max() % 10], np.int64), np.array([grey.max() / 255], np.float32))


def assert_same(found: Detections, expected: Detections) -> None:
    assert found.boxes.tolist() == expected.boxes.tolist()
    assert found.labels.tolist() == expected.labels.tolist()
    assert found.scores.tolist() == expected.scores.tolist()
