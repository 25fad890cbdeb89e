"""A detector as an ONNX file: pixels in, digits out, and everything in between inside of it.

What torchvision's own detectors cannot do: batches, pictures of any size, and pictures without any detection.
"""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from detector.errors import OptionError
from detector.export.quiet import only_errors
from detector.files import appearing_at
from detector.images import Picture
from detector.models.base import BatchDetector, Detector
from detector.models.checkpoint import FORMAT
from detector.reading.calibration import Calibration
from detector.reading.onnx_runtime import OnnxNetwork
from detector.reading.reader import Network

OPSET = 20
LARGEST = 1 << 14  # of a side, in pixels, and of a batch: the exporter wants to know a bound
MANY = 256  # numbers in a tensor from which on it is worth a Cast to store it as float16
EXAMPLE = (2, 80, 112, 3)  # nothing is special about it: no side is that of another, none needs padding


class FromPixels(nn.Module):
    """uint8 (B, H, W, 3) -> boxes (N, 4), labels (N,), scores (N,), and the number (N,) of the picture of each."""

    def __init__(self, model: BatchDetector) -> None:
        super().__init__()
        self.model = model

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """See the class."""
        found = self.model.detect_batch(pictures.permute(0, 3, 1, 2), max_value=255.0)
        return found.where.boxes, found.labels, found.scores, found.where.image_index


def export(model: Detector, path: Path, calibration: Calibration | None = None) -> None:
    """Write a detector as ONNX, for pictures of any number and size; the file appears whole or not at all.

    Input `pictures`: uint8 (B, H, W, 3) RGB. Outputs: `boxes` float32 (N, 4) in
    pixels, `labels` int64 (N,), `scores` float32 (N,), best first, and `picture` int64 (N,), the number in the batch of
    the picture that each was found in. The detector's name and config stand in the file's metadata, and so does the
    calibration, which is the reader's to apply. Raises OptionError for a detector that cannot be exported.
    """
    if not isinstance(model, BatchDetector) or not model.exportable:
        kind = model.name or type(model).__name__
        raise OptionError(f"{kind}: expected a detector that can be exported: faster-rcnn or sliding-window.")
    sizes = {axis: torch.export.Dim.DYNAMIC(max=LARGEST) for axis in range(3)}
    with warnings.catch_warnings(), only_errors():
        warnings.simplefilter("ignore")  # the exporter's own, about what it will call differently one day
        program = torch.export.export(
            FromPixels(model.cpu().eval()),
            (torch.zeros(EXAMPLE, dtype=torch.uint8),),
            dynamic_shapes=(sizes,),
            prefer_deferred_runtime_asserts_over_guards=True,
        )
        exported = torch.onnx.export(
            program,
            input_names=["pictures"],
            output_names=["boxes", "labels", "scores", "picture"],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert exported is not None
    exported.model.metadata_props.update(
        format=FORMAT,
        model=model.name,
        config=json.dumps(dataclasses.asdict(model.config)),
        whole_picture=str(int(model.whole_picture)),
        calibration=json.dumps((calibration or Calibration()).as_json()),
    )
    for node in exported.model.graph.all_nodes():  # which line of ours each came from: a tenth of the file
        node.metadata_props.clear()
        for value in node.outputs:
            value.metadata_props.clear()
    drop_idle_reshapes(exported.model)
    scale_at_once(exported.model)
    halve(exported.model)
    with appearing_at(path) as partial:
        exported.save(str(partial), external_data=False)


def drop_idle_reshapes(model: Any) -> None:
    """Take those nodes out of an onnx_ir.Model that make one row of what is one: the exporter puts one before each
    look-up, and a node costs microseconds whatever it does."""
    import onnx_ir as ir  # here, because only this needs it

    for node in list(model.graph.all_nodes()):
        if node.op_type != "Reshape" or node.inputs[0].shape is None or len(node.inputs[0].shape) != 1:
            continue
        shape = node.inputs[1].const_value
        if shape is not None and shape.numpy().tolist() == [-1]:
            ir.convenience.replace_all_uses_with(node.outputs[0], node.inputs[0])
            model.graph.remove(node, safe=True)


def scale_at_once(model: Any) -> None:
    """Let one node of an onnx_ir.Model make floats of bytes and divide them: DequantizeLinear, on ONNX Runtime three
    times as fast as Cast and Div."""
    import onnx_ir as ir  # here, because only this needs it

    for cast in [node for node in model.graph if node.op_type == "Cast"]:
        users = cast.outputs[0].consumers()
        unit = users[0].inputs[1].const_value if len(users) == 1 and users[0].op_type == "Div" else None
        if cast.inputs[0].dtype != ir.DataType.UINT8 or unit is None or unit.size > 1:
            continue
        scale = ir.Value(name=f"{cast.name}.scale", shape=ir.Shape([]), type=ir.TensorType(ir.DataType.FLOAT))
        scale.const_value = ir.tensor(np.float32(1 / unit.numpy().item()), name=scale.name)
        model.graph.register_initializer(scale)
        scaled = ir.node("DequantizeLinear", [cast.inputs[0], scale])
        model.graph.insert_before(cast, scaled)
        scaled.outputs[0].shape, scaled.outputs[0].type = users[0].outputs[0].shape, users[0].outputs[0].type
        ir.convenience.replace_all_uses_with(users[0].outputs[0], scaled.outputs[0])
        model.graph.remove([*users, cast], safe=True)


def halve(model: Any) -> None:
    """Store the weights of an onnx_ir.Model as float16 where that loses nothing, as it does of shipped ones.

    A Cast makes float32 of each. ONNX Runtime does it once, when it loads the file.
    """
    import onnx_ir as ir  # here, because only this needs it

    for value in list(model.graph.initializers.values()):
        whole = value.const_value.numpy()
        with np.errstate(over="ignore"):
            half = whole.astype(np.float16)
        if whole.dtype != np.float32 or whole.size < MANY or not np.array_equal(half.astype(np.float32), whole):
            continue
        name = value.name
        stored = ir.Value(name=f"{name}.half", shape=value.shape, type=ir.TensorType(ir.DataType.FLOAT16))
        stored.const_value = ir.tensor(half, name=stored.name)
        del model.graph.initializers[name]
        model.graph.register_initializer(stored)
        cast = ir.node("Cast", [stored], {"to": int(ir.DataType.FLOAT)})
        cast.outputs[0].shape, cast.outputs[0].type = value.shape, value.type
        ir.convenience.replace_all_uses_with(value, cast.outputs[0])
        cast.outputs[0].name = name
        model.graph.insert_before(model.graph[0], cast)


def set_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration into an exported file, of which all else stays as it is. Raises WeightsError."""
    import onnx  # here, because only this needs it

    OnnxNetwork(path, threads=1)  # raises where it is no such file
    model = onnx.load(str(path))
    onnx.helper.set_model_props(
        model,
        {entry.key: entry.value for entry in model.metadata_props} | {"calibration": json.dumps(calibration.as_json())},
    )
    with appearing_at(path) as partial:
        onnx.save(model, str(partial))


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How far the answers of two networks to the same pictures are apart.

    other: pictures in which they find other digits. boxes, scores: the largest difference in all others, in pixels of
    the picture and in parts of 1.
    """

    pictures: int
    other: int
    boxes: float
    scores: float


def compare(first: Network, second: Network, pictures: Iterable[Picture]) -> Agreement:
    """Let both networks look at pictures uint8 (H, W, 3), one at a time."""
    count = other = 0
    boxes = scores = 0.0
    for picture in pictures:
        count += 1
        (mine,), (theirs,) = first.find([picture]), second.find([picture])
        if not np.array_equal(mine.labels, theirs.labels):
            other += 1
            continue
        boxes = max(boxes, float(np.abs(mine.boxes - theirs.boxes).max(initial=0)))
        scores = max(scores, float(np.abs(mine.scores - theirs.scores).max(initial=0)))
    return Agreement(count, other, boxes, scores)
