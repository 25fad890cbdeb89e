"""An exported network laid out so that it stays in int8, channels last, from one convolution to the next.

ONNX Runtime's convolutions in int8 want a cell's channels side by side. In that order it has no fast operation that
enlarges a map, and what is only moved it restores to float first. So levels are enlarged by copies, a product that sees
one cell at a time becomes a convolution, and what is moved is moved in int8. Models are those of onnx_ir, and change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

CHANNELS_LAST, CHANNELS_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
MOVES = {"Transpose", "Reshape", "Unsqueeze", "Gather", "Concat"}


def rename_results(model: ir.Model) -> None:
    """Let no node make what is named as a constant and a number more: so the quantiser names copies of the constant."""
    for node in model.graph:
        for value in node.outputs:
            if not value.is_graph_output():
                value.name = f"{value.name}.made"


def add_levels_by_copies(model: ir.Model) -> list[str]:
    """Where a map (B, C, H, W) is the sum of one and of a coarser one enlarged twice, do that by copies, channels last.

    Each cell of the coarser one is put beside itself, and then each row below itself. Returns the names of the sums.
    """
    sums = []
    for resize in [node for node in model.graph if _doubles(node)]:
        (total,) = resize.outputs[0].consumers()
        if total.op_type != "Add":
            continue
        fine = next(value for value in total.inputs if value is not resize.outputs[0])
        add = _Before(total)
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


def convolve_cells(model: ir.Model) -> list[str]:
    """Make convolutions of 1x1 of the products of a table of all cells (R, C), as a picture of one row.

    ONNX Runtime's products in int8 take half as long again. Returns their names, and those of their ReLUs.
    """
    made = []
    for product in [node for node in model.graph if node.op_type == "Gemm" and _all_cells(node.inputs[0])]:
        table, weight, bias = product.inputs
        kernel = constant(weight)
        if kernel is None:
            continue
        kernel = kernel if product.attributes.get_int("transB", 0) else kernel.T  # (outputs, C)
        add = _Before(product)
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


def joined(model: ir.Model) -> list[tuple[ir.Value, set[str]]]:
    """What tensors that ReLUs made are joined into, and the names of all that need one scale to be joined in int8.

    Those are the tensors themselves and what is computed with next: on the way they are only moved.
    """
    found = []
    for node in model.graph:
        sources = [_before_moves(value) for value in node.inputs if value is not None]
        if node.op_type == "Concat" and len(set(sources)) > 1 and all(before(source, "Relu") for source in sources):
            alike = [*sources, *_moved_on(node.outputs[0])]
            found.append((node.outputs[0], {value.name for value in alike if value.name is not None}))
    return found


def move_in_int8(model: ir.Model) -> None:
    """Restore what is in int8 after it has been moved, not before: fewer bytes, and of a table only rows looked up."""
    for node in list(model.graph):
        if node.op_type == "Shape":
            node.replace_input_with(0, _stored(node.inputs[0]) or node.inputs[0])
        elif node.op_type == "QuantizeLinear":
            stored = _stored(node.inputs[0])
            if stored is not None and _grid(node.inputs[0]) == _grid(node.outputs[0]):
                ir.convenience.replace_all_uses_with(node.outputs[0], stored)
        elif node.op_type in MOVES:
            count = len(node.inputs) if node.op_type == "Concat" else 1  # of inputs that are moved
            moved, others = node.inputs[:count], node.inputs[count:]
            stored_ones = [_stored(value) for value in moved]
            if None in stored_ones or any(_grid(value) != _grid(moved[0]) for value in moved):
                continue
            add = _Before(node)
            out = add(node.op_type, [*stored_ones, *others], **{n: a.value for n, a in node.attributes.items()})
            restoring = moved[0].producer() if moved[0] is not None else None
            assert restoring is not None
            ir.convenience.replace_all_uses_with(node.outputs[0], add("DequantizeLinear", [out, *restoring.inputs[1:]]))
            model.graph.remove(node, safe=True)
    RemoveUnusedNodesPass()(model)


class _Before:
    """Puts new nodes of one output before a node, named after it."""

    def __init__(self, node: ir.Node) -> None:
        assert node.graph is not None
        self._node, self._graph, self._count = node, node.graph, 0

    def __call__(self, kind: str, inputs: Sequence[ir.Value | None], **attributes: Any) -> ir.Value:
        node = ir.node(kind, inputs, attributes, name=self._name(kind))
        node.outputs[0].name = node.name
        self._graph.insert_before(self._node, node)
        return node.outputs[0]

    def constant(self, numbers: Any) -> ir.Value:
        """As an initializer; whole numbers as int64."""
        array = np.ascontiguousarray(numbers)
        value = ir.Value(name=self._name("constant"), shape=ir.Shape(array.shape))
        value.const_value = ir.tensor(array, name=value.name)
        value.type = ir.TensorType(value.const_value.dtype)
        self._graph.register_initializer(value)
        return value

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{self._node.name}.{kind}{self._count}"


def constant(value: ir.Value | None) -> np.ndarray | None:
    """What a value always is; None where it depends."""
    return value.const_value.numpy() if value is not None and value.const_value is not None else None


def before(value: ir.Value | None, kind: str) -> ir.Value | None:
    """What a node of this kind made it of; None where another one did, or none."""
    node = value.producer() if value is not None else None
    return node.inputs[0] if node is not None and node.op_type == kind else None


def sees_cells(product: ir.Node) -> bool:
    """Whether a product's rows are all cells of a map that a convolution made: they are many, however small it is."""
    return before(before(product.inputs[0], "Reshape"), "Transpose") is not None


def _all_cells(table: ir.Value | None) -> bool:
    """Whether a table (R, C) is made of maps (B, C, H, W), each brought into rows of its cells."""
    join = before(table, "Reshape")
    maps = join.producer() if before(join, "Concat") is not None and join is not None else None
    return maps is not None and all(before(before(rows, "Reshape"), "Transpose") for rows in maps.inputs)


def _doubles(node: ir.Node) -> bool:
    """Whether a node makes each cell of a map four of its kind, for one other node."""
    if node.op_type != "Resize" or node.attributes.get_string("mode", "nearest") != "nearest":
        return False
    scales = constant(node.inputs[2]) if len(node.inputs) > 2 else None
    return scales is not None and scales.tolist() == [1, 1, 2, 2] and len(node.outputs[0].consumers()) == 1


def _before_moves(value: ir.Value) -> ir.Value:
    node = value.producer()
    source = node.inputs[0] if node is not None and node.op_type in MOVES else None
    return value if source is None else _before_moves(source)


def _moved_on(value: ir.Value) -> list[ir.Value]:
    """Itself, and what it becomes by moves."""
    found = [value]
    for node in value.consumers():
        if node.op_type in MOVES and node.inputs[0] is value:
            found += _moved_on(node.outputs[0])
    return found


def _stored(value: ir.Value | None) -> ir.Value | None:
    """What was restored to this, all of it by one scale; None where it is something else."""
    node = value.producer() if value is not None else None
    scale = constant(node.inputs[1]) if node is not None and node.op_type == "DequantizeLinear" else None
    return node.inputs[0] if node is not None and scale is not None and scale.size == 1 else None


def _grid(value: ir.Value | None) -> list[bytes]:
    """By what scale and zero point a node rounded a tensor or restored it."""
    node = value.producer() if value is not None else None
    assert node is not None
    numbers = [constant(one) for one in node.inputs[1:]]
    return [one.tobytes() for one in numbers if one is not None]
