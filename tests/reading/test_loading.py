"""How a reader is loaded: which runtime takes which weights, and what does not go together."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

import detector
from detector.errors import OptionError, WeightsError
from detector.models import checkpoint
from detector.models.base import Detector
from detector.models.ladder.classifiers import Softmax, SoftmaxConfig
from detector.reading import loading, onnx_runtime
from detector.reading.onnx_runtime import OnnxNetwork
from tests.reading.bright import picture, write

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("onnx") / "x.onnx")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of which the content is shipped, with the smallest of all models as default."""
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(loading, "DEFAULT_MODEL", "softmax")
    return tmp_path


def ship(folder: Path, *suffixes: str) -> None:
    if ".onnx" in suffixes:
        write(folder / "softmax.onnx", model="softmax")
    if ".int8.onnx" in suffixes:
        write(folder / "softmax.int8.onnx", model="softmax", precision="int8")
    if ".safetensors" in suffixes:
        checkpoint.save(folder / "softmax.safetensors", "softmax", Softmax(SoftmaxConfig()), {})


def test_a_file_decides_the_runtime(exported: Path, tmp_path: Path) -> None:
    ship(tmp_path, ".safetensors")
    for runtime in (None, "onnx"):
        reader = detector.load(exported, model="faster-rcnn", min_score=0.2, threads=1, runtime=runtime)
        assert isinstance(reader.model, OnnxNetwork)
        assert reader.min_score == 0.2
        assert reader.read(picture(40, 40, (10, 8, 20, 30), 255)).text == "5"
    for runtime in (None, "torch"):
        assert isinstance(detector.load(tmp_path / "softmax.safetensors", runtime=runtime).model, Detector)
    upper = tmp_path / "X.ONNX"
    upper.write_bytes(exported.read_bytes())
    assert isinstance(detector.load(upper).model, OnnxNetwork)


def test_shipped_weights_are_read_with_onnx_runtime_where_that_can_be(shipped: Path) -> None:
    ship(shipped, ".onnx", ".safetensors")
    assert detector.load().model.runtime == detector.load(device="cpu:0").model.runtime == "ONNX Runtime"
    assert detector.load(runtime="torch").model.runtime == "PyTorch"
    with pytest.raises(OptionError, match="'toaster'"):  # by PyTorch, as it is not the CPU
        detector.load(device="toaster")


def test_int8_is_for_processors_that_have_it(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship(shipped, ".int8.onnx", ".onnx", ".safetensors")
    for has_it, runtime in ((True, "ONNX Runtime, int8"), (False, "ONNX Runtime")):
        monkeypatch.setattr(loading, "int8_is_fast", lambda has_it=has_it: has_it)
        assert detector.load().model.runtime == runtime
        assert detector.load(runtime="int8").model.runtime == "ONNX Runtime, int8"
        assert detector.load(runtime="onnx").model.runtime == "ONNX Runtime"
        assert detector.load(shipped / "softmax.int8.onnx", runtime="int8").model.runtime == "ONNX Runtime, int8"
    with pytest.raises(OptionError, match=r"expected int8 for .*int8\.onnx, got onnx"):
        detector.load(shipped / "softmax.int8.onnx", runtime="onnx")


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        ("processor : 0\nflags : fpu avx2 avx512_vnni\n", True),
        ("flags\t\t: fpu avx_vnni\nflags : fpu\n", True),
        ("flags : fpu avx2 avx512f\n", False),
        ("Features : fp asimd\n", False),
        ("", False),
        (None, False),
    ],
)
def test_a_processor_s_instructions_are_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, fast: bool
) -> None:
    info = tmp_path / "cpuinfo"
    if text is not None:
        info.write_text(text)
    monkeypatch.setattr(onnx_runtime, "CPUINFO_FILE", info)
    onnx_runtime.int8_is_fast.cache_clear()
    assert onnx_runtime.int8_is_fast() is fast
    onnx_runtime.int8_is_fast.cache_clear()


def test_without_onnx_runtime_shipped_weights_are_read_with_pytorch(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(shipped, ".onnx", ".safetensors")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert detector.load().model.runtime == "PyTorch"
    with pytest.raises(WeightsError, match=r"digit-reader\[onnx\]"):
        detector.load(runtime="onnx")


@pytest.mark.parametrize(("suffix", "runtime"), [(".onnx", "onnx"), (".safetensors", "torch")])
def test_what_is_shipped_in_one_form_is_read_in_that(shipped: Path, suffix: str, runtime: str) -> None:
    ship(shipped, suffix)
    assert detector.load().model.runtime == detector.load(runtime=runtime).model.runtime
    for other in set(loading.WEIGHTS_SUFFIXES) - {runtime}:
        with pytest.raises(WeightsError, match=f"are for {runtime}, not for {other}; leave runtime out"):
            detector.load(runtime=other)
    with pytest.raises(WeightsError, match="sliding-window: no weights are shipped"):
        detector.load(model="sliding-window", runtime=runtime)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"runtime": "torch"}, OptionError, "runtime: expected onnx for .*, got torch, which takes .safetensors files"),
        ({"runtime": "tensorflow"}, OptionError, "runtime: expected one of int8, onnx, torch, got 'tensorflow'"),
        ({"runtime": ""}, OptionError, "runtime: expected one of int8, onnx, torch, got ''"),
        ({"device": "cuda"}, OptionError, "device: expected cpu for .*, got 'cuda'"),
        ({"threads": 0}, OptionError, "threads: expected at least 1, got 0"),
        ({"threads": -3}, OptionError, "threads: expected at least 1, got -3"),
        ({"min_score": 1.5}, OptionError, "min_score: expected a number from 0 to 1"),
        ({"model": "sliding-window"}, WeightsError, "expected weights of 'sliding-window', got those of 'faster-rcnn'"),
    ],
)
def test_options_that_do_not_go_together(
    exported: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        detector.load(exported, **options)


def test_onnx_runtime_for_other_weights() -> None:
    with pytest.raises(OptionError, match=r"runtime: expected torch for w\.safetensors, got onnx"):
        detector.load("w.safetensors", runtime="onnx")


def test_the_evaluation_tool_takes_them(exported: Path, tmp_path: Path) -> None:
    options: list[str | Path] = ["--weights", exported, "--runtime", "onnx", "--threads", "1", "--out", tmp_path]
    command: list[str | Path] = [
        sys.executable,
        ROOT / "tools" / "evaluate.py",
        "--preset",
        "strips",
        "--count",
        "2",
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "metrics.json").is_file()
