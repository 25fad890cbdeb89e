"""What every detector of boxes does: empty and hostile cases, learning, boxes in the image's own pixels."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch

from detector.categories import DIGITS
from detector.models import checkpoint
from detector.models.base import Detector, rebuilt
from detector.models.faster_rcnn import FasterRCNNConfig
from detector.models.sliding_window import SlidingWindowConfig
from detector.types import Detections, Target
from tests.tiny import STEPS, TINY_DETECTORS, as_input, bars, tiny_detector, total, trained_detector

names = pytest.mark.parametrize("name", TINY_DETECTORS)


@pytest.fixture(params=STEPS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def trained(name: str) -> Detector:
    return trained_detector(name)


@names
def test_nothing_in_nothing_out(name: str) -> None:
    assert tiny_detector(name).predict([]) == []
    assert tiny_detector(name).losses([], []) == {}


@names
@pytest.mark.parametrize("size", [(1, 1), (1, 700), (16, 16), (28, 140), (65, 63)])
def test_any_size_and_a_target_without_boxes(name: str, size: tuple[int, int]) -> None:
    model = tiny_detector(name).train()
    images = [torch.rand(3, *size), torch.rand(3, 40, 50)]
    losses = model.losses(images, [Target.empty(), Target.empty()])
    assert all(torch.isfinite(term) for term in losses.values())
    total(losses).backward()
    assert losses["boxes"].item() == 0
    for found, image in zip(model.predict(images), images, strict=True):
        assert (found.boxes >= 0).all()
        assert (found.boxes[:, 2:] <= [image.shape[2], image.shape[1]]).all()


@names
def test_signs_are_nothing_to_a_detector_of_digits(name: str) -> None:
    """Neither its losses nor what it finds know of them."""
    model = checkpoint.with_categories(tiny_detector(name), DIGITS).train()
    image, target = bars(0)
    boxes = np.array([[1, 1, 12, 14], [70, 40, 90, 60]], np.float32)
    with_signs = Target(
        np.concatenate([boxes, target.boxes]), np.array([10, 25, 1, 7]), np.array([False, True, False, False]), boxes
    )
    losses = []
    for truth in (target, with_signs):
        torch.manual_seed(0)
        losses.append({term: loss.item() for term, loss in model.losses([as_input(image)], [truth]).items()})
    assert losses[0] == pytest.approx(losses[1])
    assert model.categories == DIGITS
    assert all(found.labels.max(initial=0) < len(DIGITS) for found in model.predict([as_input(image)]))


@names
def test_predict_leaves_the_model_as_it_was(name: str) -> None:
    model = tiny_detector(name).train()
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    model.predict([torch.rand(3, 64, 64)])
    assert model.training
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[key])


def test_a_flat_picture_yields_no_detection(trained: Detector) -> None:
    found = trained.predict([torch.full((3, 64, 96), 0.4)])[0]
    assert isinstance(found, Detections)
    assert (found.scores < 0.5).all()


def test_losses_fall_and_bars_are_found(name: str, trained: Detector) -> None:
    scenes = [bars(9000 + i) for i in range(4)]
    images, targets = [as_input(image) for image, _ in scenes], [target for _, target in scenes]

    def loss(model: Detector) -> float:
        torch.manual_seed(0)
        return sum(term.item() for term in model.losses(images, targets).values())

    assert loss(trained) < loss(tiny_detector(name)) / 2
    for found, target in zip(trained.predict(images), targets, strict=True):
        sure = found[found.scores > 0.5]
        order = sure.boxes[:, 0].argsort()
        assert sure.labels[order].tolist() == [1, 7]
        np.testing.assert_allclose(sure.boxes[order], target.boxes, atol=5)


def test_company_changes_no_answer(trained: Detector) -> None:
    images = [as_input(bars(i, height, width)[0]) for i, (height, width) in enumerate([(64, 96), (80, 100), (64, 96)])]
    for together, alone in zip(trained.predict(images), (trained.predict([image])[0] for image in images), strict=True):
        assert len(together)
        np.testing.assert_array_equal(together.labels, alone.labels)
        np.testing.assert_allclose(together.boxes, alone.boxes, atol=1e-3)
        np.testing.assert_allclose(together.scores, alone.scores, atol=1e-4)


def test_scores_fall_and_stay_above_the_threshold(name: str, trained: Detector) -> None:
    found = trained.predict([as_input(bars(1)[0])])[0]
    assert (np.diff(found.scores) <= 0).all()
    config = trained.config
    assert isinstance(config, FasterRCNNConfig | SlidingWindowConfig)
    assert (found.scores >= config.score_threshold).all()


def test_a_detector_is_rebuilt_with_another_setting(trained: Detector) -> None:
    image = as_input(bars(1)[0])
    before = trained.predict([image])[0]
    threshold = float(np.median(before.scores))
    torch.manual_seed(0)
    first = torch.rand(1)
    torch.manual_seed(0)
    other = rebuilt(trained, score_threshold=threshold)
    assert torch.equal(torch.rand(1), first)  # nothing was drawn from the generator that training draws from
    assert asdict(other.config) == asdict(trained.config) | {"score_threshold": threshold}
    assert (type(other), other.name, other.training) == (type(trained), trained.name, trained.training)
    after = other.predict([image])[0]
    assert 0 < len(after) < len(before)
    assert (after.scores > threshold).all()
    again = trained.predict([image])[0]
    np.testing.assert_array_equal(again.boxes, before.boxes)
    with pytest.raises(TypeError):
        rebuilt(trained, wheels=4)
