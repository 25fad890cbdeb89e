"""hubconf.py: what torch.hub.load of a checkout gives, from any folder and without installing anything."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import detector
import hubconf
from detector.errors import OptionError, WeightsError
from detector.models.base import Detector
from detector.reading.reader import Reader

ROOT = Path(__file__).parents[1]
ENTRIES = ["detector_model", "faster_rcnn", "reader", "sliding_window"]


def load(entry: str, *arguments: Any, **options: Any) -> Any:
    return torch.hub.load(str(ROOT), entry, *arguments, source="local", **options)


def test_its_entries_and_nothing_else() -> None:
    """torch.hub takes every public callable for one, classes that were imported too."""
    public = {name: value for name, value in vars(hubconf).items() if callable(value) and not name.startswith("_")}
    assert sorted(public) == ENTRIES
    assert all(len(entry.__doc__ or "") > 50 for entry in public.values())


def test_every_dependency_is_there_and_belongs_to_the_project() -> None:
    assert all(importlib.util.find_spec(name) for name in hubconf.dependencies)
    packages = {"cv2": "opencv-python-headless", "PIL": "pillow"}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{packages.get(name, name)}>=' in project for name in hubconf.dependencies)


def test_options_are_passed_on() -> None:
    reader = load("reader", network="sliding-window", min_score=0.6, min_number_score=0.9, turn=False)
    assert isinstance(reader, Reader)
    assert (reader.min_score, reader.min_number_score, reader.turn) == (0.6, 0.9, False)
    with pytest.raises(OptionError, match="runtime: expected one of"):
        load("reader", runtime="tensor")
    with pytest.raises(WeightsError, match="gone"):
        load("reader", "gone.onnx")


@pytest.mark.parametrize(("entry", "name"), [("faster_rcnn", "faster-rcnn"), ("sliding_window", "sliding-window")])
def test_networks_find_what_the_shipped_ones_do(entry: str, name: str) -> None:
    network = load(entry)
    assert isinstance(network, Detector)
    assert not network.training
    picture = detector.open_image(ROOT / "examples" / "tilted.jpg")
    here = network.find([picture])[0]
    there = detector.load(model=name, runtime="torch").model.find([picture])[0]
    assert len(here)
    np.testing.assert_array_equal(here.boxes, there.boxes)
    np.testing.assert_array_equal(here.labels, there.labels)


def test_a_network_to_train_from_nothing() -> None:
    """Of today's design, which the shipped weights need not be of."""
    fresh, other = (load("detector_model", pretrained=False) for _ in range(2))
    assert type(fresh) is type(load("detector_model"))
    assert fresh.config == type(fresh.config)()
    assert not fresh.training
    assert any(not torch.equal(a, b) for a, b in zip(fresh.parameters(), other.parameters(), strict=True))


def test_networks_that_are_not_there() -> None:
    with pytest.raises(OptionError, match="faster-rcnn, sliding-window, got 'yolo'"):
        load("detector_model", "yolo")
    with pytest.raises(OptionError, match="device: expected one this machine has"):
        load("faster_rcnn", device="abacus")
    with pytest.raises(WeightsError, match="no weights are shipped"):
        load("detector_model", "mlp")


def test_a_checkout_is_enough(tmp_path: Path) -> None:
    """Not installed, neither scenes nor tools beside it, named from another folder that is left afterwards."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    shutil.copy(ROOT / "hubconf.py", checkout)
    shutil.copytree(ROOT / "detector", checkout / "detector", ignore=shutil.ignore_patterns("__pycache__"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = (
        "import json, os, sys, torch\n"
        "reader = torch.hub.load('../checkout', 'reader', source='local', min_score=0.4)\n"
        "os.chdir('/')\n"
        "page = reader.read(sys.argv[1])\n"
        "import detector\n"
        "print(json.dumps([page.text, detector.__file__, 'digit_scenes' in sys.modules, reader.min_score]))"
    )
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT / "examples" / "tilted.jpg"],
        cwd=elsewhere,
        env=settings,
        capture_output=True,
        text=True,
        check=True,
    )
    text, file, scenes, min_score = json.loads(done.stdout)
    assert text == detector.load(min_score=0.4).read(ROOT / "examples" / "tilted.jpg").text
    assert Path(file).resolve() == (checkout / "detector" / "__init__.py").resolve()
    assert not scenes
    assert min_score == 0.4
