"""Measures how fast scenes are drawn."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier

import cv2

from digit_scenes.presets import Scenes, get_preset

WARM_UP_SCENES = 10
"""Scenes that each process draws before the clock starts: the first one loads the digits."""


def scenes_per_second(preset: str, count: int, workers: int) -> float:
    """The rate at which `workers` processes together draw scenes of a preset, measured on `count` scenes each.

    They start at the same moment, once all have warmed up. Raises OptionError for a preset that does not exist.
    """
    get_preset(preset)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker, (context.Barrier(workers),)) as executor:
        seconds = list(executor.map(_draw, [preset] * workers, [count] * workers, range(workers)))
    return workers * count / max(seconds)


_all_ready: Barrier | None = None


def _start_worker(barrier: Barrier) -> None:
    global _all_ready
    _all_ready = barrier
    cv2.setNumThreads(1)


def _draw(preset: str, count: int, seed: int) -> float:
    """Seconds that `count` scenes took. Waiting for the others also sees to it that each process draws once."""
    scenes = Scenes(preset, "train", seed)
    for index in range(WARM_UP_SCENES):
        scenes[index]
    assert _all_ready is not None
    _all_ready.wait()
    start = time.perf_counter()
    for index in range(WARM_UP_SCENES, WARM_UP_SCENES + count):
        scenes[index]
    return time.perf_counter() - start
