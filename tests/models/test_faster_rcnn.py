"""Faster R-CNN: small pictures, one digit for a piece of ink, a second look. See also test_detectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.models.boxes import BatchTargets, batch_boxes
from detector.models.faster_rcnn import FasterRCNN, padded, stack
from detector.models.roi_heads import SUPPRESSION_ROUNDS, without_contained
from tests.tiny import TINY, as_input, bars, tiny_model, trained_detector


@pytest.fixture
def trained() -> FasterRCNN:
    model = trained_detector("faster-rcnn")
    assert isinstance(model, FasterRCNN)
    return model


def test_a_small_picture_is_answered_in_its_own_pixels(trained: FasterRCNN) -> None:
    """Shrunk to a shorter side of 32, which the detector enlarges again."""
    image, target = bars(9000)
    small = torch.nn.functional.interpolate(as_input(image)[None], scale_factor=0.5, mode="area")[0]
    assert trained.prepared(small[None]).shape == (1, 3, 64, 96)
    found = trained.predict([small])[0]
    sure = found[found.scores > 0.5]
    np.testing.assert_allclose(sure.boxes[sure.boxes[:, 0].argsort()], target.boxes / 2, atol=3)


def test_one_piece_of_ink_is_one_digit_unless_asked_per_class() -> None:
    """Two proposals on the same ink, of which one looks like a 1 and the other like a 7."""
    proposals = batch_boxes([torch.tensor([[10.0, 10, 30, 40], [10, 10, 30, 41]])])
    logits = torch.full((2, 11), -5.0)
    logits[0, 2], logits[1, 8] = 5, 4
    deltas = torch.zeros(2, 4)
    for per_class, labels in ((False, [1]), (True, [1, 7])):
        heads = FasterRCNN(replace(TINY, nms_per_class=per_class, close_widths=())).heads
        limits = torch.full((1, 4), 64.0)
        found, classes = heads.candidates(logits, deltas, proposals, limits)
        chosen = heads.postprocess(found, limits)
        assert found.labels[chosen].tolist() == labels
        torch.testing.assert_close(classes[chosen, found.labels[chosen]], found.scores[chosen])


def test_proposals_on_ignored_digits_are_not_background() -> None:
    heads = tiny_model().heads
    boxes = torch.tensor([[0.0, 0, 20, 20], [100, 100, 120, 120], [1, 1, 21, 21], [50, 50, 70, 70]])
    truths = BatchTargets(batch_boxes([boxes[3:]]), torch.tensor([4]), batch_boxes([torch.tensor([[0.0, 0, 22, 22]])]))
    chosen, labels, matched = heads.sample(batch_boxes([boxes]), truths, 1)
    assert sorted(zip(chosen.boxes[:, 0].tolist(), labels.tolist(), strict=True)) == [(50.0, 5), (50.0, 5), (100.0, 0)]
    assert (matched[labels > 0] == boxes[3]).all()


def test_each_picture_is_learned_from_as_far_as_there_are_proposals() -> None:
    """Half of a picture's samples are digits if there are so many; a picture without any is all background."""
    heads = tiny_model().heads  # 32 samples
    grid = torch.cartesian_prod(torch.arange(10.0), torch.arange(10.0)) * 30  # far from each other
    places = torch.cat([grid, grid + 20], 1)
    proposals = batch_boxes([places, places, places[:7]])
    truths = BatchTargets(
        batch_boxes([places[:40], torch.zeros(0, 4), places[:2]]),
        torch.full((42,), 3),
        batch_boxes([torch.zeros(0, 4)] * 3),
    )
    chosen, labels, matched = heads.sample(proposals, truths, 3)
    for picture, digits, background in ((0, 16, 16), (1, 0, 32), (2, 4, 5)):
        own = labels[chosen.image_index == picture]
        assert (int((own > 0).sum()), int((own == 0).sum())) == (digits, background)
    assert torch.equal(matched[labels > 0], chosen.boxes[labels > 0])
    assert (
        len(set(zip(chosen.image_index.tolist(), map(tuple, chosen.boxes.tolist()), strict=True))) >= len(labels) - 18
    )


def test_several_sizes_learn_as_one_batch() -> None:
    model = tiny_model().train()
    pictures = [as_input(image) for image, _ in (bars(1, 64, 96), bars(2, 80, 128))]
    losses = model.losses(pictures, [bars(1, 64, 96)[1], bars(2, 80, 128)[1]])
    assert set(losses) == {"objectness", "proposal_boxes", "classes", "boxes", "close_look"}
    assert all(torch.isfinite(term) and term > 0 for term in losses.values())


def test_padding_is_the_picture_s_own_background() -> None:
    model = tiny_model()
    pictures = [
        model.prepared(torch.full((1, 3, *size), value))[0] for size, value in (((70, 70), 0.9), ((64, 100), 0.1))
    ]
    batch, limits = stack(pictures, 16)
    assert batch.shape == (2, 3, 80, 112)
    assert limits.tolist() == [[70, 70, 70, 70], [100, 64, 100, 64]]
    assert not batch.any()
    assert padded(pictures[0][None], 16).shape == (1, 3, 80, 80)


def test_room_for_a_gpu_changes_neither_pictures_nor_limits() -> None:
    """Roomy batches have few sizes, whatever those of their images."""
    shapes = set()
    for height in range(30, 400, 23):
        pictures = [torch.rand(3, height, height + 50), torch.rand(3, height // 2, 40)]
        batch, limits = stack(pictures, 16, roomy=True)
        tight, same = stack(pictures, 16)
        assert torch.equal(batch[:, :, : tight.shape[2], : tight.shape[3]], tight)
        assert batch.sum() == pytest.approx(float(tight.sum()), rel=1e-5)
        assert torch.equal(limits, same)
        shapes.add(batch.shape[2:])
    assert len(shapes) <= 8
    assert stack([torch.zeros(3, 64, 129)], 16, roomy=True)[0].shape == (1, 3, 64, 256)


def test_a_second_look_keeps_what_was_found(trained: FasterRCNN) -> None:
    """On bars it has learned, it finds the same digits, with boxes at least as near to the truth."""
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
    assert without_contained(boxes, 0.7).tolist() == [True, False, True, True, False]
    assert without_contained(boxes, 1.0).all()
    assert without_contained(torch.zeros(0, 4), 0.7).tolist() == []


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(0, 25))
def test_all_at_once_are_judged_as_one_by_one(seed: int, count: int) -> None:
    """Against the plain rule: a box is dropped if a better one that is kept contains it."""
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 30
    boxes = torch.cat([corner, corner + 20 + torch.rand(count, 2, generator=generator) * 15], 1)
    kept: list[int] = []
    rows = 0  # of boxes of which each depends on the verdict on the one before
    depth: list[int] = []
    for i in range(count):
        against = [j for j in range(i) if not without_contained(boxes[[j, i]], 0.7)[1]]
        depth.append(1 + max((depth[j] for j in against), default=0))
        rows = max(rows, depth[-1])
        if not set(against) & set(kept):
            kept.append(i)
    if rows <= SUPPRESSION_ROUNDS + 1:
        assert without_contained(boxes, 0.7).nonzero()[:, 0].tolist() == kept
