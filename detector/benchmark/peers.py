"""Detectors to compare with: torchvision's and Ultralytics's. Their weights are random: nothing is downloaded.

Of YOLO the network alone is timed, which favours it: its outputs still need non-maximum suppression.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign

from detector.benchmark.measure import Measurement, time_in_turns
from detector.categories import DIGIT_COUNT
from detector.images import Picture
from detector.models.base import as_tensor
from detector.models.faster_rcnn import FasterRCNN
from detector.models.proposals import NEGATIVE_IOU, POSITIVE_IOU, SAMPLES_PER_IMAGE, ProposalHead
from detector.reading.reader import Network

YOLO_MODELS = {"YOLO11n": "yolo11n", "YOLOv8n": "yolov8n"}
INSTALL_COMMANDS = {
    "ultralytics": "pip install --no-deps ultralytics ultralytics-thop psutil pyyaml requests polars scipy",
    "onnx": "pip install '.[export]'",
    "onnxruntime": "pip install '.[onnx]'",
}
"""How to install a missing package. Ultralytics's own dependencies would bring an OpenCV that conflicts with ours."""
EXPORT_SCRIPT = """
import sys
from ultralytics import YOLO

YOLO(sys.argv[1]).export(format="onnx", imgsz=int(sys.argv[2]), simplify=False)
"""
EXPORT_TIMEOUT_S = 600


class _Backbone(nn.Module):
    """The feature pyramid with the attribute that torchvision asks of a backbone."""

    def __init__(self, pyramid: nn.Module, channels: int) -> None:
        super().__init__()
        self.pyramid = pyramid
        self.out_channels = channels

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps: dict[str, Tensor] = self.pyramid(images)
        return maps


class _ProposalHead(nn.Module):
    """The layers of our ProposalHead, with outputs in torchvision's order."""

    def __init__(self, head: ProposalHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, maps: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """(B, C, H, W) per level -> per level (B, A, H, W) and (B, A * 4, H, W)."""
        hidden = [torch.relu(self.head.hidden(m)) for m in maps]
        return [self.head.objectness(h) for h in hidden], [self.head.deltas(h) for h in hidden]


def torchvision_assembly(model: FasterRCNN, side: int) -> nn.Module:
    """torchvision's own FasterRCNN of the model's layers, anchors, thresholds and sample counts, for training.

    Only the last layer is new, since torchvision predicts one box for each class. RoI Align samples each bin 2 x 2
    times, as is usual there. side: of the images, pixels; torchvision then leaves their size as it is.
    """
    c = model.config
    anchors = AnchorGenerator(c.anchor_sizes, (c.anchor_aspects,) * len(c.anchor_sizes))
    before_nms, head = c.proposals_before_nms[0], model.proposals.head
    assert isinstance(head, ProposalHead)
    assembly: nn.Module = detection.FasterRCNN(
        _Backbone(model.backbone, c.channels),
        min_size=side,
        max_size=side,
        image_mean=[0.0] * 3,
        image_std=[1.0] * 3,
        rpn_anchor_generator=anchors,
        rpn_head=_ProposalHead(head),
        rpn_pre_nms_top_n_train=before_nms,
        rpn_post_nms_top_n_train=before_nms * len(c.anchor_sizes),
        rpn_nms_thresh=c.proposal_nms[0],
        rpn_fg_iou_thresh=POSITIVE_IOU,
        rpn_bg_iou_thresh=NEGATIVE_IOU,
        rpn_batch_size_per_image=SAMPLES_PER_IMAGE,
        box_roi_pool=MultiScaleRoIAlign([str(s) for s in model.backbone.strides], c.roi_size, sampling_ratio=2),
        box_head=model.heads.box_head,
        box_predictor=FastRCNNPredictor(c.head_hidden, 1 + DIGIT_COUNT),
        box_batch_size_per_image=c.samples,
        box_positive_fraction=0.5,
    )
    return assembly


def time_peers(
    networks: Mapping[str, Network], pictures: Sequence[Picture], folder: Path, turns: int, threads: int
) -> tuple[dict[str, Measurement], list[str]]:
    """Milliseconds for one picture at a time, of our networks and of their peers; and the peers that are missing.

    networks: by the names of their runtimes. pictures: uint8 (H, W, 3), all of one size. folder: for temporary files.
    """
    mobilenet = detection.fasterrcnn_mobilenet_v3_large_320_fpn(weights=None, weights_backbone=None).eval()
    images = [as_tensor(picture, torch.device("cpu")) for picture in pictures]
    contenders = {
        name: _cycling(network.find, [[picture] for picture in pictures]) for name, network in networks.items()
    }
    contenders["mobilenet"] = _cycling(torch.inference_mode()(mobilenet.forward), [[image] for image in images])
    skipped = []
    for name, model in YOLO_MODELS.items():
        try:
            session = _session(_exported(model, folder, pictures[0].shape[1]), threads)
        except PeerMissing as error:
            skipped.append(f"{name}: {error}")
        else:
            feeds = [{session.get_inputs()[0].name: image[None].numpy()} for image in images]
            contenders[name] = _cycling(partial(session.run, None), feeds)
    times = time_in_turns(contenders, turns)
    measurements = {f"{name}, ms": measurement for name, measurement in times.items()}
    for network in networks:
        measurements[f"mobilenet / {network}"] = times["mobilenet"].ratio_to(times[network])
        measurements |= {
            f"{network} / {name}": times[network].ratio_to(times[name]) for name in YOLO_MODELS if name in times
        }
    return measurements, skipped


class PeerMissing(Exception):
    """A peer that cannot be measured. The message says why."""


def _cycling(run: Callable[[Any], object], inputs: Sequence[Any]) -> Callable[[int], object]:
    """A contender that takes the next input in each turn, and the first again after the last."""
    return lambda turn: run(inputs[turn % len(inputs)])


def _exported(model: str, folder: Path, side: int) -> Path:
    """An ONNX file of a YOLO with random weights, made by its own exporter in a process of its own."""
    for package in ("ultralytics", "onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise PeerMissing(f"{package} is not installed; to compare with it: {INSTALL_COMMANDS[package]}")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # Without these, Ultralytics looks for updates, installs packages, and keeps settings in the user's home.
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_CONFIG_DIR": str(folder),
    }
    command = [sys.executable, "-c", EXPORT_SCRIPT, f"{model}.yaml", str(side)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=EXPORT_TIMEOUT_S
    )
    path = folder / f"{model}.onnx"
    if done.returncode or not path.is_file():
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PeerMissing(f"its export failed ({last})")
    return path


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
