"""A network in int8: what is put into it, that it reads like the one it was made of, and what it says of itself."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import pytest

from detector.categories import CATEGORIES
from detector.errors import OptionError, WeightsError
from detector.export import quantise as quantising
from detector.export.onnx import export
from detector.export.quantise import MIN_INPUT_CHANNELS, quantise
from detector.reading.calibration import Calibration, Chance
from detector.reading.onnx_runtime import OnnxNetwork
from digit_scenes import Scenes
from tests.tiny import bars, sign_detector

MIN_PRODUCT_WEIGHTS = 256
WEIGHTS = Path(quantising.__file__).parents[1] / "weights"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """A network that knows bars, itself in int8, and how many convolutions and products are. Its layers are small."""
    folder = tmp_path_factory.mktemp("quantised")
    whole, path = folder / "bars.onnx", folder / "bars.int8.onnx"
    export(sign_detector(), whole, Calibration(Chance(2.0, 0.5), min_score=0.35))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantising, "MIN_PRODUCT_WEIGHTS", MIN_PRODUCT_WEIGHTS)
        return whole, path, quantise(whole, path, [bars(seed)[0] for seed in range(40)])


def test_it_finds_the_same_digits(files: tuple[Path, Path, int]) -> None:
    whole, path, _ = files
    found = [OnnxNetwork(file, threads=1).find([bars(seed)[0] for seed in range(100, 112)]) for file in (whole, path)]
    for one, other in zip(*found, strict=True):
        sure, also = one[one.scores > 0.5], other[other.scores > 0.5]
        assert len(sure) == 2
        assert sorted(sure.labels.tolist()) == sorted(also.labels.tolist()) == [1, CATEGORIES.index(".")]
        order, same = sure.boxes[:, 0].argsort(), also.boxes[:, 0].argsort()
        np.testing.assert_allclose(sure.boxes[order], also.boxes[same], atol=3)


def test_the_shipped_sliding_window_can_be_had_in_int8_too(tmp_path: Path) -> None:
    """It looks at many sizes through the same constants, which the quantiser copies."""
    whole, path = WEIGHTS / "sliding-window.onnx", tmp_path / "windows.int8.onnx"
    pictures = [Scenes("strips", "val")[index].image for index in range(6)]
    assert quantise(whole, path, pictures) > 0
    for one, other in zip(*(OnnxNetwork(file, threads=1).find(pictures) for file in (whole, path)), strict=True):
        sure, also = one[one.scores > 0.7], other[other.scores > 0.3]
        assert len(sure) > 0
        assert set(sure.labels.tolist()) <= set(also.labels.tolist())


def test_what_is_worth_it_is_in_int8(files: tuple[Path, Path, int]) -> None:
    _, path, count = files
    model = onnx.load(str(path))
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    made_of = {name: node for node in model.graph.node for name in node.output}
    quantised = {"Conv": 0, "Gemm": 0}
    for node in model.graph.node:
        source = made_of.get(node.input[1]) if node.op_type in quantised else None
        if source is not None and source.op_type == "DequantizeLinear":
            tensor = weights[source.input[0]]
            assert tensor.data_type == onnx.TensorProto.INT8
            if node.op_type == "Conv":
                groups = next((entry.i for entry in node.attribute if entry.name == "group"), 1)
                assert tensor.dims[1] * groups >= MIN_INPUT_CHANNELS
            else:
                assert math.prod(tensor.dims) >= MIN_PRODUCT_WEIGHTS or "linear_1" in node.name
            quantised[node.op_type] += 1
    assert sum(quantised.values()) == count
    for kind, own in quantised.items():  # the stem, among others, is not
        assert 0 < own < sum(node.op_type == kind for node in model.graph.node)


def test_features_stay_in_int8_until_they_are_looked_up(files: tuple[Path, Path, int]) -> None:
    """Of the table of cells, and of what is hidden behind it, only rows that are looked up are restored."""
    model = onnx.load(str(files[1]))
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    looked_up = [node for node in model.graph.node if node.op_type == "Gather"]
    restored = {node.input[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    assert all(made_by.get(node.input[0]) != "DequantizeLinear" for node in looked_up)
    assert sum(node.output[0] in restored for node in looked_up) == 5  # four neighbours of each point, and what moves


def test_what_else_is_known_of_it_stays(files: tuple[Path, Path, int]) -> None:
    one, other = (OnnxNetwork(file, threads=1) for file in files[:2])
    assert one.calibration == other.calibration != Calibration()
    assert (one.name, one.whole_picture) == (other.name, other.whole_picture)
    assert one.categories == other.categories == CATEGORIES
    assert (one.runtime, other.runtime) == ("ONNX Runtime", "ONNX Runtime, int8")


def test_nothing_is_written_where_it_cannot_be(files: tuple[Path, Path, int], tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="pictures: expected some"):
        quantise(files[0], tmp_path / "x.onnx", [])
    with pytest.raises(WeightsError, match="expected a weights file, found none"):
        quantise(tmp_path / "nowhere.onnx", tmp_path / "x.onnx", [bars(0)[0]])
    assert not list(tmp_path.iterdir())
