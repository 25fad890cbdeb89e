"""The detector as a whole: empty and hostile cases, what it learns, answers in the picture's own pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import TINY, as_input, bars, tiny_model

from detector.faster_rcnn import FasterRCNN, padded, stack
from detector.roi_heads import without_parts
from detector.types import Detections, Target


@pytest.fixture(scope="module")
def trained() -> FasterRCNN:
    """A tiny detector that has seen bars for some seconds."""
    torch.manual_seed(0)
    model = tiny_model().train()
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    for step in range(80):
        scenes = [bars(step * 4 + i) for i in range(4)]
        loss = sum(model.losses([as_input(image) for image, _ in scenes], [target for _, target in scenes]).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def test_nothing_in_nothing_out() -> None:
    assert tiny_model().predict([]) == []
    assert tiny_model().losses([], []) == {}


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (16, 16), (28, 140), (65, 63)])
def test_any_size_and_a_target_without_boxes(size: tuple[int, int]) -> None:
    model = tiny_model()
    images = [torch.rand(3, *size), torch.rand(3, 40, 50)]
    losses = model.losses(images, [Target.empty(), Target.empty()])
    assert all(torch.isfinite(term) for term in losses.values())
    sum(losses.values()).backward()
    assert losses["boxes"].item() == losses["proposal_boxes"].item() == 0
    for found, image in zip(model.predict(images), images, strict=True):
        assert (found.boxes >= 0).all()
        assert (found.boxes[:, 2:] <= [image.shape[2], image.shape[1]]).all()


def test_a_flat_picture_yields_no_detection(trained: FasterRCNN) -> None:
    found = trained.predict([torch.full((3, 64, 96), 0.4)])[0]
    assert isinstance(found, Detections)
    assert (found.scores < 0.5).all()


def test_losses_fall_and_bars_are_found(trained: FasterRCNN) -> None:
    torch.manual_seed(0)
    scenes = [bars(9000 + i) for i in range(4)]
    images, targets = [as_input(image) for image, _ in scenes], [target for _, target in scenes]
    before = sum(term.item() for term in tiny_model().losses(images, targets).values())
    assert sum(term.item() for term in trained.losses(images, targets).values()) < before / 2
    for found, target in zip(trained.predict(images), targets, strict=True):
        sure = found[found.scores > 0.5]
        order = sure.boxes[:, 0].argsort()
        assert sure.labels[order].tolist() == [1, 7]
        np.testing.assert_allclose(sure.boxes[order], target.boxes, atol=4)


def test_a_small_picture_is_answered_in_its_own_pixels(trained: FasterRCNN) -> None:
    """Shrunk to a shorter side of 32, which the detector enlarges again."""
    image, target = bars(9000)
    small = torch.nn.functional.interpolate(as_input(image)[None], scale_factor=0.5, mode="area")[0]
    assert trained.prepare(small).shape == (3, 64, 96)
    found = trained.predict([small])[0]
    sure = found[found.scores > 0.5]
    np.testing.assert_allclose(sure.boxes[sure.boxes[:, 0].argsort()], target.boxes / 2, atol=3)


def test_company_changes_no_answer(trained: FasterRCNN) -> None:
    images = [as_input(bars(i, height, width)[0]) for i, (height, width) in enumerate([(64, 96), (80, 100), (64, 96)])]
    for together, alone in zip(trained.predict(images), (trained.predict([image])[0] for image in images), strict=True):
        assert len(together)
        np.testing.assert_array_equal(together.labels, alone.labels)
        np.testing.assert_allclose(together.boxes, alone.boxes, atol=1e-3)
        np.testing.assert_allclose(together.scores, alone.scores, atol=1e-4)


def test_scores_fall_and_stay_above_the_threshold(trained: FasterRCNN) -> None:
    found = trained.predict([as_input(bars(1)[0])])[0]
    assert (np.diff(found.scores) <= 0).all()
    assert (found.scores >= TINY.score_threshold).all()


def test_predict_leaves_the_mode_as_it_was() -> None:
    model = tiny_model().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.predict([torch.rand(3, 64, 64)])
    assert model.training
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[name])


def test_one_piece_of_ink_is_one_digit_unless_asked_per_class() -> None:
    """Two proposals on the same ink, of which one looks like a 1 and the other like a 7."""
    proposals = [torch.tensor([[10.0, 10, 30, 40], [10, 10, 30, 41]])]
    logits = torch.full((2, 11), -5.0)
    logits[0, 2], logits[1, 8] = 5, 4
    deltas = torch.zeros(2, 4)
    for per_class, labels in ((False, [1]), (True, [1, 7])):
        heads = FasterRCNN(replace(TINY, nms_per_class=per_class)).heads
        found = heads.digits(logits, deltas, proposals, [(64, 64)])[0]
        assert found["labels"].tolist() == labels


def test_proposals_on_ignored_digits_are_not_background() -> None:
    heads = tiny_model().heads
    boxes = torch.tensor([[0.0, 0, 20, 20], [100, 100, 120, 120], [1, 1, 21, 21], [50, 50, 70, 70]])
    target = {"boxes": boxes[3:], "labels": torch.tensor([4]), "ignored": torch.tensor([[0.0, 0, 22, 22]])}
    chosen, labels, truths = heads.sample(boxes, target)
    assert sorted(zip(chosen[:, 0].tolist(), labels.tolist(), strict=True)) == [(50.0, 5), (50.0, 5), (100.0, 0)]
    assert (truths[labels > 0] == boxes[3]).all()


def test_padding_is_the_picture_s_own_background() -> None:
    model = tiny_model()
    pictures = [model.prepare(torch.full((3, 70, 70), 0.9)), model.prepare(torch.full((3, 64, 100), 0.1))]
    batch = stack(pictures)
    assert batch.tensors.shape == (2, 3, 80, 112)
    assert batch.image_sizes == [(70, 70), (64, 100)]
    assert not batch.tensors.any()
    assert padded(pictures[0]) == (80, 80)


def test_a_second_look_keeps_what_was_found(trained: FasterRCNN) -> None:
    """On bars it knows, it finds the same digits with boxes at least as near to the truth."""
    once = FasterRCNN(replace(TINY, second_look=False)).eval()
    once.load_state_dict(trained.state_dict())
    errors = []
    for model in (once, trained):
        image, target = bars(900)
        found = model.predict([as_input(image)])[0]
        found = found[found.scores > 0.5]
        assert sorted(found.labels.tolist()) == [1, 7]
        order = np.argsort(found.labels)
        errors.append(np.abs(found.boxes[order] - target.boxes).mean())
    assert errors[1] < errors[0] + 0.5


def test_parts_of_a_digit_as_high_as_itself_are_not_digits() -> None:
    boxes = torch.tensor([[0.0, 0, 30, 100], [2, 10, 11, 90], [5, 55, 25, 95], [200, 0, 230, 100], [2, 5, 12, 95]])
    groups = torch.zeros(5)
    assert without_parts(boxes, groups, 0.7).tolist() == [True, False, True, True, False]
    assert without_parts(boxes, torch.tensor([0, 1, 0, 0, 1]), 0.7).tolist() == [True, True, True, True, False]
    assert without_parts(boxes, groups, 1.0).all()
    assert without_parts(torch.zeros(0, 4), torch.zeros(0), 0.7).tolist() == []
