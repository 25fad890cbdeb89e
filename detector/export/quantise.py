"""An exported detector with its convolutions in int8, for processors that multiply four int8 in one step (VNNI).

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (2018),
section 2. Activations have the ranges that they take on some pictures. Weights have one scale for each channel. What
costs little, or loses much by int8, stays in float32: the first convolutions, small products, and all about boxes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from detector.errors import OptionError
from detector.export import int8_layout as layout
from detector.export.quiet import only_errors
from detector.files import appearing_at
from detector.images import Picture
from detector.reading.onnx_runtime import INT8, OnnxNetwork

RANGE_IMAGE_COUNT = 120
"""Pictures that are enough to find the ranges of activations with."""
QUANTISED_OPERATIONS = ["Conv", "Gemm", "Relu", "Add"]
MIN_INPUT_CHANNELS = 16
"""With fewer a convolution costs too little to be worth it."""
MIN_PRODUCT_WEIGHTS = 16384
"""With fewer a product of matrices costs too little, unless it is applied to every position of a feature map. Those
that tell two dozen categories apart have fewer."""


def quantise(source: Path, path: Path, pictures: Iterable[Picture]) -> int:
    """Write an exported detector (see `export`) again in int8, and return how many of its layers are in int8.

    pictures: uint8 (H, W, 3), some dozens such as the detector will be given, to find the ranges of activations with.
    The file appears whole or not at all. Raises WeightsError where source is no exported detector, OptionError without
    pictures and where the file cannot be written.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static  # here, because only this needs it

    OnnxNetwork(source, threads=1)  # raises where it is no such file
    feeds = [{"pictures": picture[None]} for picture in pictures]
    if not feeds:
        raise OptionError("pictures: expected some to find the ranges of activations with, got none.")
    with tempfile.TemporaryDirectory() as folder, only_errors():
        plain, quantised = Path(folder, "plain.onnx"), Path(folder, "int8.onnx")
        _simplify(source, plain)
        model = ir.load(plain)
        layout.rename_results(model)
        chosen = [*layout.add_levels_by_copies(model), *layout.products_to_convolutions(model)]
        RemoveUnusedNodesPass()(model)
        chosen = list({*chosen, *_nodes_to_quantise(model)})
        ranges = _common_ranges(model, feeds, Path(folder, "joined.onnx"))
        ir.save(model, plain)
        quantize_static(
            str(plain),
            str(quantised),
            _Feeds(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTISED_OPERATIONS,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,  # U8S8: what VNNI has an instruction for
            nodes_to_quantize=chosen,
            extra_options={
                "OpTypesToExcludeOutputQuantization": ["Gemm"],  # what follows is no product
                "TensorQuantOverrides": ranges,
            },
        )
        model = ir.load(quantised)
    _read_unrounded(model, set(chosen))
    layout.move_in_int8(model)
    model.metadata_props.clear()
    model.metadata_props.update(ir.load(source).metadata_props | {"precision": INT8})
    with appearing_at(path) as partial:
        ir.save(model, partial)
    return sum(node.op_type in ("Conv", "Gemm") and node.name in set(chosen) for node in model.graph)


def _simplify(source: Path, path: Path) -> None:
    """Write the same network with constants folded: batch normalisation, and the weights stored as float16."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 4
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def _nodes_to_quantise(model: ir.Model) -> set[str]:
    """Names of the convolutions and products to put into int8, and of the sums and ReLUs after the convolutions."""
    chosen: list[ir.Node] = []
    for node in model.graph:
        weights = layout.constant_of(node.inputs[1]) if node.op_type in ("Conv", "Gemm") else None
        if weights is None:
            continue
        if node.op_type == "Gemm":
            chosen += [node] if weights.size >= MIN_PRODUCT_WEIGHTS or layout.is_on_feature_map(node) else []
        elif weights.shape[1] * node.attributes.get_int("group", 1) >= MIN_INPUT_CHANNELS:
            after = [one for one in node.outputs[0].consumers() if one.op_type in ("Relu", "Add")]
            last = [one for other in after for one in other.outputs[0].consumers() if one.op_type == "Relu"]
            chosen += [node, *after, *last]
    return {str(node.name) for node in chosen}


def _common_ranges(model: ir.Model, feeds: list[dict[str, Picture]], path: Path) -> dict[str, list[dict[str, Any]]]:
    """For tensors that are concatenated, by name, the range that they have in common, on these feeds.

    path: where a file may be written that nobody needs afterwards.
    """
    import onnxruntime

    together = layout.joined_tensors(model)
    outputs = len(model.graph.outputs)
    model.graph.outputs.extend(whole for whole, _ in together)
    ir.save(model, path)
    del model.graph.outputs[outputs:]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    ranges: dict[str, list[dict[str, Any]]] = {}
    for whole, names in together:
        values = [session.run([whole.name], feed)[0] for feed in feeds]
        low, high = min(value.min() for value in values), max(value.max() for value in values)
        ranges |= {name: [{"rmin": np.float32(low), "rmax": np.float32(high)}] for name in names}
    return ranges


def _read_unrounded(model: ir.Model, chosen: set[str]) -> None:
    """Let nodes in float32 read a tensor before it was rounded to int8, where such a one is computed."""
    for node in model.graph:
        if node.name in chosen:
            continue
        for i, value in enumerate(node.inputs):
            rounded = layout.made_from(layout.made_from(value, "DequantizeLinear"), "QuantizeLinear")
            whole = rounded.producer() if rounded is not None else None
            if whole is not None and whole.name not in chosen:  # of those, the ReLU is part of the rounding
                node.replace_input_with(i, rounded)


class _Feeds:
    """Feeds for ONNX Runtime's quantiser, which takes anything with this method for its CalibrationDataReader."""

    def __init__(self, feeds: list[dict[str, Any]]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)
