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

from detector.errors import OptionError
from detector.models.backbone import Backbone, FeaturePyramid, FeaturePyramidConfig
from detector.models.background import against_background
from detector.models.base import BatchDetector, DetectorConfig
from detector.models.boxes import BatchBoxes, BatchDetections, BatchTargets, clip, limits_of
from detector.models.close_look import CloseLook
from detector.models.feature_table import in_one_table
from detector.models.proposals import ProposalConfig, ProposalNetwork
from detector.models.roi_align import PyramidRoIAlign
from detector.models.roi_heads import BoxHead, BoxHeadConfig, BoxPredictor, DigitHeads, DigitHeadsConfig
from detector.types import Target

LARGEST_ENLARGEMENT = 8
CLOSE_LOOK = "close-look"  # what the part is called that can learn alone
ROOM = (64, 128)  # pixels: sides of roomy batches are the first one, or a multiple of the second
LEARNED_ALONE = 24  # digits of each picture that it learns from then


@dataclass(frozen=True)
class RegionCNNConfig(DetectorConfig):
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
    second_look: bool = False
    """Whether the heads look once more at what they found: slightly tighter boxes for a fifth of the time."""
    close_widths: tuple[int, ...] = ()
    """Channels of a second classifier that looks at the pixels of what was found, at strides 1, 2, 4, 8; or none."""
    close_blocks: tuple[int, ...] = (0, 1, 0)
    """Its residual blocks at strides 2, 4, 8."""
    close_samples: int = 2
    """Digits of each picture that it learns from, while all else is learned, too."""

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

    @property
    def heads(self) -> DigitHeadsConfig:
        """What the heads go by."""
        return DigitHeadsConfig(
            self.samples,
            self.score_threshold,
            self.nms_threshold,
            self.inside_threshold,
            self.nms_per_class,
            self.second_look,
        )


@dataclass(frozen=True)
class FasterRCNNConfig(RegionCNNConfig):
    """Everything that shapes the model. Lengths are in pixels of the picture as the network sees it."""

    close_widths: tuple[int, ...] = field(default=(24, 48, 96, 128), metadata={"before": ()})
    """Channels of a second classifier that looks at the pixels of what was found, at strides 1, 2, 4, 8; or none."""
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
    """Best anchors that become proposals: of each level in training, of a picture in use."""
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
        """What shapes the backbone."""
        return FeaturePyramidConfig(self.stem, self.widths, self.blocks, self.channels)

    @property
    def box_head(self) -> BoxHeadConfig:
        """What shapes the head in front of classes and boxes."""
        return BoxHeadConfig(self.channels, self.roi_size, self.head_width, self.head_hidden)

    def proposals(self, strides: tuple[int, ...]) -> ProposalConfig:
        """What shapes the network that proposes, on feature maps with these strides."""
        return ProposalConfig(
            self.channels,
            self.proposal_width,
            strides,
            self.anchor_sizes,
            self.anchor_aspects,
            self.proposals_before_nms,
            self.proposal_nms,
            self.proposal_threshold,
        )


class RegionCNN(BatchDetector):
    """Picture -> backbone -> proposals -> heads -> detections in the picture's own pixels.

    backbone: (B, 3, H, W), H and W multiples of 16 -> feature maps by name. proposals: batch, limits, cells and, to
    learn, truths -> regions, and losses. pool: cuts the features of regions out of the cells; head: features cut out,
    (K, C, size, size) -> (K, head_hidden).
    """

    config: RegionCNNConfig

    def __init__(
        self, config: RegionCNNConfig, backbone: Backbone, proposals: nn.Module, pool: nn.Module, head: nn.Module
    ) -> None:
        super().__init__()
        self.config = c = config
        self.backbone = backbone
        self.proposals = proposals
        self.heads = DigitHeads(c.heads, pool, head, BoxPredictor(c.head_hidden))
        self.close_look = CloseLook(c.close_widths, c.close_blocks) if c.close_widths else None
        self.learns_close_look_alone = False
        self.to(memory_format=torch.channels_last)

    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        """See Detector; the terms are classes and boxes, means over what was sampled, and those of the proposals."""
        if not images:
            return {}
        pictures = prepared_each(self.prepared, images)
        batch, limits = stack(pictures, self.backbone.multiple, roomy=images[0].is_cuda)
        truths = as_truths(targets, [enlargement(*pair) for pair in zip(images, pictures, strict=True)], batch.device)
        if self.close_look is not None and self.learns_close_look_alone:
            return self.close_look.losses(batch, truths, LEARNED_ALONE)
        close: dict[str, Tensor] = {}
        if self.close_look is not None:
            close = self.close_look.losses(batch, truths, self.config.close_samples)
        features = in_one_table(self.backbone(batch))
        proposals, losses = self.proposals(batch, limits, features, truths)
        return losses | self.heads.losses(features, proposals, truths, len(images)) | close

    def learn_only(self, part: str) -> None:
        """See Detector. The close look can learn alone: it takes many more digits a second than all else does."""
        if part != CLOSE_LOOK or self.close_look is None:
            raise OptionError(f"--only {part}: expected {CLOSE_LOOK}, and a detector that has one; leave it out.")
        self.requires_grad_(False)
        self.close_look.requires_grad_(True)
        self.learns_close_look_alone = True

    def detect_batch(self, images: Tensor, max_value: float = 1.0) -> BatchDetections:
        """See Detector."""
        pictures = self.prepared(images, max_value)
        batch, limits = padded(pictures, self.backbone.multiple), limits_of(pictures)
        features = in_one_table(self.backbone(batch))
        proposals, _ = self.proposals(batch, limits, features)
        found, classes = self.heads(features, proposals, limits)
        if self.close_look is not None:
            found = self.close_look.judged(batch, found, classes)
        own = limits_of(images)
        return found._replace(where=clip(BatchBoxes(found.where.boxes * (own / limits), found.where.image_index), own))

    def prepared(self, images: Tensor, max_value: float = 1.0) -> Tensor:
        """Pictures of one size (B, 3, H, W) against their backgrounds, and enlarged if they are small."""
        pictures = against_background(images, max_value)
        height, width = images.shape[2:]
        # An exported one does not know the size yet: its sides are symbols, which behave as whole numbers do.
        shortest = cast("int", torch.sym_min(height, width))
        wanted = torch.sym_max(shortest, torch.sym_min(self.config.shortest_side, LARGEST_ENLARGEMENT * shortest))
        wanted = cast("int", wanted)
        size = [height * wanted // shortest, width * wanted // shortest]
        if torch.compiler.is_exporting() or size != [height, width]:
            pictures = F.interpolate(pictures, size, mode="bilinear", align_corners=False)
        return pictures


class FasterRCNN(RegionCNN):
    """A network on the shared features proposes: everything is learned, and the proposals cost next to nothing."""

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
    """Images (B, 3, H, W) with background to the right and below, so that both sides are multiples of `multiple`.

    roomy: as far as that they have one of a few sizes. A GPU takes seconds to choose its kernels for each new one.
    """
    below, right = (-side % (ROOM[side > ROOM[0]] if roomy else multiple) for side in pictures.shape[2:])
    return F.pad(pictures, (0, right, 0, below)).contiguous(memory_format=torch.channels_last)


def prepared_each(prepare: Callable[[Tensor], Tensor], images: Sequence[Tensor]) -> Sequence[Tensor]:
    """Each picture (3, H, W) prepared on its own; those of one size together, which gives the same and is faster."""
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


def enlargement(image: Tensor, picture: Tensor) -> np.ndarray:
    """By how much x0, y0, x1, y1 of the image grow in the prepared picture: float32 (4,)."""
    y, x = picture.shape[1] / image.shape[1], picture.shape[2] / image.shape[2]
    return np.array([x, y, x, y], np.float32)


def as_truths(targets: Sequence[Target], scales: Sequence[np.ndarray], device: torch.device) -> BatchTargets:
    """Targets in pixels of the prepared pictures, the ignored boxes apart from those to be learned."""
    boxes = np.concatenate([target.boxes * scale for target, scale in zip(targets, scales, strict=True)])
    picture = np.repeat(np.arange(len(targets)), [len(target) for target in targets])
    labels, ignore = (np.concatenate([getattr(t, name) for t in targets]) for name in ("labels", "ignore"))

    def regions(own: np.ndarray) -> BatchBoxes:
        return BatchBoxes(torch.from_numpy(boxes[own]), torch.from_numpy(picture[own])).to(device)

    return BatchTargets(regions(~ignore), torch.from_numpy(labels[~ignore]).to(device), regions(ignore))
