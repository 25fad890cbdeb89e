"""An exported detector with its convolutions in int8: for processors that multiply four of them in one step (VNNI).

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (2018),
section 2; ranges are those that activations have on some pictures, weights have one scale a channel. What costs little
or bears it badly stays as it is: the first convolutions, depthwise and 1x1 ones, small products, and all about boxes.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from detector.errors import OptionError
from detector.images import Picture
from detector.onnx_runtime import INT8, OnnxNetwork
from detector.quiet import only_errors

SEEN = 120  # pictures that are enough to tell what ranges activations have
QUANTISED = ["Conv", "Gemm", "Relu", "Add"]  # operations, of ONNX
KERNEL = [3, 3]
LEAST_INPUTS = 16  # channels: with fewer a convolution costs too little to be worth it
LEAST_PRODUCT = 4096  # weights of a layer that is a product of matrices, likewise


def quantise(source: Path, path: Path, pictures: Iterable[Picture]) -> int:
    """Write an exported detector (see export) again in int8, and say how many of its layers are.

    pictures: uint8 (H, W, 3) such as it will see, some dozens: they tell what ranges its activations have. The file
    appears whole or not at all. Raises WeightsError where source is no such export, OptionError without pictures.
    """
    import onnx  # here, because only this needs it
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    OnnxNetwork(source, threads=1)  # raises where it is no such file
    seen = [{"pictures": picture[None]} for picture in pictures]
    if not seen:
        raise OptionError("pictures: expected some to find the ranges of activations with, got none.")
    with tempfile.TemporaryDirectory() as folder, only_errors():
        plain, quantised = Path(folder, "plain.onnx"), Path(folder, "int8.onnx")
        _simplify(source, plain)
        chosen = _worth_it(onnx.load(str(plain)))
        quantize_static(
            str(plain),
            str(quantised),
            _Feeds(seen),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTISED,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,  # U8S8: what VNNI has an instruction for
            nodes_to_quantize=chosen,
            extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm"]},  # what follows is no product
        )
        model = onnx.load(str(quantised))
    _spare_the_others(model, set(chosen))
    metadata = {entry.key: entry.value for entry in onnx.load(str(source)).metadata_props}
    onnx.helper.set_model_props(model, metadata | {"precision": INT8})
    temporary = path.with_name(path.name + ".part")
    onnx.save(model, str(temporary))
    os.replace(temporary, path)
    return sum(node.op_type in ("Conv", "Gemm") and node.name in set(chosen) for node in model.graph.node)


def _simplify(source: Path, path: Path) -> None:
    """The same network with constants folded, batch normalisation and weights stored as halves among them."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 4
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def _worth_it(model: Any) -> list[str]:
    """Names of the convolutions and products of a network to put into int8, and of sums and ReLUs after the former."""
    weights = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    users: dict[str, list[Any]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    chosen: list[str] = []
    for node in model.graph.node:
        shape = weights.get(node.input[1], []) if node.op_type in ("Conv", "Gemm") else []
        if node.op_type == "Gemm" and math.prod(shape) >= LEAST_PRODUCT:
            chosen.append(node.name)
        if node.op_type != "Conv" or shape[2:] != KERNEL or shape[1] < LEAST_INPUTS:  # depthwise: one input a group
            continue
        chosen.append(node.name)
        for after in users.get(node.output[0], []):
            if after.op_type in ("Relu", "Add"):
                chosen.append(after.name)
                chosen += [last.name for last in users.get(after.output[0], []) if last.op_type == "Relu"]
    return list(dict.fromkeys(chosen))


def _spare_the_others(model: Any, chosen: set[str]) -> None:
    """Let nodes that stay as they are read a tensor itself, where there is one, not what is left of it in int8."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.name in chosen:
            continue
        for i, name in enumerate(node.input):
            restored = made_by.get(name)
            rounded = made_by.get(restored.input[0]) if restored and restored.op_type == "DequantizeLinear" else None
            whole = made_by.get(rounded.input[0]) if rounded and rounded.op_type == "QuantizeLinear" else None
            if rounded and whole and whole.name not in chosen:  # of those, the ReLU is part of the rounding
                node.input[i] = rounded.input[0]


class _Feeds:
    """What ONNX Runtime's quantiser asks for one by one; made into its own kind of reader by having the method."""

    def __init__(self, feeds: list[dict[str, Any]]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)
