"""A network laid out for int8 says the same as before, and what is only moved stays in int8 until then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from detector.export.int8_layout import (
    add_levels_by_copies,
    joined_tensors,
    move_in_int8,
    products_to_convolutions,
    rename_results,
)
from detector.export.onnx import export
from tests.tiny import bars, trained_detector

FLOAT, BYTES = TensorProto.FLOAT, TensorProto.UINT8
RNG = np.random.default_rng(0)


def model_of(
    nodes: Sequence[onnx.NodeProto], inputs: dict[str, Any], outputs: dict[str, int], constants: dict[str, np.ndarray]
) -> ir.Model:
    """inputs: names -> (type, shape). outputs: names -> axes; their negatives are given out."""
    given = [helper.make_node("Neg", [name], [f"{name}_out"], name=f"give_{name}") for name in outputs]
    graph = helper.make_graph(
        [*nodes, *given],
        "graph",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(f"{name}_out", FLOAT, [None] * axes) for name, axes in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return ir.from_proto(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10))


def answers(model: ir.Model, **feeds: np.ndarray) -> list[np.ndarray]:
    proto = ir.to_proto(model)
    onnx.checker.check_model(proto, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, feeds))


def kinds(model: ir.Model) -> list[str]:
    return [node.op_type for node in model.graph]


def test_a_coarser_map_is_added_as_enlarging_it_would() -> None:
    """At all sizes, and whichever of both comes first; what enlarges otherwise, or for two, is left."""
    nodes = [
        helper.make_node("Resize", ["coarse", "", "twice"], ["larger"], mode="nearest"),
        helper.make_node("Add", ["larger", "fine"], ["sum"], name="total"),
        helper.make_node("Resize", ["coarse", "", "twice"], ["smooth"], mode="linear"),
        helper.make_node("Add", ["fine", "smooth"], ["other"], name="smooth_total"),
        helper.make_node("Resize", ["coarse", "", "twice"], ["shared"], mode="nearest"),
        helper.make_node("Add", ["fine", "shared"], ["first"], name="first_total"),
        helper.make_node("Neg", ["shared"], ["second"], name="second_total"),
    ]
    inputs = {"coarse": (FLOAT, ["b", 5, "h", "w"]), "fine": (FLOAT, ["b", 5, "H", "W"])}
    twice = {"twice": np.array([1, 1, 2, 2], np.float32)}
    outputs = dict.fromkeys(("sum", "other", "first", "second"), 4)
    model, plain = (model_of(nodes, inputs, outputs, twice) for _ in range(2))
    (name,) = add_levels_by_copies(model)
    assert name.startswith("total")
    assert kinds(model).count("Resize") == 2
    for batch, rows, columns in ((1, 1, 1), (2, 3, 4), (3, 7, 2)):
        coarse = RNG.normal(size=(batch, 5, rows, columns)).astype(np.float32)
        fine = RNG.normal(size=(batch, 5, 2 * rows, 2 * columns)).astype(np.float32)
        for one, other in zip(
            answers(model, coarse=coarse, fine=fine), answers(plain, coarse=coarse, fine=fine), strict=True
        ):
            np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector that knows bars, as ONNX Runtime simplifies it."""
    path, plain = (tmp_path_factory.mktemp("laid_out") / name for name in ("bars.onnx", "plain.onnx"))
    export(trained_detector("faster-rcnn"), path)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(plain)
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return plain


def test_a_detector_finds_the_same_in_either_layout(exported: Path) -> None:
    plain, model = ir.load(exported), ir.load(exported)
    assert len(add_levels_by_copies(model)) == 2
    assert len(products_to_convolutions(model)) == 2  # the hidden layer and its ReLU
    assert kinds(plain).count("Conv") + 1 == kinds(model).count("Conv")
    empty = np.full((1, 50, 70, 3), 30, np.uint8)
    for pictures in (np.stack([bars(seed)[0] for seed in (1, 2, 3)]), bars(4, 97, 131)[0][None], empty):
        for one, other in zip(answers(model, pictures=pictures), answers(plain, pictures=pictures), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)


def test_results_have_names_that_no_copy_of_a_constant_gets(exported: Path) -> None:
    plain, model = ir.load(exported), ir.load(exported)
    rename_results(model)
    constants, outputs = set(model.graph.initializers), {value.name for value in model.graph.outputs}
    assert outputs == {value.name for value in plain.graph.outputs}
    results = {str(value.name) for node in model.graph for value in node.outputs if value.name not in outputs}
    assert not [name for name in results if any(name.startswith(c) and name[len(c) :].isdigit() for c in constants)]
    picture = bars(5)[0][None]
    for one, other in zip(answers(model, pictures=picture), answers(plain, pictures=picture), strict=True):
        np.testing.assert_array_equal(one, other)


def test_levels_that_become_one_table_are_known_by_name(exported: Path) -> None:
    model = ir.load(exported)
    products_to_convolutions(model)
    ((table, names),) = joined_tensors(model)
    node = table.producer()
    assert node is not None
    assert node.op_type == "Concat"
    made_by = {value.name: node.op_type for node in model.graph for value in node.outputs}
    assert [made_by[name] for name in names].count("Relu") == 3
    (convolved,) = [node for node in model.graph if node.op_type == "Conv" and "linear" in str(node.name)]
    assert convolved.inputs[0] is not None
    assert convolved.inputs[0].name in names


def test_what_is_moved_is_restored_afterwards() -> None:
    """Turned, joined, looked up and rounded again on the same grid, in int8; on another grid restored as before."""
    grids: dict[str, Any] = {"s": np.float32(0.5), "z": np.uint8(3), "t": np.float32(0.25), "rows": np.array([2, 0])}
    grids |= {"each": np.array([1, 2, 4], np.float32), "zeros": np.zeros(3, np.uint8), "row": np.array([-1])}
    nodes = [
        helper.make_node("DequantizeLinear", ["a", "s", "z"], ["whole_a"], name="restore_a"),
        helper.make_node("DequantizeLinear", ["b", "s", "z"], ["whole_b"], name="restore_b"),
        helper.make_node("DequantizeLinear", ["b", "t", "z"], ["fine_b"], name="restore_finely"),
        helper.make_node("Transpose", ["whole_a"], ["turned"], perm=[1, 0], name="turn"),
        helper.make_node("Concat", ["turned", "whole_b"], ["both"], axis=1, name="join"),
        helper.make_node("Concat", ["turned", "fine_b"], ["unlike"], axis=1, name="join_unlike"),
        helper.make_node("Gather", ["both", "rows"], ["found"], axis=0, name="look_up"),
        helper.make_node("QuantizeLinear", ["both", "s", "z"], ["again"], name="round"),
        helper.make_node("DequantizeLinear", ["again", "s", "z"], ["both_again"], name="restore"),
        helper.make_node("QuantizeLinear", ["both", "t", "z"], ["finer"], name="round_finely"),
        helper.make_node("DequantizeLinear", ["finer", "t", "z"], ["both_finer"], name="restore_finer"),
        helper.make_node("Shape", ["turned"], ["sides"], name="measure"),
        helper.make_node("Cast", ["sides"], ["sizes"], to=FLOAT, name="as_floats"),
        helper.make_node("Neg", ["found"], ["negative"], name="compute"),
        helper.make_node("DequantizeLinear", ["a", "each", "zeros"], ["by_column"], axis=1, name="restore_each"),
        helper.make_node("Reshape", ["by_column", "row"], ["one_row"], name="unroll"),
    ]
    inputs = {"a": (BYTES, [4, 3]), "b": (BYTES, [3, 2])}
    outputs = {"negative": 2, "both_again": 2, "both_finer": 2, "unlike": 2, "sizes": 1, "one_row": 1}
    model, plain = (model_of(nodes, inputs, outputs, grids) for _ in range(2))
    move_in_int8(model)
    feeds = {name: RNG.integers(0, 256, shape, dtype=np.uint8) for name, (_, shape) in inputs.items()}
    for one, other in zip(answers(model, **feeds), answers(plain, **feeds), strict=True):
        np.testing.assert_array_equal(one, other)
    made_by = {value.name: node for node in model.graph for value in node.outputs}
    restored = {value.name for node in model.graph if node.op_type == "DequantizeLinear" for value in node.outputs}
    read = {kind: [node for node in model.graph if node.op_type == kind] for kind in ("Transpose", "Gather", "Shape")}
    assert len(read["Transpose"]) == len(read["Gather"]) == len(read["Shape"]) == 1
    for (node,) in read.values():
        assert node.inputs[0] is not None
        assert node.inputs[0].name not in restored
    negated = made_by["negative"].inputs[0]
    assert negated is not None
    assert negated.name in restored
    assert kinds(model).count("QuantizeLinear") == 1  # onto the other grid
