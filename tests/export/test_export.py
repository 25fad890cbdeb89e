"""Exported detectors: the same answers as PyTorch's, for any number of pictures of any size, and for nothing at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx_ir
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from detector.categories import CATEGORIES, DIGITS
from detector.errors import OptionError
from detector.export.onnx import Agreement, compare, drop_idle_reshapes, export, fuse_cast_and_div, store_as_float16
from detector.models import checkpoint
from detector.models.base import Detector
from detector.reading.onnx_runtime import OnnxNetwork
from detector.types import Detections
from tests.fakes import FakeDetector, blank, draw_blobs
from tests.tiny import bars, sign_detector, tiny_detector, trained_detector

Pair = tuple[Detector, OnnxNetwork]
SIGN = CATEGORIES.index(".")
names = pytest.mark.parametrize("name", ["faster-rcnn", "sliding-window"])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    """A tiny detector that knows bars, of which Faster R-CNN takes some for signs, and what became of it."""
    folder, made = tmp_path_factory.mktemp("exported"), {}

    def get(name: str) -> Pair:
        if name not in made:
            model = sign_detector() if name == "faster-rcnn" else trained_detector(name)
            export(model, folder / f"{name}.onnx")
            made[name] = model, OnnxNetwork(folder / f"{name}.onnx", threads=1)
        return made[name]

    return get


def assert_same(ours: list[Detections], theirs: list[Detections]) -> None:
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.labels.tolist() == other.labels.tolist()
        np.testing.assert_allclose(mine.boxes, other.boxes, atol=1e-3)
        np.testing.assert_allclose(mine.scores, other.scores, atol=1e-3)


@names
def test_bars_of_many_sizes_are_found_alike(name: str, pair: Callable[[str], Pair]) -> None:
    detector, exported = pair(name)
    pictures = [bars(i, *size)[0] for i, size in enumerate([(64, 96), (64, 96), (80, 112), (97, 131), (200, 70)])]
    found = detector.find(pictures)
    assert sum(len(one) for one in found) > 5
    assert {label for one in found for label in one.labels} >= ({1, SIGN} if name == "faster-rcnn" else {1, 7})
    assert_same(exported.find(pictures), found)


@names
def test_without_any_detection(name: str, pair: Callable[[str], Pair]) -> None:
    detector, exported = pair(name)
    for shape in ((1, 1, 3), (2, 90, 3), (16, 16, 3), (70, 40, 3)):
        flat = np.full(shape, 90, np.uint8)
        assert_same(exported.find([flat, flat]), detector.find([flat, flat]))
    assert exported.find([]) == []


@names
@settings(deadline=None, max_examples=15)
@given(height=st.integers(2, 90), width=st.integers(2, 90), count=st.integers(1, 3), seed=st.integers(0, 99))
def test_any_size_and_number(
    name: str, pair: Callable[[str], Pair], height: int, width: int, count: int, seed: int
) -> None:
    detector, exported = pair(name)
    ground = np.random.default_rng(seed).integers(0, 256, (count, height, width, 3)).astype(np.uint8)
    ground[0] = np.resize(bars(seed)[0], ground[0].shape)
    assert_same(exported.find(list(ground)), detector.find(list(ground)))


def test_it_says_what_it_is(pair: Callable[[str], Pair]) -> None:
    _, exported = pair("sliding-window")
    assert (exported.name, exported.whole_picture, exported.categories) == ("sliding-window", False, DIGITS)
    assert pair("faster-rcnn")[1].categories == CATEGORIES


def test_one_that_cannot_be_exported(tmp_path: Path) -> None:
    for name in ("rcnn", "fast-rcnn"):
        with pytest.raises(OptionError, match="can be exported"):
            export(tiny_detector(name), tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_only_reshapes_that_do_nothing_are_dropped() -> None:
    """What is one row already is made no row again; tables still are, and rows become what else is asked for."""
    nodes = [
        helper.make_node("Reshape", ["row", "one_row"], ["idle"]),
        helper.make_node("Neg", ["idle"], ["from_row"]),
        helper.make_node("Reshape", ["table", "one_row"], ["flat"]),
        helper.make_node("Neg", ["flat"], ["from_table"]),
        helper.make_node("Reshape", ["row", "column"], ["upright"]),
        helper.make_node("Neg", ["upright"], ["from_column"]),
    ]
    inputs = [helper.make_tensor_value_info("row", 1, ["n"]), helper.make_tensor_value_info("table", 1, ["n", 2])]
    outputs = [
        helper.make_tensor_value_info("from_row", 1, ["n"]),
        helper.make_tensor_value_info("from_table", 1, ["m"]),
        helper.make_tensor_value_info("from_column", 1, ["n", 1]),
    ]
    shapes = [
        numpy_helper.from_array(np.array([-1]), "one_row"),
        numpy_helper.from_array(np.array([-1, 1]), "column"),
    ]
    graph = helper.make_graph(nodes, "reshapes", inputs, outputs, shapes)
    model = onnx_ir.from_proto(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10))
    drop_idle_reshapes(model)
    assert [node.op_type for node in model.graph] == ["Neg", "Reshape", "Neg", "Reshape", "Neg"]
    proto = onnx_ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    for count in (0, 3):
        row, table = np.arange(count, dtype=np.float32), np.ones((count, 2), np.float32)
        answers = session.run(None, {"row": row, "table": table})
        for answer, wanted in zip(answers, (-row, -table.ravel(), -row[:, None]), strict=True):
            np.testing.assert_array_equal(answer, wanted)


def test_bytes_become_floats_and_are_divided_at_once() -> None:
    """Where nothing else reads the floats, and all are divided by one number; whole numbers are left alone."""
    nodes = [
        helper.make_node("Cast", ["bytes"], ["floats"], to=1),
        helper.make_node("Div", ["floats", "unit"], ["divided"]),
        helper.make_node("Cast", ["bytes"], ["shared"], to=1),
        helper.make_node("Div", ["shared", "unit"], ["also_divided"]),
        helper.make_node("Sub", ["shared", "unit"], ["less"]),
        helper.make_node("Cast", ["numbers"], ["whole"], to=1),
        helper.make_node("Div", ["whole", "unit"], ["quotients"]),
        helper.make_node("Cast", ["bytes"], ["by_column"], to=1),
        helper.make_node("Div", ["by_column", "units"], ["columns"]),
    ]
    inputs = [helper.make_tensor_value_info("bytes", 2, ["n", 3]), helper.make_tensor_value_info("numbers", 7, ["n"])]
    inside = {"divided": 2, "also_divided": 2, "less": 2, "quotients": 1, "columns": 2}  # names, axes
    nodes += [helper.make_node("Neg", [name], [f"{name}_out"]) for name in inside]
    outputs = [helper.make_tensor_value_info(f"{name}_out", 1, [None] * axes) for name, axes in inside.items()]
    constants = [
        numpy_helper.from_array(np.array(63.75, np.float32), "unit"),
        numpy_helper.from_array(np.array([1, 2, 4], np.float32), "units"),
    ]
    graph = helper.make_graph(nodes, "pixels", inputs, outputs, constants)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    model = onnx_ir.from_proto(proto)
    fuse_cast_and_div(model)
    assert [node.op_type for node in model.graph].count("DequantizeLinear") == 1
    changed = onnx_ir.to_proto(model)
    onnx.checker.check_model(changed, full_check=True)
    feeds = {"bytes": np.arange(12, dtype=np.uint8).reshape(4, 3) * 21, "numbers": np.arange(4)}
    before, after = (
        onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feeds)
        for one in (proto, changed)
    )
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_weights_are_stored_as_halves_where_that_loses_nothing() -> None:
    kept: dict[str, np.ndarray] = {
        "inexact": np.full((16, 16), 0.1, np.float32),
        "too_large": np.full((16, 16), 1e6, np.float32),
        "few": np.full((5, 3), 0.5, np.float32),
        "whole": np.arange(256),
    }
    weights = kept | {"exact": np.arange(-128, 128, dtype=np.float32).reshape(16, 16) / 8}
    sums = [helper.make_node("ReduceSum", [name], [f"{name}_sum"], keepdims=0) for name in weights]
    outputs = [
        helper.make_tensor_value_info(n.output[0], *((1, []) if n.input[0] != "whole" else (7, []))) for n in sums
    ]
    initial = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(sums, "sums", [], outputs, initial)
    model = onnx_ir.from_proto(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10))
    store_as_float16(model)
    proto = onnx_ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    stored = {entry.name: numpy_helper.to_array(entry) for entry in proto.graph.initializer}
    assert stored.keys() == kept.keys() | {"exact.half"}
    assert stored["exact.half"].dtype == np.float16
    for name, array in kept.items():
        np.testing.assert_array_equal(stored[name], array)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    for name, total in zip(weights, session.run(None, {}), strict=True):
        assert total == pytest.approx(weights[name].sum())


def test_comparing_sees_what_differs() -> None:
    """Of three pictures, in one something is missed, and in one a box is off by 2 and a score by a quarter."""
    pictures = [draw_blobs(blank(60, 80), [(10, 10, 20, 30)], [digit]) for digit in (3, 4, 5)]

    class Other(FakeDetector):
        def find(self, pictures: Sequence[np.ndarray]) -> list[Detections]:
            (found,) = super().find(pictures)
            if found.labels[0] == 4:
                return [Detections.empty()]
            return [Detections(found.boxes + 2, found.labels, found.scores - 0.25) if found.labels[0] == 5 else found]

    agreement = compare(FakeDetector(), Other(), pictures)
    assert (agreement.pictures, agreement.other_digits, agreement.max_box_difference_px) == (3, 1, 2.0)
    assert agreement.max_score_difference == pytest.approx(0.25)
    assert compare(FakeDetector(), FakeDetector(), []) == Agreement(0, 0, 0.0, 0.0)


def run(*options: str) -> subprocess.CompletedProcess[str]:
    tool = Path(__file__).parents[2] / "tools" / "export.py"
    return subprocess.run([sys.executable, str(tool), *options], capture_output=True, text=True, check=False)


def test_the_command_line(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "w.safetensors", "faster-rcnn", trained_detector("faster-rcnn"), {})
    out = tmp_path / "new" / "digits.onnx"
    done = run("--weights", str(tmp_path / "w.safetensors"), "--out", str(out), "--check", "7")
    assert done.returncode == 0, done.stderr
    assert "digits.onnx" in done.stdout
    assert "compared on 7 scenes: 0 with other digits" in done.stdout
    assert done.stderr == ""
    picture = bars(5)[0]
    assert_same(
        OnnxNetwork(tmp_path / "new" / "digits.onnx").find([picture]), trained_detector("faster-rcnn").find([picture])
    )
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["digits.onnx"]


@pytest.mark.parametrize(
    "options",
    [["--model", "nonsense"], ["--weights", "nowhere.safetensors"], ["--weights", "x.onnx"], ["--check", "-1"]],
)
def test_mistakes_are_one_sentence(options: list[str]) -> None:
    done = run(*options)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
