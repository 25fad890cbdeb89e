"""The gathered RoIAlign against torchvision's kernel, values and gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.ops import roi_align

from detector.models.boxes import batch_boxes
from detector.models.feature_table import in_one_table
from detector.models.roi_align import PyramidRoIAlign, WeightedGather

STRIDES = (4, 8, 16)


def pyramid(seed: int, pictures: int = 2, channels: int = 3) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        str(s): torch.randn(pictures, channels, 128 // s, 192 // s, generator=generator, dtype=torch.float64)
        for s in STRIDES
    }


def random_boxes(seed: int, count: int) -> Tensor:
    """Of all sizes, also over the edges."""
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator, dtype=torch.float64) * 200 - 20
    size = torch.exp(torch.rand(count, 2, generator=generator, dtype=torch.float64) * 5)
    return torch.cat([corner, corner + size], 1)


def reference(pool: PyramidRoIAlign, features: dict[str, Tensor], boxes: list[Tensor]) -> Tensor:
    """One call of torchvision's roi_align for each box."""
    crops = [
        roi_align(features[str(stride)], rois[:, :], pool.size, 1 / stride, sampling_ratio=1, aligned=True)
        for picture, own in enumerate(boxes)
        for box, level in zip(own, pool.levels(own), strict=True)
        for stride in [STRIDES[int(level)]]
        for rois in [torch.cat([box.new_tensor([picture]), box])[None]]
    ]
    nothing = torch.zeros(0, 3, pool.size, pool.size, dtype=torch.float64) * sum(m.sum() for m in features.values())
    return torch.cat([*crops, nothing])


@pytest.mark.parametrize("counts", [(0, 0), (0, 3), (5, 0), (7, 9)])
def test_same_as_torchvision_in_values_and_gradients(counts: tuple[int, int]) -> None:
    pool = PyramidRoIAlign(STRIDES, 5)
    boxes = [random_boxes(i, count) for i, count in enumerate(counts)]
    results = []
    for function in (lambda f, b: pool(in_one_table(f), batch_boxes(b)), lambda f, b: reference(pool, f, b)):
        features = {name: m.requires_grad_() for name, m in pyramid(0).items()}
        crops = function(features, boxes)
        (crops * torch.linspace(-1, 2, crops.numel(), dtype=torch.float64).view_as(crops)).sum().backward()
        gradients = [torch.zeros_like(m) if m.grad is None else m.grad for m in features.values()]
        results.append((crops.detach(), *gradients))
    assert results[0][0].shape == (sum(counts), 3, 5, 5)
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_any_boxes_as_torchvision(seed: int) -> None:
    pool = PyramidRoIAlign(STRIDES, 7)
    boxes = [random_boxes(seed, 4), random_boxes(seed + 1, 4)]
    features = pyramid(seed)
    torch.testing.assert_close(pool(in_one_table(features), batch_boxes(boxes)), reference(pool, features, boxes))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_boxes_within_their_pictures_need_no_look_beyond(seed: int) -> None:
    boxes = [torch.cat([b[:, 0::2].clamp(0, 192), b[:, 1::2].clamp(0, 128)], 1)[:, [0, 2, 1, 3]]
             for b in (random_boxes(seed, 4), random_boxes(seed + 1, 4))]  # fmt: skip
    pool, features = PyramidRoIAlign(STRIDES, 7, within=True), pyramid(seed)
    torch.testing.assert_close(pool(in_one_table(features), batch_boxes(boxes)), reference(pool, features, boxes))


def test_an_exported_gather_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX knows no bags: there it is a sum of four."""
    pool, boxes = PyramidRoIAlign(STRIDES, 7), batch_boxes([random_boxes(1, 3), random_boxes(2, 4)])
    cells = in_one_table(pyramid(5))
    bags = pool(cells, boxes)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(pool(cells, boxes), bags)


def test_gather_has_the_gradient_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(6, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    index = torch.randint(6, (5, 4), generator=generator)  # some rows several times, some never
    weights = torch.rand(5, 4, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(lambda t: WeightedGather.apply(t, index, weights), (table,))


def test_level_follows_the_longer_side() -> None:
    sides = [(2, 2), (5, 55.9), (56, 10), (10, 111), (112, 112), (999, 9)]
    boxes = torch.tensor([[0.0, 0.0, width, height] for width, height in sides])
    assert PyramidRoIAlign(STRIDES, 7).levels(boxes).tolist() == [0, 0, 1, 1, 2, 2]
