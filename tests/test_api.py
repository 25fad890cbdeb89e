"""The public names, and that they cost nothing until they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import detector

ROOT = Path(__file__).parents[1]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_every_public_name_is_there() -> None:
    assert sorted(detector.__all__) == detector.__all__
    for name in detector.__all__:
        assert getattr(detector, name) is not None
        assert name in dir(detector)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'reed'"):
        _ = detector.reed
    with pytest.raises(ImportError):
        from detector import reed  # noqa: F401


def test_importing_it_loads_nothing_that_takes_time() -> None:
    heavy = "{'torch', 'onnxruntime', 'numpy', 'cv2'}"
    assert run(f"import sys, detector; print({heavy} & set(sys.modules))") == "set()\n"


def test_what_needs_no_network_needs_neither_runtime() -> None:
    code = (
        "import sys; from detector import DigitReaderError, Page, Reader, Target, draw_page, load, open_image;"
        "import detector.images, detector.scoring.metrics, detector.reading.onnx_runtime;"
        "import detector.reading.reading_order, detector.reading.tiles;"
        "print({'torch', 'onnxruntime'} & set(sys.modules))"
    )
    assert run(code) == "set()\n"


def test_the_default_reader_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from detector.reading import loading
    from tests.fakes import FakeDetector, blank

    loads: list[detector.Reader] = []

    def load() -> detector.Reader:
        loads.append(detector.Reader(FakeDetector()))
        return loads[-1]

    monkeypatch.setattr(loading, "load", load)
    loading._default_reader.cache_clear()
    try:
        assert detector.read(blank(40, 40)).text == detector.read(blank(50, 50)).text == ""
        assert len(loads) == 1
    finally:
        loading._default_reader.cache_clear()


@pytest.mark.parametrize("device", ["toaster", "cuda:99", "meta:zero"])
def test_devices_that_are_not_there(device: str) -> None:
    with pytest.raises(detector.OptionError, match="device"):
        detector.load(device=device)
