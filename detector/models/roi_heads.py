"""Which digit is in a proposal and where exactly, with one box for all classes.

Ren et al., "Faster R-CNN" (2015); class-agnostic boxes as in Dai et al., "R-FCN" (2016), section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import nms

from detector.models.backbone import ConvNormReLU
from detector.models.boxes import (
    BatchBoxes,
    BatchDetections,
    BatchTargets,
    areas,
    clip,
    concatenated,
    decode,
    encode,
    iou_matrix,
    offset_by_group,
    on_any,
    shared,
    shorter_sides,
)
from detector.models.feature_table import FeatureTable
from detector.models.proposals import IGNORED_OVERLAP

CLASSES = 10  # label 0 inside the heads is background, digit d is d + 1
POSITIVE_IOU = 0.5
SAME_HEIGHT = 0.6  # of the height of the higher of two boxes: they are about as high
BOX_WEIGHT = 2.0  # of the box loss: COCO's AP asks for boxes to the pixel
DELTA_UNITS = (0.1, 0.1, 0.2, 0.2)  # deltas are learned in units of about their spread
ROUNDS = 4  # of without_parts: as long a row of digits, each a part of the next, is sorted out right


def without_parts(boxes: Tensor, threshold: float, same_height: float = SAME_HEIGHT) -> Tensor:
    """Of boxes (N, 4), best first, those (N,) that are not the same ink as a better one.

    A slim 1 in a wide box and in a narrow one has an IoU as small as that of two digits. It is one digit nevertheless
    if more than `threshold` of the smaller box lies in the other and both are about as high: two digits of a height
    cannot share a place, while a small one may well lie within a large one.

    What a better box removes removes nothing itself. Instead of going through the boxes one by one, all are judged at
    once by the verdicts of the round before: after n rounds those are right that no row of more than n depends on.
    """
    both, size = shared(boxes[:, None], boxes), areas(boxes)  # (N, N), (N,)
    heights = boxes[:, 3] - boxes[:, 1]  # (N,)
    alike = torch.minimum(heights[:, None], heights) > same_height * torch.maximum(heights[:, None], heights)
    same = (both > threshold * torch.minimum(size[:, None], size)) & alike
    number = torch.arange(boxes.shape[0], device=boxes.device)  # an exported one has no len
    same = (same & (number[:, None] < number)).to(boxes.dtype)  # a better one speaks against a worse one
    keep = torch.ones_like(heights)
    for _ in range(ROUNDS):
        keep = (keep @ same < 0.5).to(boxes.dtype)
    return keep > 0.5


@dataclass(frozen=True)
class BoxHeadConfig:
    """What shapes a BoxHead."""

    channels: int
    """Of the RoI features."""
    roi_size: int
    """Height and width of the RoI features."""
    width: int
    """Channels of its convolution."""
    hidden: int
    """Width of its hidden layer."""


class BoxHead(nn.Sequential):
    """RoI features (K, C, size, size) -> (K, hidden)."""

    def __init__(self, config: BoxHeadConfig) -> None:
        side = (config.roi_size + 1) // 2  # after a stride of 2
        super().__init__(
            ConvNormReLU(config.channels, config.width, stride=2),
            nn.Flatten(),
            nn.Linear(config.width * side * side, config.hidden),
            nn.ReLU(inplace=True),
        )


class BoxPredictor(nn.Module):
    """(K, hidden) -> logits of background and ten digits (K, 11), and one box's deltas (K, 4), float32."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.classes = nn.Linear(hidden, 1 + CLASSES)
        self.deltas = nn.Linear(hidden, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        return self.classes(x).float(), self.deltas(x).float()


@dataclass(frozen=True)
class DigitHeadsConfig:
    """What DigitHeads go by."""

    samples: int
    """Proposals of each image that are learned from."""
    score_threshold: float
    """Detections below are dropped."""
    nms_threshold: float
    """Of two detections that overlap more than this (IoU), the better is kept."""
    inside_threshold: float
    """Of two detections about as high, one of which has more of its area than this in the other, the better is kept."""
    nms_per_class: bool
    """Whether only detections of the same digit suppress each other."""
    second_look: bool
    """Whether the heads look once more at what they found."""


class DigitHeads(nn.Module):
    """Proposals and the features under them -> digits. NMS across classes: one piece of ink is one digit.

    pool: features and boxes -> RoI features (K, C, size, size). head: RoI features -> (K, hidden).
    """

    def __init__(self, config: DigitHeadsConfig, pool: nn.Module, head: nn.Module, predictor: BoxPredictor) -> None:
        super().__init__()
        self.config = config
        self.box_roi_pool = pool
        self.box_head = head
        self.box_predictor = predictor

    def forward(self, features: FeatureTable, proposals: BatchBoxes, limits: Tensor) -> tuple[BatchDetections, Tensor]:
        """What is found in each picture, and the chances (N, 10) of each digit. limits: see boxes.clip."""
        found, classes = self.digits(*self.look(features, proposals), proposals, limits)
        if self.config.second_look:  # before doubles are removed: it says more surely which is the better
            found, classes = self.refined(*self.look(features, found.where), found, limits)
        chosen = self.one_of_each(found, limits)
        return found.at(chosen), classes.index_select(0, chosen)

    def losses(
        self, features: FeatureTable, proposals: BatchBoxes, truths: BatchTargets, pictures: int
    ) -> dict[str, Tensor]:
        """Means over sampled proposals: cross entropy of the classes, smooth L1 of the boxes."""
        chosen, labels, matched = self.sample(proposals, truths, pictures)
        logits, deltas = self.look(features, chosen)
        positive = (labels > 0).nonzero()[:, 0]
        wanted = encode(matched[positive], chosen.boxes[positive]) / deltas.new_tensor(DELTA_UNITS)
        count = max(1, len(labels))
        return {
            "classes": F.cross_entropy(logits, labels, reduction="sum") / count,
            "boxes": BOX_WEIGHT * F.smooth_l1_loss(deltas[positive], wanted, beta=1 / 9, reduction="sum") / count,
        }

    def look(self, features: FeatureTable, where: BatchBoxes) -> tuple[Tensor, Tensor]:
        """Class logits (K, 11) and deltas (K, 4) for all boxes of all pictures."""
        return self.box_predictor(self.box_head(self.box_roi_pool(features, where)))

    def sample(self, proposals: BatchBoxes, truths: BatchTargets, pictures: int) -> tuple[BatchBoxes, Tensor, Tensor]:
        """Up to `samples` boxes of each picture to learn from, half of them digits, with classes and true boxes."""
        where = concatenated(proposals, truths.digits)  # the truth itself is a proposal to learn from
        if len(truths.labels) == 0:
            labels = torch.zeros_like(where.image_index)
            matched = where.boxes
        else:
            overlap, match = iou_matrix(where, truths.digits).max(1)
            labels = torch.where(overlap >= POSITIVE_IOU, truths.labels[match] + 1, 0)
            matched = truths.digits.boxes[match]
        positive = (labels > 0).nonzero()[:, 0]
        positive = positive[some_of_each(where.image_index[positive], self.config.samples // 2)]
        background = ((labels == 0) & ~on_any(where, truths.ignored, IGNORED_OVERLAP)).nonzero()[:, 0]
        digits = torch.bincount(where.image_index[positive], minlength=pictures)  # (B,)
        negative = background[some_of_each(where.image_index[background], self.config.samples - digits)]
        chosen = torch.cat([positive, negative])
        return where.at(chosen), labels[chosen], matched[chosen]

    def digits(
        self, logits: Tensor, deltas: Tensor, proposals: BatchBoxes, limits: Tensor
    ) -> tuple[BatchDetections, Tensor]:
        """The likely ones of what was seen in the proposals, and the chances (N, 10) of each digit."""
        moved = self.moved(deltas, proposals, limits)
        scores = logits.softmax(1)[:, 1:]  # (K, 10)
        if self.config.nms_per_class:
            row, label = (scores > self.config.score_threshold).nonzero(as_tuple=True)
            return BatchDetections(moved.at(row), label, scores[row, label]), scores[row]
        best, label = scores.max(1)
        likely = (best > self.config.score_threshold).nonzero()[:, 0]
        return BatchDetections(moved, label, best).at(likely), scores.index_select(0, likely)

    def refined(
        self, logits: Tensor, deltas: Tensor, first: BatchDetections, limits: Tensor
    ) -> tuple[BatchDetections, Tensor]:
        """After a second look, right at what was found: boxes become tighter, scores the mean of both looks.

        Iterative box regression: Gidaris and Komodakis, "Object detection via a multi-region and semantic
        segmentation-aware CNN model" (2015), section 4.
        """
        before = F.one_hot(first.labels, CLASSES) * first.scores[:, None]  # (N, 10)
        scores = (before + logits.softmax(1)[:, 1:]) / 2
        best, label = scores.max(1)
        return BatchDetections(self.moved(deltas, first.where, limits), label, best), scores

    def moved(self, deltas: Tensor, where: BatchBoxes, limits: Tensor) -> BatchBoxes:
        """Boxes moved by what the head says (K, 4), clipped to their picture."""
        boxes = decode(deltas * deltas.new_tensor(DELTA_UNITS), where.boxes)
        return clip(BatchBoxes(boxes, where.image_index), limits)

    def one_of_each(self, found: BatchDetections, limits: Tensor) -> Tensor:
        """Numbers (M,) of those candidates, best first, that are neither doubles nor unlikely nor tiny."""
        places = offset_by_group(found.where, self.groups(found), limits)
        order = nms(places, found.scores, self.config.nms_threshold)  # (M,)
        places, scores = places.index_select(0, order), found.scores.index_select(0, order)
        keep = without_parts(places, self.config.inside_threshold)
        keep = keep & (scores > self.config.score_threshold) & (shorter_sides(places)[:, 0] >= 1)
        return order.index_select(0, keep.nonzero()[:, 0])

    def groups(self, found: BatchDetections) -> Tensor:
        """Detections with the same value (N,) suppress each other: those of an image, or also of a class."""
        image_index = found.where.image_index
        return image_index * CLASSES + found.labels if self.config.nms_per_class else image_index


def some_of_each(groups: Tensor, count: int | Tensor) -> Tensor:
    """Of members of groups (N,), at most `count` of each, at random: their numbers. count: one, or one a group (G,)."""
    order = torch.randperm(len(groups), device=groups.device)
    order = order[groups[order].argsort(stable=True)]  # group by group, at random within
    sizes = torch.bincount(groups)
    start = sizes.cumsum(0) - sizes
    own = groups[order]
    rank = torch.arange(len(order), device=order.device) - start[own]
    return order[rank < (count[own] if isinstance(count, Tensor) else count)]
