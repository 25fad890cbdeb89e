"""The true boxes of a thousand random pages are put back in order without a mistake."""

from __future__ import annotations

import numpy as np
import pytest

from detector.reading.reading_order import read_lines
from detector.types import Detections
from digit_scenes import Scenes


@pytest.mark.parametrize(("preset", "pages"), [("paper", 1000), ("lines", 100), ("amounts", 100), ("strips", 100)])
def test_true_boxes_are_put_back_in_order(preset: str, pages: int) -> None:
    scenes, read, wrong, index = Scenes(preset, "test", seed=7), 0, [], -1
    while read < pages:
        index += 1
        scene = scenes[index]
        if not scene.lines:
            continue
        read += 1
        target = scene.target
        shuffled = np.random.default_rng(index).permutation(len(target))
        found = Detections(target.boxes[shuffled], target.labels[shuffled], np.ones(len(target), np.float32))
        if tuple(line.text for line in read_lines(found)) != scene.lines:
            wrong.append(index)
    assert wrong == []
