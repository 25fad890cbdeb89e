"""Operations on the boxes of a whole batch, against torchvision's functions image by image."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops import box_area, box_iou, clip_boxes_to_image, nms

from detector.models import boxes as ours
from detector.models.boxes import BatchBoxes, batch_boxes


def random_boxes(seed: int, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 90 - 5
    return torch.cat([corner, corner + torch.rand(count, 2, generator=generator) * 40 + 1], 1)


COUNTS = st.lists(st.integers(0, 6), min_size=1, max_size=4)


@settings(deadline=None, max_examples=40)
@given(COUNTS, st.integers(0, 10_000))
def test_a_batch_is_its_pictures(counts: list[int], seed: int) -> None:
    """Clipping, suppression and overlaps of all pictures together are those of each on its own."""
    own = [random_boxes(seed + i, count) for i, count in enumerate(counts)]
    found = batch_boxes(own)
    limits = torch.tensor([[60.0 + i, 80, 60 + i, 80] for i in range(len(counts))])
    clipped = ours.clip(found, limits)
    expected = [clip_boxes_to_image(boxes, (80, 60 + i)) for i, boxes in enumerate(own)]
    assert torch.equal(clipped.boxes, torch.cat(expected))

    scores = torch.rand(len(found.boxes), generator=torch.Generator().manual_seed(seed))
    kept = ours.nms_per_image(clipped, scores, limits, 0.4)
    assert torch.equal(scores[kept], scores[kept].sort(descending=True).values)
    for i, boxes in enumerate(expected):
        mine = (found.image_index == i).nonzero()[:, 0]
        assert set(kept[found.image_index[kept] == i].tolist()) == set(mine[nms(boxes, scores[mine], 0.4)].tolist())

    overlap = ours.iou_matrix(found, found)
    for i, boxes in enumerate(own):
        mine = found.image_index == i
        torch.testing.assert_close(overlap[mine][:, mine], box_iou(boxes, boxes))
        assert not overlap[mine][:, ~mine].any()


@pytest.mark.parametrize("suppress", [ours.nms_per_row, ours.nms_per_row_at_once])
@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.integers(0, 40), st.integers(0, 10_000), st.sampled_from([0.1, 0.4, 0.7]))
def test_rows_are_suppressed_each_on_its_own(
    suppress: Callable[[Tensor, float], Tensor], rows: int, count: int, seed: int, overlap: float
) -> None:
    boxes = torch.stack([random_boxes(seed + row, count) for row in range(rows)])
    kept = suppress(boxes, overlap)
    assert kept.shape == (rows, count)
    for own, row in zip(kept, boxes, strict=True):
        assert set(own.nonzero()[:, 0].tolist()) == set(nms(row, torch.linspace(1, 0, count), overlap).tolist())


def test_a_long_row_of_boxes_each_a_double_of_the_next() -> None:
    """Every second box stays, however long the row: a box that is removed removes no other."""
    boxes = torch.tensor([[2.0 * i, 0, 2.0 * i + 10, 10] for i in range(30)])[None]
    alternating = [i % 2 == 0 for i in range(30)]
    assert ours.nms_per_row_at_once(boxes, 0.6)[0].tolist() == ours.nms_per_row(boxes, 0.6)[0].tolist() == alternating


@pytest.mark.parametrize("count", [0, 1, 50])
def test_deltas_are_torchvision_s_and_reversible(count: int) -> None:
    anchors, boxes = random_boxes(1, count), random_boxes(2, count)
    coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
    deltas = ours.encode(boxes, anchors)
    torch.testing.assert_close(deltas, coder.encode_single(boxes, anchors))
    torch.testing.assert_close(ours.decode(deltas, anchors), boxes, atol=1e-4, rtol=1e-4)
    wild = torch.randn(count, 4, generator=torch.Generator().manual_seed(0)) * 9
    torch.testing.assert_close(ours.decode(wild, anchors), coder.decode_single(wild, anchors))


def test_areas_and_sides() -> None:
    boxes = random_boxes(3, 20)
    torch.testing.assert_close(ours.areas(boxes), box_area(boxes))
    sides = boxes[:, 2:] - boxes[:, :2]
    assert torch.equal(ours.sides_of(boxes), sides)
    assert torch.equal(ours.shorter_sides(boxes), sides.amin(1, keepdim=True))
    assert torch.equal(ours.longer_sides(boxes), sides.amax(1, keepdim=True))
    assert ours.shorter_sides(boxes[:0]).shape == (0, 1)


def test_clipped_to_the_limits_of_each_picture_or_of_all() -> None:
    found = batch_boxes([torch.tensor([[-3.0, 2.0, 50.0, 9.0]]), torch.tensor([[1.0, -2.0, 8.0, 70.0]])])
    each = ours.clip(found, torch.tensor([[40.0, 30, 40, 30], [60.0, 50, 60, 50]]))
    assert each.boxes.tolist() == [[0, 2, 40, 9], [1, 0, 8, 50]]
    all_alike = ours.clip(found, ours.image_limits(torch.zeros(2, 3, 20, 45)))
    assert all_alike.boxes.tolist() == [[0, 2, 45, 9], [1, 0, 8, 20]]


def test_on_any_is_measured_by_the_box_itself_and_within_its_picture() -> None:
    found = batch_boxes(
        [torch.tensor([[0.0, 0.0, 10.0, 10.0], [8.0, 8.0, 18.0, 18.0]]), torch.tensor([[0.0, 0, 10, 10]])]
    )
    large = torch.tensor([[-100.0, -100.0, 11.0, 12.0]])
    nothing = torch.zeros(0, 4)
    assert ours.mostly_on_any(found, batch_boxes([large, nothing]), 0.5).tolist() == [True, False, False]
    assert ours.mostly_on_any(found, batch_boxes([nothing, large]), 0.5).tolist() == [False, False, True]
    assert ours.mostly_on_any(found, batch_boxes([nothing, nothing]), 0.5).tolist() == [False] * 3


def test_numbers_pick_boxes_with_their_pictures() -> None:
    found = BatchBoxes(random_boxes(4, 3), torch.tensor([0, 0, 2]))
    picked = found.at(torch.tensor([2, 0]))
    assert picked.image_index.tolist() == [2, 0]
    assert torch.equal(picked.boxes, found.boxes[[2, 0]])
    assert found.at(torch.zeros(0, dtype=torch.int64)).boxes.shape == (0, 4)


def test_groups_are_apart_and_keep_their_shapes() -> None:
    found = batch_boxes([random_boxes(1, 4).clamp(0, 60), random_boxes(2, 3).clamp(0, 60)])
    limits = torch.tensor([[60.0, 60, 60, 60], [60, 60, 60, 60]])
    places = ours.offset_by_group(found, found.image_index, limits)
    torch.testing.assert_close(places[:, 2:] - places[:, :2], found.boxes[:, 2:] - found.boxes[:, :2])
    assert not ours.intersection(places[:4, None], places[4:]).any()


def test_small_tables_and_quotients() -> None:
    device = torch.device("cpu")
    assert ours.int_table([(1, 2), (3, 4), (5, 6)], device).tolist() == [[1, 2], [3, 4], [5, 6]]


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**24 - 1), st.integers(1, 2**14))
def test_quotients_are_exact(number: int, by: int) -> None:
    """Also right below a multiple, where a quotient that is rounded up would be one too many."""
    numbers = torch.tensor([number, number - number % by, max(number - number % by - 1, 0)])
    assert torch.equal(ours.floor_divide(numbers.float(), by).long(), numbers // by)
    assert torch.equal(ours.floor_divide(numbers.float(), torch.tensor(float(by))).long(), numbers // by)
