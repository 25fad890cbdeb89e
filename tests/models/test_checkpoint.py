"""Weights files: what is saved comes back, and everything else is one clear sentence."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from detector.categories import DIGITS
from detector.errors import OptionError, WeightsError
from detector.models import checkpoint
from detector.models.backbone import ResidualBlock
from detector.models.base import Detector
from detector.models.faster_rcnn import FasterRCNN
from tests.tiny import TINY, bars, tiny_detector, tiny_model, trained_detector


def test_round_trip(tmp_path: Path) -> None:
    model = tiny_model(3).eval()
    checkpoint.save(tmp_path / "w.safetensors", "faster-rcnn", model, {"scenes": 7})
    name, loaded, extra = checkpoint.load(tmp_path / "w.safetensors")
    assert (name, extra) == ("faster-rcnn", {"scenes": 7})
    assert loaded.config == TINY
    assert not loaded.training
    for key, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], tensor)
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


def test_half_storage_is_smaller_and_loads_as_float32(tmp_path: Path) -> None:
    model = tiny_model()
    for half in (False, True):
        checkpoint.save(tmp_path / f"{half}", "faster-rcnn", model, {}, half=half)
    assert (tmp_path / "True").stat().st_size < 0.7 * (tmp_path / "False").stat().st_size
    loaded = checkpoint.load(tmp_path / "True")[1].state_dict()
    for key, tensor in model.state_dict().items():
        assert loaded[key].dtype == tensor.dtype
        torch.testing.assert_close(loaded[key], tensor, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("widths", "unknown"), [((), "close_"), (TINY.close_widths, "close_blocks")])
def test_a_file_from_before_there_was_a_close_look_or_a_deep_one(
    tmp_path: Path, widths: tuple[int, ...], unknown: str
) -> None:
    before = FasterRCNN(replace(TINY, close_widths=widths, close_blocks=(0, 1, 0)))
    tensors = {name: tensor.contiguous() for name, tensor in before.state_dict().items()}
    config = {name: value for name, value in asdict(before.config).items() if not name.startswith(unknown)}
    head = {"format": checkpoint.FORMAT, "model": "faster-rcnn", "config": json.dumps(config), "extra": "{}"}
    save_file(tensors, tmp_path / "old", head)
    _, loaded, _ = checkpoint.load(tmp_path / "old")
    assert loaded.config == before.config


def damaged_files(folder: Path) -> dict[str, Path]:
    """By name, files that are no weights of this project."""
    good = folder / "good"
    checkpoint.save(good, "faster-rcnn", tiny_model(), {})
    whole = good.read_bytes()
    config = json.dumps({"stem": 8})
    files = {name: folder / name for name in ("empty", "text", "cut", "other", "model", "option", "shape", "broken")}
    files["empty"].write_bytes(b"")
    files["text"].write_text("these are not weights")
    files["cut"].write_bytes(whole[: len(whole) // 2])
    weights = {"w": torch.zeros(2)}
    save_file(weights, files["other"])
    head = {"format": checkpoint.FORMAT, "model": "faster-rcnn", "config": config, "extra": "{}"}
    save_file(weights, files["model"], head | {"model": "crystal-ball"})
    save_file(weights, files["option"], head | {"config": json.dumps({"wheels": 4})})
    save_file(weights, files["shape"], head)
    save_file(weights, files["broken"], head | {"config": "{"})
    return files | {"missing": folder / "missing", "folder": folder}


@pytest.mark.parametrize(
    "name", ["empty", "text", "cut", "other", "model", "option", "shape", "broken", "missing", "folder"]
)
def test_anything_else_is_a_weights_error(tmp_path: Path, name: str) -> None:
    path = damaged_files(tmp_path)[name]
    with pytest.raises(WeightsError) as caught:
        checkpoint.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    model = tiny_model()
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    with pytest.raises(WeightsError, match="NaN"):
        checkpoint.save(tmp_path / "w", "faster-rcnn", model, {})
    assert not list(tmp_path.iterdir())


def test_a_wider_and_deeper_design_begins_with_the_answers_of_the_narrower_one(tmp_path: Path) -> None:
    model = trained_detector("faster-rcnn")
    checkpoint.save(tmp_path / "narrow", "faster-rcnn", model, {})
    wide = replace(
        TINY,
        stem=12,
        widths=(12, 20, 24),
        blocks=(1, 1, 2),
        channels=20,
        head_width=24,
        head_hidden=40,
        proposal_width=80,
        close_widths=(12, 12, 20, 24),
    )
    torch.manual_seed(3)
    grown = FasterRCNN(wide).eval()
    with torch.no_grad():  # as if it had learned elsewhere: nothing of that may be left
        for tensor in grown.parameters():
            tensor.add_(0.01 * torch.randn_like(tensor))
        for module in grown.modules():
            if isinstance(module, ResidualBlock):
                module.second.get_parameter("1.weight").zero_()
                module.second.get_parameter("1.bias").zero_()
    assert checkpoint.adopt(grown, tmp_path / "narrow") == len(model.state_dict())
    pictures = [bars(seed)[0] for seed in range(4)]
    for before, after in zip(model.find(pictures), grown.find(pictures), strict=True):
        assert len(before) > 0
        assert after.labels.tolist() == before.labels.tolist()
        np.testing.assert_allclose(after.boxes, before.boxes, atol=1e-3)
        np.testing.assert_allclose(after.scores, before.scores, atol=1e-5)


def test_a_narrower_design_adopts_only_what_fits(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "wide", "faster-rcnn", tiny_model(), {})
    narrow = FasterRCNN(replace(TINY, stem=4))
    own = {name: tensor.clone() for name, tensor in narrow.state_dict().items()}
    count = checkpoint.adopt(narrow, tmp_path / "wide")
    assert 0 < count < len(own)
    assert torch.equal(narrow.state_dict()["backbone.stem.0.weight"], own["backbone.stem.0.weight"])


def class_rows(model: Detector, first: int = 1) -> dict[str, list[Tensor]]:
    """What tells each category from others: its rows in the head, where the background is first, and in the look."""
    state = model.state_dict()
    rows = {"background": [state[f"heads.box_predictor.classes.{kind}"][0] for kind in ("weight", "bias")]}
    for label, name in enumerate(model.categories):
        rows[name] = [state[f"heads.box_predictor.classes.{kind}"][1 + label] for kind in ("weight", "bias")]
        rows[name] += [state[f"close_look.classes.{kind}"][label] for kind in ("weight", "bias")]
    return rows


MORE = (*DIGITS, "kWh", "+", ".", "unit")


@pytest.mark.parametrize("way", ["adopted", "grown"])
def test_what_is_known_of_a_category_follows_its_name(tmp_path: Path, way: str) -> None:
    """Whatever its place, and however many others there are."""
    model = FasterRCNN(replace(TINY, categories=(*DIGITS, "+", ":", "unit")))
    if way == "adopted":
        checkpoint.save(tmp_path / "w", "faster-rcnn", model, {})
        other: Detector = FasterRCNN(replace(TINY, categories=MORE))
        assert checkpoint.adopt(other, tmp_path / "w") == len(model.state_dict())
    else:
        other = checkpoint.with_categories(model.eval(), MORE)
        assert (other.categories, other.name, other.training) == (MORE, "faster-rcnn", False)
    before, after = class_rows(model), class_rows(other)
    for name in ("background", *DIGITS, "+", "unit"):
        assert all(torch.equal(one, two) for one, two in zip(before[name], after[name], strict=True)), name
    rest = {name: tensor for name, tensor in other.state_dict().items() if "classes." not in name}
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in rest.items())
    bounds = after["background"][0].numel() ** -0.5
    assert all(0 < after[name][0].abs().max() <= bounds for name in ("kWh", "."))  # as a fresh layer has them


def test_weights_of_digits_alone_are_adopted(tmp_path: Path) -> None:
    """Files from before there were other categories do not tell of any."""
    model = FasterRCNN(replace(TINY, categories=DIGITS))
    checkpoint.save(tmp_path / "w", "faster-rcnn", model, {})
    metadata, tensors = checkpoint._read(tmp_path / "w")
    config = json.loads(metadata["config"])
    del config["categories"]
    checkpoint._write(tmp_path / "old", tensors, metadata | {"config": json.dumps(config)})
    assert checkpoint.load(tmp_path / "old")[1].categories == DIGITS
    grown = tiny_model(seed=4)
    assert checkpoint.adopt(grown, tmp_path / "old") == len(model.state_dict())
    before, after = class_rows(model), class_rows(grown)
    assert all(torch.equal(one, two) for name in before for one, two in zip(before[name], after[name], strict=True))


def test_a_detector_of_digits_alone_stays_one() -> None:
    model = tiny_detector("sliding-window")
    assert checkpoint.with_categories(model, DIGITS) is model
    with pytest.raises(OptionError, match="take faster-rcnn"):
        checkpoint.with_categories(model, MORE)


def test_models_of_other_categories_are_not_blended() -> None:
    one, other = (FasterRCNN(replace(TINY, categories=(*DIGITS, *names))) for names in ("+-", "-+"))
    with pytest.raises(WeightsError, match="same design"):
        checkpoint.blend(one, other)


def test_the_extra_can_be_replaced_in_part(tmp_path: Path) -> None:
    model = tiny_model()
    checkpoint.save(tmp_path / "w", "faster-rcnn", model, {"scenes": 7, "calibration": None})
    checkpoint.set_extra(tmp_path / "w", {"calibration": {"min_score": 0.5}})
    _, loaded, extra = checkpoint.load(tmp_path / "w")
    assert extra == checkpoint.extra_of(tmp_path / "w") == {"scenes": 7, "calibration": {"min_score": 0.5}}
    assert all(torch.equal(loaded.state_dict()[key], tensor) for key, tensor in model.state_dict().items())
    with pytest.raises(WeightsError, match="found none"):
        checkpoint.set_extra(tmp_path / "nowhere", {})
