"""What is Faster R-CNN's own: small pictures, one digit a piece of ink, a second look. See also test_detectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import TINY, as_input, bars, tiny_model, trained_detector

from detector.faster_rcnn import FasterRCNN, padded, stack
from detector.roi_heads import without_parts


@pytest.fixture
def trained() -> FasterRCNN:
    model = trained_detector("faster-rcnn")
    assert isinstance(model, FasterRCNN)
    return model


def test_a_small_picture_is_answered_in_its_own_pixels(trained: FasterRCNN) -> None:
    """Shrunk to a shorter side of 32, which the detector enlarges again."""
    image, target = bars(9000)
    small = torch.nn.functional.interpolate(as_input(image)[None], scale_factor=0.5, mode="area")[0]
    assert trained.prepare(small).shape == (3, 64, 96)
    found = trained.predict([small])[0]
    sure = found[found.scores > 0.5]
    np.testing.assert_allclose(sure.boxes[sure.boxes[:, 0].argsort()], target.boxes / 2, atol=3)


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
