"""The second classifier: its crops against torchvision's kernel, and how both opinions are combined."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from detector.errors import OptionError
from detector.models.boxes import BatchBoxes, BatchDetections, BatchTargets, batch_boxes
from detector.models.close_look import (
    CROP_SCALE,
    CROP_SIDE_PX,
    MIN_CONTRAST,
    MIN_SIDE_PX,
    SAMPLES_PER_PX,
    CloseLook,
    CloseLookConfig,
    distorted,
    jittered,
    pressed,
)
from detector.models.faster_rcnn import FasterRCNN, as_batch_targets, stack
from detector.models.roi_heads import told_once
from tests.tiny import TINY, as_input, bars, tiny_model, trained_detector

SMALL = CloseLookConfig(widths=(4, 8, 8, 8), blocks=(0, 1, 0))


@pytest.fixture
def close_look() -> CloseLook:
    torch.manual_seed(0)
    return CloseLook(SMALL).eval()


def boxes(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 60
    return torch.cat([corner, corner + 3 + torch.rand(count, 2, generator=generator) * 60], 1)


def pictures(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 3, 96, 128, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_a_crop_is_the_square_around_a_box_in_units_of_its_own_contrast(seed: int) -> None:
    """Each of its pixels is the mean of four points of the picture."""
    own, where = pictures(seed), boxes(4, seed)
    crops = CloseLook(SMALL).crops(own, BatchBoxes(where, torch.tensor([0, 1, 0, 1])))
    for crop, box, picture in zip(crops, where.tolist(), (0, 1, 0, 1), strict=True):
        side = CROP_SCALE * max(box[2] - box[0], box[3] - box[1])
        x0, y0 = (box[0] + box[2] - side) / 2, (box[1] + box[3] - side) / 2
        at = (torch.arange(CROP_SIDE_PX * SAMPLES_PER_PX) + 0.5) * side / (CROP_SIDE_PX * SAMPLES_PER_PX)
        grid = torch.stack(torch.meshgrid(y0 + at - 0.5, x0 + at - 0.5, indexing="ij"))
        seen = F.avg_pool2d(looked_up(own[picture], grid), SAMPLES_PER_PX)
        expected = (seen - seen.mean()) / (seen.std(correction=0) + MIN_CONTRAST)
        torch.testing.assert_close(crop[:3], expected, atol=1e-3, rtol=1e-3)


def looked_up(picture: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Bilinear, at rows and columns (2, H, W) where 0 is the middle of the first pixel; 0 beyond the picture."""
    height, width = picture.shape[1:]
    limits = torch.tensor([height - 1.0, width - 1.0])[:, None, None]
    inside = ((grid >= -1) & (grid <= limits + 1)).all(0)
    scaled = 2 * torch.minimum(grid.clamp(min=0), limits) / limits - 1
    return F.grid_sample(picture[None], scaled.flip(0).permute(1, 2, 0)[None], align_corners=True)[0] * inside


def test_a_crop_tells_where_the_box_is(close_look: CloseLook) -> None:
    where = torch.tensor([[20.0, 10, 30, 50]])  # a square of 54 around it
    extent = close_look.crops(pictures(), batch_boxes([where]))[0, 3]
    assert extent.unique().tolist() == [-1, 1]
    assert (extent > 0).any(1).sum() == 24  # of 32 rows: 40 / 54
    assert (extent > 0).any(0).sum() == 6


@given(st.floats(0.5, 4))
@settings(deadline=None, max_examples=20)
def test_contrast_tells_next_to_nothing(contrast: float) -> None:
    look, where = CloseLook(SMALL), batch_boxes([boxes(3), boxes(2, 1)])
    torch.testing.assert_close(
        look.crops(contrast * pictures(), where), look.crops(pictures(), where), atol=0.05, rtol=0.05
    )


def test_nothing_found_is_nothing_to_look_at(close_look: CloseLook) -> None:
    nothing = batch_boxes([torch.zeros(0, 4), torch.zeros(0, 4)])
    found = BatchDetections(nothing, torch.zeros(0, dtype=torch.int64), torch.zeros(0))
    assert close_look.reconsidered(pictures(), found, torch.zeros(0, 10)).shape == (0, 10)
    none = BatchTargets(nothing, torch.zeros(0, dtype=torch.int64), nothing)
    assert close_look.losses(pictures(), none, 4)["close_look"] == 0


def test_both_opinions_count_and_no_score_grows(close_look: CloseLook) -> None:
    """A box that the detector takes for background stays as unlikely."""
    large = boxes(6) + torch.tensor([0.0, 0.0, MIN_SIDE_PX, MIN_SIDE_PX])
    where = BatchBoxes(large, torch.tensor([0, 0, 0, 1, 1, 1]))
    classes = torch.rand(6, 10, generator=torch.Generator().manual_seed(3)) / 10
    first = BatchDetections(where, classes.argmax(1), classes.max(1).values)
    found = told_once(where, close_look.reconsidered(pictures(), first, classes))
    assert (found.scores.diff() <= 0).all()
    assert found.scores.max() < classes.sum(1).max()
    with torch.no_grad():
        close_look.classes.weight.zero_()
        close_look.classes.bias.zero_()
    undecided = told_once(where, close_look.reconsidered(pictures(), first, classes))
    assert sorted(undecided.labels.tolist()) == sorted(first.labels.tolist())
    with torch.no_grad():
        close_look.classes.bias[3] = 20.0
    assert told_once(where, close_look.reconsidered(pictures(), first, classes)).labels.tolist() == [3] * 6


def test_tiny_digits_and_sure_ones_are_left_as_they_are(close_look: CloseLook) -> None:
    side = torch.tensor([MIN_SIDE_PX - 1.0, MIN_SIDE_PX + 1.0, MIN_SIDE_PX + 1.0])
    where = BatchBoxes(torch.stack([side * 0, side * 0, side / 2, side], 1), torch.tensor([0, 0, 1]))
    classes = torch.zeros(3, 10)
    classes[:, 7] = torch.tensor([0.5, 0.4, 0.95])
    first = BatchDetections(where, torch.full((3,), 7), classes[:, 7])
    with torch.no_grad():
        close_look.classes.weight.zero_()
        close_look.classes.bias.copy_(torch.eye(10)[3] * 50)
    found = told_once(where, close_look.reconsidered(pictures(), first, classes))
    classify = dict(zip(found.where.boxes[:, 3].tolist(), found.labels.tolist(), strict=True))
    assert classify[MIN_SIDE_PX - 1] == 7
    assert found.labels[found.scores > 0.9].tolist() == [7]
    assert sorted(found.labels.tolist()) == [3, 7, 7]


def test_it_learns_what_the_first_one_does_not_tell() -> None:
    model = trained_detector("faster-rcnn")
    assert isinstance(model, FasterRCNN)
    assert model.close_look is not None
    image, target = bars(7000)
    batch, _ = stack([model.prepared(as_input(image)[None])[0]], model.backbone.multiple)
    truths = as_batch_targets([target], [torch.ones(4).numpy()], len(model.categories), batch.device)
    with torch.inference_mode():
        assert model.close_look(batch, truths.where).argmax(1).tolist() == [1, 7]


def test_boxes_are_shaken_about_where_they_are() -> None:
    torch.manual_seed(0)
    where = torch.tensor([[10.0, 20, 30, 60]]).repeat(4000, 1)
    moved = jittered(where)
    torch.testing.assert_close(moved.mean(0), where[0], atol=0.2, rtol=0.02)
    assert 0.5 < (moved[:, 0]).std() < 2
    assert (moved[:, 2:] > moved[:, :2]).all()


def test_distorted_digits_are_still_there() -> None:
    torch.manual_seed(0)
    crops = torch.zeros(200, 3, CROP_SIDE_PX, CROP_SIDE_PX)
    crops[:, :, 8:24, 12:20] = 1
    bent = distorted(crops)
    assert bent.shape == crops.shape
    assert (bent.sum((1, 2, 3)) / crops.sum((1, 2, 3))).sub(1).abs().mean() < 0.3
    assert (bent - crops).abs().amax((1, 2, 3)).min() > 0.1  # no two hands alike
    usual = bent.mean(0)
    assert usual[:, 11:21, 14:18].min() > 0.7  # it is where it was
    usual[:, 4:28, 7:25] = 0
    assert usual.max() < 0.1


def test_pens_press_more_and_less_and_contrast_stays() -> None:
    """A stroke two pixels wide, dark or light, changes its width. Flat crops stay flat, and most do not change."""
    torch.manual_seed(0)
    for ink in (-1.0, 1.0):
        crops = torch.zeros(600, 1, 16, 16)
        crops[:, :, :, 7:9] = ink
        changed = pressed(crops)
        amount = (changed.sum((1, 2, 3)) / crops.sum((1, 2, 3))).round(decimals=3)
        assert amount.max() > 1.8, "thicker"
        assert amount.min() < 0.2, "thinner"
        assert 0.3 < ((changed == crops).all((1, 2, 3))).float().mean() < 0.5
        assert changed.abs().max() <= 1
    torch.testing.assert_close(pressed(torch.full((50, 3, 8, 8), 0.3)), torch.full((50, 3, 8, 8), 0.3))
    assert pressed(torch.zeros(0, 3, 8, 8)).shape == (0, 3, 8, 8)


def test_only_the_close_look_learns_when_asked() -> None:
    model = tiny_model()
    model.learn_only("close-look")
    image, target = bars(1)
    losses = model.losses([as_input(image)], [target])
    assert list(losses) == ["close_look"]
    losses["close_look"].backward()
    learning = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
    assert learning == {"close_look"}


def test_there_is_one_or_none() -> None:
    without = FasterRCNN(replace(TINY, close_widths=()))
    assert without.close_look is None
    with pytest.raises(OptionError, match="close-look"):
        without.learn_only("close-look")
    with pytest.raises(OptionError, match="nms_per_class"):
        replace(TINY, nms_per_class=True)
