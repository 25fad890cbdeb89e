"""The detector to use: a Faster R-CNN fitted to digits and to two cores.

Ren et al., "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks" (2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.image_list import ImageList

from detector.backbone import FeaturePyramid
from detector.background import against_background
from detector.base import Detector
from detector.proposals import ProposalNetwork
from detector.roi_align import PyramidRoIAlign
from detector.roi_heads import BoxHead, BoxPredictor, DigitHeads
from detector.types import Detections, Target

LARGEST_ENLARGEMENT = 8.0


@dataclass(frozen=True)
class RegionCNNConfig:
    """What R-CNN, Fast R-CNN and Faster R-CNN have in common. Lengths are in pixels as the network sees the picture."""

    samples: int = 64
    """Proposals of each picture that the heads learn from."""
    roi_size: int = 7
    """Side of the features cut out for a proposal."""
    head_hidden: int = 256
    """Width of the head's hidden layer."""
    shortest_side: int = 64
    """A picture with a shorter side is enlarged until it is this long, eight times at most."""
    score_threshold: float = 0.05
    """Detections below are dropped."""
    nms_threshold: float = 0.45
    """Of two detections that overlap more than this (IoU), the better is kept."""
    inside_threshold: float = 0.7
    """Of two detections about as high, one of which has more of its area than this in the other, the better is kept."""
    nms_per_class: bool = False
    """Whether only detections of the same digit suppress each other."""
    most_detections: int = 300
    """Detections of each picture."""
    second_look: bool = True
    """Whether the heads look once more at what they found: slightly better boxes and classes for little time."""


@dataclass(frozen=True)
class FasterRCNNConfig(RegionCNNConfig):
    """Everything that shapes the model. Lengths are in pixels of the picture as the network sees it."""

    stem: int = 16
    """Channels at stride 2."""
    widths: tuple[int, int, int] = (32, 64, 128)
    """Channels at strides 4, 8, 16."""
    blocks: tuple[int, int, int] = (0, 1, 1)
    """Residual blocks at strides 4, 8, 16."""
    channels: int = 64
    """Channels of each level of the pyramid."""
    head_width: int = 128
    """Channels of the head's convolution."""
    proposal_width: int = 32
    """Channels of the layer that proposes."""
    anchor_sizes: tuple[tuple[float, ...], ...] = ((10, 17), (29, 49), (83, 140))
    """Square roots of the anchors' areas on each level."""
    anchor_aspects: tuple[float, ...] = (1.4, 3.0)
    """Height over width of the anchors: most digits, and the 1."""
    proposals_before_nms: tuple[int, int] = (100, 1000)
    """Best anchors of each level, in training and in use."""
    proposals_after_nms: tuple[int, int] = (200, 400)
    """Proposals of each picture at most, in training and in use."""
    proposal_nms: tuple[float, float] = (0.7, 0.5)
    """Of two proposals that overlap more than this (IoU), the better is kept, in training and in use."""
    proposal_threshold: float = 0.3
    """In use, proposals that are less probably digits are dropped: an empty page costs little."""


class RegionCNN(Detector):
    """Picture -> backbone -> proposals -> heads -> detections in the picture's own pixels.

    backbone: (B, 3, H, W), H and W multiples of 16 -> feature maps by name. proposals: batch, features and, to learn,
    targets -> boxes of each picture, and losses. pool: cuts the features of a proposal out; head: features cut out,
    (K, C, size, size) -> (K, head_hidden).
    """

    def __init__(
        self, config: RegionCNNConfig, backbone: nn.Module, proposals: nn.Module, pool: nn.Module, head: nn.Module
    ) -> None:
        super().__init__()
        self.config = c = config
        self.backbone = backbone
        self.proposals = proposals
        self.heads = DigitHeads(
            pool,
            head,
            BoxPredictor(c.head_hidden),
            c.samples,
            c.score_threshold,
            c.nms_threshold,
            c.inside_threshold,
            c.most_detections,
            c.nms_per_class,
            c.second_look,
        )
        self.to(memory_format=torch.channels_last)

    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        """See Detector; the terms are classes and boxes, means over what was sampled, and those of the proposals."""
        if not images:
            return {}
        pictures = [self.prepare(image) for image in images]
        batch = stack(pictures)
        truths = [
            as_tensors(target, image, picture) for target, image, picture in zip(targets, images, pictures, strict=True)
        ]
        features = self.backbone(batch.tensors)
        proposals, proposal_losses = self.proposals(batch, features, truths)
        _, head_losses = self.heads(features, proposals, batch.image_sizes, truths)
        return proposal_losses | head_losses

    @torch.inference_mode()
    def predict(self, images: Sequence[Tensor]) -> list[Detections]:
        """See Detector. Pictures of one size go through together, so that company changes no answer."""
        training = self.training
        self.eval()
        pictures = [self.prepare(image) for image in images]
        found: list[Detections] = [Detections.empty()] * len(pictures)
        for size in sorted({padded(p) for p in pictures}):
            members = [i for i, p in enumerate(pictures) if padded(p) == size]
            batch = stack([pictures[i] for i in members])
            features = self.backbone(batch.tensors)
            proposals, _ = self.proposals(batch, features)
            digits, _ = self.heads(features, proposals, batch.image_sizes)
            for i, digit in zip(members, digits, strict=True):
                found[i] = as_detections(digit, images[i], pictures[i])
        self.train(training)
        return found

    def prepare(self, image: Tensor) -> Tensor:
        """The picture (3, H, W) against its background, and enlarged if it is small."""
        picture = against_background(image)
        scale = min(LARGEST_ENLARGEMENT, self.config.shortest_side / min(image.shape[1:]))
        if scale > 1:
            size = [round(side * scale) for side in image.shape[1:]]
            picture = F.interpolate(picture[None], size, mode="bilinear", align_corners=False)[0]
        return picture


class FasterRCNN(RegionCNN):
    """A network on the shared features proposes: everything is learned, and the proposals cost next to nothing."""

    config: FasterRCNNConfig

    def __init__(self, config: FasterRCNNConfig | None = None) -> None:
        c = config or FasterRCNNConfig()
        super().__init__(
            c,
            FeaturePyramid(c.stem, c.widths, c.blocks, c.channels),
            ProposalNetwork(
                c.channels,
                c.proposal_width,
                FeaturePyramid.strides,
                c.anchor_sizes,
                c.anchor_aspects,
                c.proposals_before_nms,
                c.proposals_after_nms,
                c.proposal_nms,
                c.proposal_threshold,
            ),
            PyramidRoIAlign(FeaturePyramid.strides, c.roi_size),
            BoxHead(c.channels, c.roi_size, c.head_width, c.head_hidden),
        )


def padded(picture: Tensor) -> tuple[int, int]:
    """Height and width of a picture (3, H, W), rounded up to what the backbone can halve."""
    stride = FeaturePyramid.strides[-1]
    return -(-picture.shape[1] // stride) * stride, -(-picture.shape[2] // stride) * stride


def stack(pictures: Sequence[Tensor]) -> ImageList:
    """Prepared pictures (3, H, W) of different sizes as one batch (B, 3, H, W), padded right and below."""
    height = max((padded(p)[0] for p in pictures), default=0)
    width = max((padded(p)[1] for p in pictures), default=0)
    batch = torch.zeros(len(pictures), 3, height, width, device=pictures[0].device)
    batch = batch.to(memory_format=torch.channels_last)
    for slot, picture in zip(batch, pictures, strict=True):
        slot[:, : picture.shape[1], : picture.shape[2]] = picture
    return ImageList(batch, [(p.shape[1], p.shape[2]) for p in pictures])


def enlargement(image: Tensor, picture: Tensor) -> Tensor:
    """By how much x0, y0, x1, y1 of the image grow in the prepared picture: (4,), on the CPU."""
    y, x = picture.shape[1] / image.shape[1], picture.shape[2] / image.shape[2]
    return torch.tensor([x, y, x, y])


def as_tensors(target: Target, image: Tensor, picture: Tensor) -> dict[str, Tensor]:
    """The target in pixels of the prepared picture, the ignored boxes apart from those to be learned."""
    boxes = torch.from_numpy(target.boxes) * enlargement(image, picture)
    ignore = torch.from_numpy(target.ignore)
    tensors = {"boxes": boxes[~ignore], "labels": torch.from_numpy(target.labels)[~ignore], "ignored": boxes[ignore]}
    return {name: tensor.to(image.device) for name, tensor in tensors.items()}


def as_detections(digits: dict[str, Tensor], image: Tensor, picture: Tensor) -> Detections:
    """What the heads found, in pixels of the image and inside of it."""
    boxes = (digits["boxes"].cpu() / enlargement(image, picture)).numpy().astype(np.float32)
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, image.shape[2])
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, image.shape[1])
    return Detections(boxes, digits["labels"].cpu().numpy(), digits["scores"].cpu().numpy().clip(0, 1))
