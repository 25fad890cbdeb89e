"""The registry: every name builds its detector, and no module is imported before it is asked for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import is_dataclass

import pytest

from detector.errors import OptionError
from detector.models.base import Detector, DetectorConfig
from detector.models.registry import DETECTORS, entry


def modules_after(code: str) -> set[str]:
    """The modules that a fresh Python has imported once it has run some code."""
    code += "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def within(package: str, modules: set[str]) -> set[str]:
    return {name for name in modules if name == package or name.startswith(package + ".")}


@pytest.mark.parametrize("name", DETECTORS)
def test_an_entry_builds_its_detector(name: str) -> None:
    design = entry(name)
    assert issubclass(design.build, Detector)
    assert issubclass(design.config, DetectorConfig)
    assert is_dataclass(design.config())


def test_an_unknown_name_is_an_option_error() -> None:
    with pytest.raises(OptionError, match=r"model: expected one of .*faster-rcnn.*, got 'crystal-ball'"):
        entry("crystal-ball")


@pytest.mark.parametrize("name", ["faster-rcnn", "sliding-window"])
def test_loading_a_shipped_detector_imports_no_network_of_the_ladder(name: str) -> None:
    loaded = modules_after(f"import detector; detector.load(model={name!r}, runtime='torch')")
    assert "detector.models.checkpoint" in loaded
    assert not within("detector.models.ladder", loaded)


def test_models_import_nothing_of_reading() -> None:
    names = ["detector.models.checkpoint", *{f"detector.models.{design.module}" for design in DETECTORS.values()}]
    loaded = modules_after(f"import importlib; [importlib.import_module(name) for name in {names}]")
    assert within("detector.models.ladder", loaded)
    assert not within("detector.reading", loaded)
