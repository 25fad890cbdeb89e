"""Batches learned from more than once: what changes in a picture, what does not, and that no step is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from detector.models import checkpoint
from detector.models.base import Detector
from detector.training.data_echo import MAX_LOG_SCALE, echoed
from detector.training.fit import TrainingConfig, fit
from detector.training.loader import steps
from detector.types import Target
from tests.tiny import BarBatches, as_input, bars, tiny_model


def config(echo: int, scenes: int = 8) -> TrainingConfig:
    return TrainingConfig(minutes=None, scenes=scenes, batch_size=2, workers=0, bfloat16=False, echo=echo)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 5))
def test_each_step_has_the_batch_of_its_index(first: int, more: int, echo: int) -> None:
    class Indexed:
        def __getitem__(self, step: int) -> tuple[list[np.ndarray], list[Target]]:
            return [np.full((1, 1, 3), step, np.uint8)], [Target.empty()]

    seen = [int(images[0][0, 0, 0]) for images, _ in steps(Indexed(), first, first + more, echo, workers=0)]
    assert seen == [step // echo for step in range(first, first + more)]


def test_boxes_follow_the_picture() -> None:
    torch.manual_seed(0)
    image, target = bars(3)
    dark = target.boxes[0].astype(int)
    image[:] = 0
    image[dark[1] : dark[3], dark[0] : dark[2]] = 255
    sizes = set()
    for _ in range(20):
        (picture,), (moved,) = echoed([as_input(image)], [target])
        height, width = picture.shape[1:]
        sizes.add((height, width))
        assert abs(np.log(height / image.shape[0])) <= MAX_LOG_SCALE + 0.02
        scale = np.array([width / image.shape[1], height / image.shape[0]] * 2)
        assert moved.boxes == pytest.approx(target.boxes * scale, rel=1e-5)
        x0, y0, x1, y1 = moved.boxes[0].round().astype(int)
        inside, whole = picture[:, y0 + 1 : y1 - 1, x0 + 1 : x1 - 1].mean(), picture.mean()
        assert inside > whole + 0.2
        assert picture.min() >= 0
        assert picture.max() <= 1
        assert np.array_equal(moved.labels, target.labels)
    assert len(sizes) > 10


def test_pictures_of_different_sizes_and_without_digits() -> None:
    images = [as_input(bars(0)[0]), torch.zeros(3, 20, 30), torch.zeros(3, 1, 1)]
    pictures, targets = echoed(images, [bars(0)[1], Target.empty(), Target.empty()])
    assert [len(target) for target in targets] == [2, 0, 0]
    assert all(picture.shape[0] == 3 and picture.numel() for picture in pictures)


class Stopped(BaseException):
    """Not an error that anything in between would heed."""


def test_a_run_stopped_between_echoes_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    asked: list[Detector] = []

    def check(model: Detector) -> dict[str, float]:
        return {"AP": 0.5}

    def stop(model: Detector) -> dict[str, float]:
        asked.append(model)
        if len(asked) == 3:  # two of three steps on the first batch are saved by then
            raise Stopped
        return check(model)

    budget = replace(config(3, 10), save_every=0, validate_every=2)
    fit("faster-rcnn", tiny_model(), BarBatches(), check, budget, tmp_path / "whole")
    with pytest.raises(Stopped):
        fit("faster-rcnn", tiny_model(), BarBatches(), stop, budget, tmp_path / "parts")
    end = fit("faster-rcnn", tiny_model(5), BarBatches(), check, budget, tmp_path / "parts", resume=True)
    assert end.step == 5
    whole, parts = (checkpoint.load(tmp_path / run / "last.safetensors")[1].state_dict() for run in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
