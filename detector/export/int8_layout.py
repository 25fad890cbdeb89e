"""An exported network laid out anew, so that it stays in int8, channels last, from one convolution to the next.

ONNX Runtime's convolutions in int8 want channels last. In that layout it has no fast operation that enlarges a feature
map, and it restores to float what is only moved. So feature maps are enlarged by copies, products that are applied to
each position of a feature map become convolutions, and what is moved is moved in int8.

All functions here change the onnx_ir.Model that they are given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

CHANNELS_LAST, CHANNELS_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
MOVING_OPERATIONS = {"Transpose", "Reshape", "Unsqueeze", "Gather", "Concat"}
"""They compute nothing."""


def rename_results(model: ir.Model) -> None:
    """Rename what nodes compute, so that no name is a constant's with a number after it.

    The quantiser gives such names to the copies that it makes of a constant.
    """
    for node in model.graph:
        for value in node.outputs:
            if not value.is_graph_output():
                value.name = f"{value.name}.made"


def add_levels_by_copies(model: ir.Model) -> list[str]:
    """Enlarge by copies, channels last, where a feature map (B, C, H, W) and a coarser one, enlarged twice, are added.

    Each position of the coarser one is put beside itself, then each row below itself. Returns the names of the sums.
    """
    sums = []
    for resize in [node for node in model.graph if _doubles_sides(node)]:
        (total,) = resize.outputs[0].consumers()
        if total.op_type != "Add":
            continue
        fine = next(value for value in total.inputs if value is not resize.outputs[0])
        add = _InsertBefore(total)
        cells = add("Transpose", [fine], perm=CHANNELS_LAST)  # (B, H, W, C)
        coarse = add("Unsqueeze", [add("Transpose", [resize.inputs[0]], perm=CHANNELS_LAST), add.constant([3])])
        rows = add("Concat", [coarse, coarse], axis=3)  # (B, H / 2, W / 2, 2, C)
        rows = add("Reshape", [rows, add.constant([0, 0, 1, -1])])  # (B, H / 2, 1, W * C)
        rows = add("Concat", [rows, rows], axis=2)
        larger = add("Reshape", [rows, add("Shape", [cells])])  # (B, H, W, C)
        added = add("Add", [cells, larger])
        ir.convenience.replace_all_uses_with(total.outputs[0], add("Transpose", [added], perm=CHANNELS_FIRST))
        model.graph.remove([total, resize], safe=True)
        sums.append(str(added.name))
    return sums


def products_to_convolutions(model: ir.Model) -> list[str]:
    """Make 1x1 convolutions of the products with a table (R, C) that has a row for each position of feature maps.

    The table becomes an image of one row. In int8, ONNX Runtime's products take half as long again as convolutions.
    Returns the names of the convolutions and of their ReLUs.
    """
    made = []
    for product in [node for node in model.graph if node.op_type == "Gemm" and _is_feature_table(node.inputs[0])]:
        table, weight, bias = product.inputs
        kernel = constant_of(weight)
        if kernel is None:
            continue
        kernel = kernel if product.attributes.get_int("transB", 0) else kernel.T  # (outputs, C)
        add = _InsertBefore(product)
        row = add("Reshape", [table, add.constant([1, 1, -1, kernel.shape[1]])])
        row = add("Transpose", [row], perm=CHANNELS_FIRST)  # (1, C, 1, R)
        seen = add("Conv", [row, add.constant(kernel[:, :, None, None]), bias], kernel_shape=[1, 1])
        made.append(str(seen.name))
        last, after = product, product.outputs[0].consumers()
        if len(after) == 1 and after[0].op_type == "Relu":  # in int8 it is part of the convolution
            (last,) = after
            seen = add("Relu", [seen])
            made.append(str(seen.name))
        rows = add("Reshape", [add("Transpose", [seen], perm=CHANNELS_LAST), add.constant([-1, kernel.shape[0]])])
        ir.convenience.replace_all_uses_with(last.outputs[0], rows)
        model.graph.remove({last, product}, safe=True)
    return made


def joined_tensors(model: ir.Model) -> list[tuple[ir.Value, set[str]]]:
    """Each concatenation of tensors that ReLUs computed, with the names of all tensors that need one scale for it.

    In int8, only tensors of one scale can be concatenated. They are the concatenated ones, before they were moved, and
    what they become by moves.
    """
    found = []
    for node in model.graph:
        sources = [_source_before_moves(value) for value in node.inputs if value is not None]
        if node.op_type == "Concat" and len(set(sources)) > 1 and all(made_from(source, "Relu") for source in sources):
            alike = [*sources, *_with_moved(node.outputs[0])]
            found.append((node.outputs[0], {value.name for value in alike if value.name is not None}))
    return found


def move_in_int8(model: ir.Model) -> None:
    """Restore tensors from int8 after they were moved, not before.

    Fewer bytes are moved, and of a table only the rows that were looked up are restored.
    """
    for node in list(model.graph):
        if node.op_type == "Shape":
            node.replace_input_with(0, _int8_of(node.inputs[0]) or node.inputs[0])
        elif node.op_type == "QuantizeLinear":
            stored = _int8_of(node.inputs[0])
            if stored is not None and _quantisation(node.inputs[0]) == _quantisation(node.outputs[0]):
                ir.convenience.replace_all_uses_with(node.outputs[0], stored)
        elif node.op_type in MOVING_OPERATIONS:
            count = len(node.inputs) if node.op_type == "Concat" else 1  # of inputs that are moved
            moved, others = node.inputs[:count], node.inputs[count:]
            stored_ones = [_int8_of(value) for value in moved]
            if None in stored_ones or any(_quantisation(value) != _quantisation(moved[0]) for value in moved):
                continue
            add = _InsertBefore(node)
            out = add(node.op_type, [*stored_ones, *others], **{n: a.value for n, a in node.attributes.items()})
            restoring = moved[0].producer() if moved[0] is not None else None
            assert restoring is not None
            ir.convenience.replace_all_uses_with(node.outputs[0], add("DequantizeLinear", [out, *restoring.inputs[1:]]))
            model.graph.remove(node, safe=True)
    RemoveUnusedNodesPass()(model)


class _InsertBefore:
    """Inserts new nodes of one output before a node. Their names begin with its name."""

    def __init__(self, node: ir.Node) -> None:
        assert node.graph is not None
        self._node, self._graph, self._count = node, node.graph, 0

    def __call__(self, op_type: str, inputs: Sequence[ir.Value | None], **attributes: Any) -> ir.Value:
        node = ir.node(op_type, inputs, attributes, name=self._name(op_type))
        node.outputs[0].name = node.name
        self._graph.insert_before(self._node, node)
        return node.outputs[0]

    def constant(self, values: Any) -> ir.Value:
        """A new initializer; Python's whole numbers become int64."""
        array = np.ascontiguousarray(values)
        value = ir.Value(name=self._name("constant"), shape=ir.Shape(array.shape))
        value.const_value = ir.tensor(array, name=value.name)
        value.type = ir.TensorType(value.const_value.dtype)
        self._graph.register_initializer(value)
        return value

    def _name(self, op_type: str) -> str:
        self._count += 1
        return f"{self._node.name}.{op_type}{self._count}"


def constant_of(value: ir.Value | None) -> np.ndarray | None:
    """The array that a value is, if it is a constant; else None."""
    return value.const_value.numpy() if value is not None and value.const_value is not None else None


def made_from(value: ir.Value | None, op_type: str) -> ir.Value | None:
    """The first input of the node that computes a value, if the node's operation is this; else None."""
    node = value.producer() if value is not None else None
    return node.inputs[0] if node is not None and node.op_type == op_type else None


def is_on_feature_map(product: ir.Node) -> bool:
    """Whether a product is applied to every position of a feature map. Those are many, however few its weights."""
    return made_from(made_from(product.inputs[0], "Reshape"), "Transpose") is not None


def _is_feature_table(table: ir.Value | None) -> bool:
    """Whether a table (R, C) is a concatenation of feature maps (B, C, H, W), with a row for each position."""
    join = made_from(table, "Reshape")
    maps = join.producer() if made_from(join, "Concat") is not None and join is not None else None
    return maps is not None and all(made_from(made_from(rows, "Reshape"), "Transpose") for rows in maps.inputs)


def _doubles_sides(node: ir.Node) -> bool:
    """Whether a node enlarges a feature map twice by repeating each position, and only one other node uses that."""
    if node.op_type != "Resize" or node.attributes.get_string("mode", "nearest") != "nearest":
        return False
    scales = constant_of(node.inputs[2]) if len(node.inputs) > 2 else None
    return scales is not None and scales.tolist() == [1, 1, 2, 2] and len(node.outputs[0].consumers()) == 1


def _source_before_moves(value: ir.Value) -> ir.Value:
    """What a value was before it was moved."""
    node = value.producer()
    source = node.inputs[0] if node is not None and node.op_type in MOVING_OPERATIONS else None
    return value if source is None else _source_before_moves(source)


def _with_moved(value: ir.Value) -> list[ir.Value]:
    """A value, and what it becomes by moves."""
    found = [value]
    for node in value.consumers():
        if node.op_type in MOVING_OPERATIONS and node.inputs[0] is value:
            found += _with_moved(node.outputs[0])
    return found


def _int8_of(value: ir.Value | None) -> ir.Value | None:
    """The int8 tensor that a value was restored from by a single scale; None where it was not."""
    node = value.producer() if value is not None else None
    scale = constant_of(node.inputs[1]) if node is not None and node.op_type == "DequantizeLinear" else None
    return node.inputs[0] if node is not None and scale is not None and scale.size == 1 else None


def _quantisation(value: ir.Value | None) -> list[bytes]:
    """The scale and the zero point, as bytes, by which a node rounded a tensor or restored it."""
    node = value.producer() if value is not None else None
    assert node is not None
    constants = [constant_of(one) for one in node.inputs[1:]]
    return [one.tobytes() for one in constants if one is not None]
