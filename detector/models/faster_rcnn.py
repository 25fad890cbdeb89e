"""The detector to use: a Faster R-CNN fitted to digits and to two cores.

Ren et al., "Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks" (2015).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detector.categories import CATEGORIES, DIGIT_COUNT, DIGITS, checked
from detector.errors import OptionError
from detector.models.backbone import Backbone, FeaturePyramid, FeaturePyramidConfig
from detector.models.background import against_background
from detector.models.base import BatchDetector, DetectorConfig
from detector.models.boxes import BatchBoxes, BatchDetections, BatchTargets, clip, image_limits
from detector.models.close_look import CloseLook, CloseLookConfig
from detector.models.feature_table import in_one_table
from detector.models.proposals import ProposalConfig, ProposalNetwork
from detector.models.roi_align import PyramidRoIAlign
from detector.models.roi_heads import (
    BoxHead,
    BoxHeadConfig,
    BoxPredictor,
    DigitHeads,
    DigitHeadsConfig,
    told_once,
    told_twice,
)
from detector.types import FloatArray, IntArray, Target, widened

MAX_ENLARGEMENT = 8  # times
ROOMY_SIDES_PX = (64, 128)  # sides of roomy batches are the first one, or multiples of the second
MAX_SIGN_ASPECT = 6.0  # longer over shorter side of a sign's box: no anchor comes near a longer one
CLOSE_LOOK = "close-look"  # the name of the part that can learn alone
CLOSE_SAMPLES_ALONE = 24  # digits of each image that it learns from then


@dataclass(frozen=True)
class RegionCNNConfig(DetectorConfig):
    """What R-CNN, Fast R-CNN and Faster R-CNN have in common. Lengths are in pixels of the prepared image."""

    categories: tuple[str, ...] = field(default=DIGITS, metadata={"before": DIGITS})
    """What it finds, by name, in the order of its labels: the digits, then signs and others."""
    samples: int = 64
    """Proposals of each image that the heads learn from."""
    roi_size: int = 7
    """Height and width of the RoI features of a proposal."""
    head_hidden: int = 256
    """Width of the head's hidden layer."""
    shortest_side: int = 64
    """An image whose shorter side is shorter is enlarged until it is this long, eight times at most."""
    score_threshold: float = 0.05
    """Detections below are dropped."""
    nms_threshold: float = 0.45
    """Of two detections that overlap more than this (IoU), the better is kept."""
    inside_threshold: float = 0.7
    """Of two detections about as high, one of which has more of its area than this in the other, the better is kept."""
    nms_per_class: bool = False
    """Whether only detections of the same digit suppress each other."""
    second_look: bool = False
    """Whether the heads look once more at what they found: slightly tighter boxes for a fifth of the time."""
    close_widths: tuple[int, ...] = ()
    """Channels, at strides 1, 2, 4, 8, of a second classifier that looks at the pixels of detections; () for none."""
    close_blocks: tuple[int, ...] = (0, 1, 0)
    """Its residual blocks at strides 2, 4, 8."""
    close_samples: int = 2
    """Digits of each image that it learns from while the rest of the detector learns, too."""

    tunable: ClassVar[tuple[str, ...]] = (
        "score_threshold",
        "nms_threshold",
        "inside_threshold",
        "second_look",
        "close_samples",
    )

    def __post_init__(self) -> None:
        if self.close_widths and self.nms_per_class:
            raise OptionError("close_widths, nms_per_class: expected one of them, got both; a box has one digit then.")
        checked(self.categories)

    @property
    def close_look(self) -> CloseLookConfig | None:
        """The config of the second classifier; None where there is none."""
        if not self.close_widths:
            return None
        return CloseLookConfig(self.close_widths, self.close_blocks, len(self.categories))

    @property
    def heads(self) -> DigitHeadsConfig:
        """The config of the heads."""
        return DigitHeadsConfig(
            categories=len(self.categories),
            samples=self.samples,
            score_threshold=self.score_threshold,
            nms_threshold=self.nms_threshold,
            inside_threshold=self.inside_threshold,
            nms_per_class=self.nms_per_class,
            second_look=self.second_look,
        )


@dataclass(frozen=True)
class FasterRCNNConfig(RegionCNNConfig):
    """Everything that shapes a Faster R-CNN. Lengths are in pixels of the prepared image."""

    categories: tuple[str, ...] = field(default=CATEGORIES, metadata={"before": DIGITS})
    """What it finds, by name, in the order of its labels: the digits, then signs and others."""
    close_widths: tuple[int, ...] = field(default=(24, 48, 96, 128), metadata={"before": ()})
    """Channels, at strides 1, 2, 4, 8, of a second classifier that looks at the pixels of detections; () for none."""
    close_blocks: tuple[int, ...] = field(default=(1, 1, 1), metadata={"before": (0, 1, 0)})
    """Its residual blocks at strides 2, 4, 8."""
    stem: int = 16
    """Channels at stride 2."""
    widths: tuple[int, int, int] = (32, 64, 128)
    """Channels at strides 4, 8, 16."""
    blocks: tuple[int, int, int] = (0, 2, 2)
    """Residual blocks at strides 4, 8, 16."""
    channels: int = 64
    """Channels of each level of the pyramid."""
    head_width: int = 128
    """Channels of the head's convolution."""
    proposal_width: int = 64
    """Channels of the layer that proposes."""
    anchor_sizes: tuple[tuple[float, ...], ...] = ((10, 17), (29, 49), (83, 140))
    """Square roots of the anchors' areas on each level."""
    anchor_aspects: tuple[float, ...] = (1.4, 3.0)
    """Height over width of the anchors: most digits, and the 1."""
    proposals_before_nms: tuple[int, int] = (100, 3000)
    """Best anchors that become proposals: of each level in training, of an image in use."""
    proposal_nms: tuple[float, float] = (0.7, 0.4)
    """Of two proposals that overlap more than this (IoU), the better is kept, in training and in use."""
    proposal_threshold: float = 0.5
    """In use, proposals that are less probably digits are dropped: an empty page costs little."""

    tunable: ClassVar[tuple[str, ...]] = (
        *RegionCNNConfig.tunable,
        "proposals_before_nms",
        "proposal_nms",
        "proposal_threshold",
    )

    @property
    def backbone(self) -> FeaturePyramidConfig:
        """The config of the backbone."""
        return FeaturePyramidConfig(self.stem, self.widths, self.blocks, self.channels)

    @property
    def box_head(self) -> BoxHeadConfig:
        """The config of the head in front of classes and boxes."""
        return BoxHeadConfig(self.channels, self.roi_size, self.head_width, self.head_hidden)

    def proposals(self, strides: tuple[int, ...]) -> ProposalConfig:
        """The config of the network that proposes, on feature maps with these strides."""
        return ProposalConfig(
            channels=self.channels,
            hidden=self.proposal_width,
            strides=strides,
            anchor_sizes=self.anchor_sizes,
            anchor_aspects=self.anchor_aspects,
            before_nms=self.proposals_before_nms,
            nms_thresholds=self.proposal_nms,
            threshold=self.proposal_threshold,
        )


class RegionCNN(BatchDetector):
    """Image -> backbone -> proposals -> heads -> postprocess -> detections in the image's own pixels.

    backbone: see Backbone. proposals: batch, limits, feature table and, in training, targets -> boxes, and losses.
    pool: feature table and boxes -> RoI features (K, C, size, size). head: RoI features -> (K, head_hidden).
    """

    config: RegionCNNConfig

    def __init__(
        self, config: RegionCNNConfig, backbone: Backbone, proposals: nn.Module, pool: nn.Module, head: nn.Module
    ) -> None:
        super().__init__()
        self.config = c = config
        self.categories = c.categories
        self.backbone = backbone
        self.proposals = proposals
        self.heads = DigitHeads(c.heads, pool, head, BoxPredictor(c.head_hidden, len(c.categories)))
        self.close_look = CloseLook(c.close_look) if c.close_look else None
        self.learns_close_look_alone = False
        self.to(memory_format=torch.channels_last)

    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        """See Detector. The terms are classes and boxes, means over samples, and those of proposals and close look."""
        if not images:
            return {}
        pictures = prepared_each(self.prepared, images)
        batch, limits = stack(pictures, self.backbone.multiple, roomy=images[0].is_cuda)
        scales = [enlargement(*pair) for pair in zip(images, pictures, strict=True)]
        batch_targets = as_batch_targets(targets, scales, len(self.categories), batch.device)
        if self.close_look is not None and self.learns_close_look_alone:
            return self.close_look.losses(batch, batch_targets, CLOSE_SAMPLES_ALONE)
        close: dict[str, Tensor] = {}
        if self.close_look is not None:
            close = self.close_look.losses(batch, batch_targets, self.config.close_samples)
        features = in_one_table(self.backbone(batch))
        proposals, losses = self.proposals(batch, limits, features, batch_targets)
        of_heads = self.heads.losses(features, proposals, batch_targets, len(images))
        return {**losses, **of_heads, **close}

    def learn_only(self, part: str) -> None:
        """See Detector. The close look can learn alone: it goes through many more digits a second than the rest."""
        if part != CLOSE_LOOK or self.close_look is None:
            raise OptionError(f"--only {part}: expected {CLOSE_LOOK}, and a detector that has one; leave it out.")
        self.requires_grad_(False)
        self.close_look.requires_grad_(True)
        self.learns_close_look_alone = True

    def detect_batch(self, images: Tensor, max_value: float = 1.0) -> BatchDetections:
        """See Detector."""
        pictures = self.prepared(images, max_value)
        batch, limits = padded(pictures, self.backbone.multiple), image_limits(pictures)
        features = in_one_table(self.backbone(batch))
        proposals, _ = self.proposals(batch, limits, features)
        found, probabilities = self.heads(features, proposals, limits)
        if self.close_look is not None:
            probabilities = self.close_look.reconsidered(batch, found, probabilities)
        if len(self.categories) > DIGIT_COUNT and not self.config.nms_per_class:
            found = told_twice(found.where, probabilities, self.config.score_threshold)
        elif self.close_look is not None:
            found = told_once(found.where, probabilities)
        own = image_limits(images)
        where = clip(BatchBoxes(found.where.boxes * (own / limits), found.where.image_index), own)
        return BatchDetections(where, found.labels, found.scores)

    def prepared(self, images: Tensor, max_value: float = 1.0) -> Tensor:
        """Images of one size (B, 3, H, W) against their backgrounds, and enlarged if they are small."""
        pictures = against_background(images, max_value)
        height, width = images.shape[2:]
        # While a detector is exported, sides are symbols, which behave as int does.
        shortest = cast("int", torch.sym_min(height, width))
        wanted = torch.sym_max(shortest, torch.sym_min(self.config.shortest_side, MAX_ENLARGEMENT * shortest))
        wanted = cast("int", wanted)
        size = [height * wanted // shortest, width * wanted // shortest]
        if torch.compiler.is_exporting() or size != [height, width]:
            pictures = F.interpolate(pictures, size, mode="bilinear", align_corners=False)
        return pictures


class FasterRCNN(RegionCNN):
    """Proposals come from a network on the shared features: they are learned, too, and take next to no time."""

    name = "faster-rcnn"

    config: FasterRCNNConfig

    def __init__(self, config: FasterRCNNConfig | None = None) -> None:
        c = config or FasterRCNNConfig()
        backbone = FeaturePyramid(c.backbone)
        super().__init__(
            c,
            backbone,
            ProposalNetwork(c.proposals(backbone.strides)),
            PyramidRoIAlign(backbone.strides, c.roi_size, within=True),
            BoxHead(c.box_head),
        )


def padded(pictures: Tensor, multiple: int, roomy: bool = False) -> Tensor:
    """Images (B, 3, H, W) with background to the right and below: both sides are then multiples of `multiple`, pixels.

    roomy: more background, so that there are only a few sizes. A GPU takes seconds to choose its kernels for a new one.
    """
    below, right = (
        -side % (ROOMY_SIDES_PX[side > ROOMY_SIDES_PX[0]] if roomy else multiple) for side in pictures.shape[2:]
    )
    return F.pad(pictures, (0, right, 0, below)).contiguous(memory_format=torch.channels_last)


def prepared_each(prepare: Callable[[Tensor], Tensor], images: Sequence[Tensor]) -> Sequence[Tensor]:
    """Each image (3, H, W), prepared. Where all have one size they go together, which gives the same and is faster."""
    if len({image.shape for image in images}) == 1:
        return prepare(torch.stack(list(images))).unbind()
    return [prepare(image[None])[0] for image in images]


def stack(pictures: Sequence[Tensor], multiple: int, roomy: bool = False) -> tuple[Tensor, Tensor]:
    """Prepared images (3, H, W) of different sizes as one batch (B, 3, H, W), and their limits (B, 4). See padded."""
    sides = [(p.shape[2], p.shape[1]) for p in pictures]
    width, height = map(max, zip(*sides, strict=True))
    alike = [
        p if (w, h) == (width, height) else F.pad(p, (0, width - w, 0, height - h))
        for p, (w, h) in zip(pictures, sides, strict=True)
    ]
    limits = torch.tensor(sides, dtype=torch.float32, device=pictures[0].device).repeat(1, 2)
    return padded(torch.stack(alike), multiple, roomy), limits


def enlargement(image: Tensor, picture: Tensor) -> FloatArray:
    """By how much x0, y0, x1, y1 grow from an image (3, H, W) to its prepared picture: float32 (4,)."""
    y, x = picture.shape[1] / image.shape[1], picture.shape[2] / image.shape[2]
    return np.array([x, y, x, y], np.float32)


def as_batch_targets(
    targets: Sequence[Target], scales: Sequence[FloatArray], categories: int, device: torch.device
) -> BatchTargets:
    """Targets as those of a batch. scales: see enlargement; boxes are in pixels of the prepared pictures.

    categories: how many the detector has. Others are background to it, and so is ink of which nothing is told where it
    has digits alone. Boxes of signs are MIN_SIGN_SIDE_PX wide and high at least. Those as long and narrow as the rule
    below a sum are not told.
    """
    moved = [target.scaled(scale) for target, scale in zip(targets, scales, strict=True)]
    image_index = np.repeat(np.arange(len(moved)), [len(target) for target in moved])
    boxes, labels, ignore, untold = (
        np.concatenate([getattr(target, name) for target in moved]) for name in ("boxes", "labels", "ignore", "untold")
    )
    boxes = np.where((labels < DIGIT_COUNT)[:, None], boxes, widened(boxes))
    sides = boxes[:, 2:] - boxes[:, :2]  # (N, 2)
    long = (labels >= DIGIT_COUNT) & (sides.max(1, initial=0) > MAX_SIGN_ASPECT * sides.min(1, initial=np.inf))
    known = (labels < categories) & ~long

    def where(boxes: FloatArray, image_index: IntArray) -> BatchBoxes:
        return BatchBoxes(torch.from_numpy(boxes), torch.from_numpy(image_index)).to(device)

    true, ignored = known & ~ignore, known & ignore
    untold = np.concatenate([untold, boxes[long]])
    untold_index = np.repeat(np.arange(len(moved)), [len(target.untold) for target in moved])
    untold_index = np.concatenate([untold_index, image_index[long]])
    return BatchTargets(
        where(boxes[true], image_index[true]),
        torch.from_numpy(labels[true]).to(device),
        where(boxes[ignored], image_index[ignored]),
        where(untold, untold_index) if len(untold) and categories > DIGIT_COUNT else None,
    )
