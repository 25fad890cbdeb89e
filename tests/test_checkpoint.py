"""Weights files: what is saved comes back, and everything else is one clear sentence."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny import TINY, tiny_model

from detector import checkpoint
from detector.errors import WeightsError
from detector.faster_rcnn import FasterRCNN


def test_round_trip(tmp_path: Path) -> None:
    model = tiny_model(3).eval()
    checkpoint.save(tmp_path / "w.safetensors", "faster-rcnn", model, {"scenes": 7})
    name, loaded, extra = checkpoint.load(tmp_path / "w.safetensors")
    assert (name, extra) == ("faster-rcnn", {"scenes": 7})
    assert loaded.config == TINY  # type: ignore[attr-defined]
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
    assert loaded.config == before.config  # type: ignore[attr-defined]


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
