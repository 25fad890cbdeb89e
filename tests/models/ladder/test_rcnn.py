"""R-CNN and Fast R-CNN: empty and hostile cases, what each computes once a region, and that they learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from detector.categories import DIGITS
from detector.models import checkpoint
from detector.models.backbone import FeaturePyramid
from detector.models.boxes import batch_boxes, image_limits
from detector.models.faster_rcnn import RegionCNN
from detector.models.feature_table import in_one_table
from detector.models.ladder.rcnn import RCNN, CropAndWarp, FastRCNN, PicturePyramid, RCNNConfig
from detector.models.registry import DETECTORS
from detector.types import Target
from tests.tiny import TINY_DETECTORS, as_input, bars, tiny_detector, total

TINY = {name: TINY_DETECTORS[name] for name in ("rcnn", "fast-rcnn")}
names = pytest.mark.parametrize("name", TINY)


def tiny(name: str) -> RegionCNN:
    model = tiny_detector(name)
    assert isinstance(model, RegionCNN)
    return model


@names
def test_a_flat_picture_is_learned_from_and_read(name: str) -> None:
    """There is no region at all, and nothing to normalise by."""
    model, flat = tiny(name).train(), torch.full((3, 70, 90), 0.4)
    total(model.losses([flat, flat], [Target.empty(), Target.empty()])).backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())
    assert all(torch.isfinite(buffer).all() for buffer in model.buffers())
    assert len(model.predict([flat])[0]) == 0
    box = Target(np.array([[10, 10, 30, 40]], np.float32), np.array([3]), np.zeros(1, np.bool_))
    assert all(torch.isfinite(term) for term in model.losses([flat], [box]).values())


@names
def test_a_step_lowers_the_loss_and_a_batch_is_learned_by_heart(name: str) -> None:
    model = tiny(name).train()
    scenes = [bars(i) for i in range(2)]
    images, targets = [as_input(image) for image, _ in scenes], [target for _, target in scenes]
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    losses = []
    for _ in range(60):
        torch.manual_seed(0)  # the same samples every time
        loss = torch.stack(list(model.losses(images, targets).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[1] < losses[0]
    assert losses[-1] < losses[0] / 5
    for found, target in zip(model.predict(images), targets, strict=True):
        best = found[:2]
        order = best.boxes[:, 0].argsort()
        assert best.labels[order].tolist() == [1, 7]
        np.testing.assert_allclose(best.boxes[order], target.boxes, atol=4)


@names
def test_weights_come_back(name: str, tmp_path: Path) -> None:
    model = tiny(name).eval()
    checkpoint.save(tmp_path / "w.safetensors", name, model, {})
    back, loaded, _ = checkpoint.load(tmp_path / "w.safetensors")
    assert back == name
    assert loaded.config == TINY[name]
    image = as_input(bars(3)[0])
    torch.testing.assert_close(loaded.predict([image])[0].scores, model.predict([image])[0].scores)


def test_crops_are_those_of_sampling_the_picture() -> None:
    """torch's grid_sample on the widened box, which knows nothing of levels and rows."""
    torch.manual_seed(0)
    image, box, size = torch.rand(1, 3, 64, 80), torch.tensor([[20.0, 12.0, 44.0, 48.0]]), 16
    crop = CropAndWarp((1, 2, 4), size, 0.25)(in_one_table(PicturePyramid()(image)), batch_boxes([box]))
    x0, y0, x1, y1 = 20 - 6, 12 - 9, 44 + 6, 48 + 9
    at = (torch.arange(size) + 0.5) / size
    # 42x54 pixels are cropped from the picture halved: 16 cells to 54 pixels.
    halved = F.interpolate(image, scale_factor=0.5, mode="area")
    grid = torch.stack(torch.meshgrid((x0 + at * (x1 - x0)) / 80, (y0 + at * (y1 - y0)) / 64, indexing="xy"), -1)
    wanted = F.grid_sample(halved, 2 * grid[None] - 1, align_corners=False)
    torch.testing.assert_close(crop, wanted, atol=1e-5, rtol=0)


def test_regions_at_the_border_see_background_beyond_it() -> None:
    image = torch.ones(1, 3, 32, 32)
    corner = batch_boxes([torch.tensor([[0.0, 0.0, 16.0, 16.0]])])
    crop = CropAndWarp((1, 2, 4), 8, 0.5)(in_one_table(PicturePyramid()(image)), corner)
    assert (crop[0, :, 0] == 0).all()
    assert (crop[0, :, -1, 3:] == 1).all()


def test_r_cnn_sees_a_region_and_nothing_else() -> None:
    """Pixels outside a region's context change nothing for R-CNN, but do for Fast R-CNN."""
    pictures = torch.zeros(2, 3, 96, 96)
    pictures[:, :, 40:60, 40:50] = 2.0
    pictures[1, :, 40:60, 54:70] = 2.0
    box = torch.tensor([[40.0, 40.0, 50.0, 60.0]])
    for name, same in (("rcnn", True), ("fast-rcnn", False)):
        model = tiny(name).eval()
        with torch.no_grad():
            logits, _ = model.heads.logits_and_deltas(in_one_table(model.backbone(pictures)), batch_boxes([box, box]))
        assert torch.equal(logits[0], logits[1]) == same


def test_fast_r_cnn_has_the_backbone_of_faster_r_cnn() -> None:
    """Only the source of regions differs, and the close look: weights of heads and backbone can be exchanged."""
    fast = FastRCNN().state_dict()
    entry = DETECTORS["faster-rcnn"]
    faster = entry.build(entry.config(categories=DIGITS)).state_dict()
    assert {k: v.shape for k, v in fast.items()} == {
        k: v.shape for k, v in faster.items() if not k.startswith(("proposals.", "close_look."))
    }
    assert isinstance(FastRCNN().backbone, FeaturePyramid)
    assert not list(RCNN().backbone.parameters())


def test_no_more_regions_than_asked_for() -> None:
    config = TINY["rcnn"]
    assert isinstance(config, RCNNConfig)
    model = RCNN(replace(config, regions=3)).eval()
    pictures = torch.rand(2, 3, 64, 64)
    found, _ = model.proposals(pictures, image_limits(pictures), in_one_table(model.backbone(pictures)))
    assert torch.bincount(found.image_index).tolist() == [3, 3]
