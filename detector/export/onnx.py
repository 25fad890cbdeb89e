"""A detector as an ONNX file: pixels go in, digits and signs come out, and all computation is inside.

It takes batches, pictures of any size, and pictures without any digit, which torchvision's detectors do not once they
are exported.
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
MAX_AXIS_SIZE = 1 << 14
"""Of a batch, and of a side in pixels: the exporter has to know a bound."""
MIN_FLOAT16_SIZE = 256
"""Numbers in a tensor from which on it is worth a Cast to store it as float16."""
EXAMPLE_SHAPE = (2, 80, 112, 3)
"""Of the images that the exporter runs the network on. All sides differ, so that none is taken for another."""


class FromPixels(nn.Module):
    """uint8 (B, H, W, 3) -> boxes (N, 4), labels (N,), scores (N,), and the index (N,) of each one's image."""

    def __init__(self, model: BatchDetector) -> None:
        super().__init__()
        self.model = model

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """See the class."""
        found = self.model.detect_batch(pictures.permute(0, 3, 1, 2), max_value=255.0)
        return found.where.boxes, found.labels, found.scores, found.where.image_index


def export(model: Detector, path: Path, calibration: Calibration | None = None) -> None:
    """Write a detector as ONNX, for batches and pictures of any size; the file appears whole or not at all.

    Its input is `pictures`, uint8 (B, H, W, 3) RGB. Its outputs, best first, are `boxes` float32 (N, 4) in pixels,
    `labels` int64 (N,), `scores` float32 (N,) and `picture` int64 (N,), the index in the batch of the picture that a
    digit was found in. The file's metadata have the detector's name, its config, its categories, which labels index,
    and the calibration, which a reader applies to the scores.

    Raises OptionError for a detector that cannot be exported, and where the file cannot be written.
    """
    if not isinstance(model, BatchDetector) or not model.exportable:
        kind = model.name or type(model).__name__
        raise OptionError(f"{kind}: expected a detector that can be exported: faster-rcnn or sliding-window.")
    sizes = {axis: torch.export.Dim.DYNAMIC(max=MAX_AXIS_SIZE) for axis in range(3)}
    with warnings.catch_warnings(), only_errors():
        warnings.simplefilter("ignore")  # the exporter's own, about what it will call differently one day
        program = torch.export.export(
            FromPixels(model.cpu().eval()),
            (torch.zeros(EXAMPLE_SHAPE, dtype=torch.uint8),),
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
        categories=json.dumps(model.categories, ensure_ascii=False),
        whole_picture=str(int(model.whole_picture)),
        calibration=json.dumps((calibration or Calibration()).as_json()),
    )
    for node in exported.model.graph.all_nodes():  # which line of ours each came from: a tenth of the file
        node.metadata_props.clear()
        for value in node.outputs:
            value.metadata_props.clear()
    drop_idle_reshapes(exported.model)
    fuse_cast_and_div(exported.model)
    store_as_float16(exported.model)
    with appearing_at(path) as partial:
        exported.save(str(partial), external_data=False)


def drop_idle_reshapes(model: Any) -> None:
    """Take the nodes out of an onnx_ir.Model that reshape what has one axis to one axis.

    The exporter puts one before each look-up, and a node costs microseconds whatever it does.
    """
    import onnx_ir as ir  # here, because only this needs it

    for node in list(model.graph.all_nodes()):
        if node.op_type != "Reshape" or node.inputs[0].shape is None or len(node.inputs[0].shape) != 1:
            continue
        shape = node.inputs[1].const_value
        if shape is not None and shape.numpy().tolist() == [-1]:
            ir.convenience.replace_all_uses_with(node.outputs[0], node.inputs[0])
            model.graph.remove(node, safe=True)


def fuse_cast_and_div(model: Any) -> None:
    """Replace nodes of an onnx_ir.Model that cast bytes to floats and divide them by a constant by a DequantizeLinear.

    On ONNX Runtime it is three times as fast as Cast and Div.
    """
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


def store_as_float16(model: Any) -> None:
    """Store the weights of an onnx_ir.Model as float16 where that loses nothing, as with those that are shipped.

    A Cast makes float32 of each again. ONNX Runtime computes it once, when it loads the file.
    """
    import onnx_ir as ir  # here, because only this needs it

    for value in list(model.graph.initializers.values()):
        whole = value.const_value.numpy()
        with np.errstate(over="ignore"):
            half = whole.astype(np.float16)
        if (
            whole.dtype != np.float32
            or whole.size < MIN_FLOAT16_SIZE
            or not np.array_equal(half.astype(np.float32), whole)
        ):
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
    """Write a calibration into an exported file and leave all else as it is.

    Raises WeightsError where it is no exported detector, OptionError where it cannot be written.
    """
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
    """How far the detections of two networks on the same pictures are apart."""

    pictures: int
    """How many were compared."""
    other_digits: int
    """In how many of them the networks find other digits, or the same in another order."""
    max_box_difference_px: float
    """The largest difference of a box's side in the other pictures."""
    max_score_difference: float
    """The largest difference of a score in the other pictures."""


def compare(first: Network, second: Network, pictures: Iterable[Picture]) -> Agreement:
    """Run both networks on pictures uint8 (H, W, 3), one at a time, and compare what they find."""
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
