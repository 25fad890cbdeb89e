"""Which digit or sign is in a proposal and where exactly, with one box for all classes.

Ren et al., "Faster R-CNN" (2015); class-agnostic boxes as in Dai et al., "R-FCN" (2016), section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import nms

from detector.categories import DIGIT_COUNT
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
    intersection,
    iou_matrix,
    mostly_on_any,
    offset_by_group,
    shorter_sides,
)
from detector.models.feature_table import FeatureTable
from detector.models.proposals import IGNORED_OVERLAP

# Inside the heads, class 0 is background, and category c is class c + 1.
POSITIVE_IOU = 0.5  # from here on a proposal is that of a digit or sign
MAX_DIGIT_SHARE, MAX_POSITIVE_SHARE = 0.5, 0.75  # of the sampled proposals: digits, and all but background
UNTOLD_OVERLAP = 0.5  # share of a proposal's area on untold ink from which on it may be a sign or not
MIN_HEIGHT_RATIO = 0.6  # of the lower to the higher of two boxes that are about as high
MIN_SIDE_PX = 1  # of a detection
BOX_LOSS_WEIGHT = 2.0  # more than 1, as COCO's AP asks for boxes to the pixel
DELTA_UNITS = (0.1, 0.1, 0.2, 0.2)  # deltas are learned in units of about their standard deviation
SUPPRESSION_ROUNDS = 4  # chains of so many boxes, each contained in the next, are sorted out right


def without_contained(boxes: Tensor, threshold: float, min_height_ratio: float = MIN_HEIGHT_RATIO) -> Tensor:
    """Which of boxes (N, 4), best first, are not the same ink as a better one: bool (N,).

    A slim 1 in a wide box and in a narrow one has an IoU as small as that of two digits. Two boxes are nevertheless one
    digit where they are about as high, and more than `threshold` of the smaller one lies in the other. Two digits of
    the same height cannot share a place, while a small one may well lie within a large one.

    A box that a better one removes removes no other. Instead of going through the boxes one by one, all are judged at
    once by the verdicts of the round before. After n rounds, all verdicts are right that depend on a chain of n boxes
    at most.
    """
    both, size = intersection(boxes[:, None], boxes), areas(boxes)  # (N, N), (N,)
    heights = boxes[:, 3] - boxes[:, 1]  # (N,)
    alike = torch.minimum(heights[:, None], heights) > min_height_ratio * torch.maximum(heights[:, None], heights)
    same = (both > threshold * torch.minimum(size[:, None], size)) & alike
    rank = torch.arange(boxes.shape[0], device=boxes.device)  # not by len, which an exported one lacks
    same = (same & (rank[:, None] < rank)).to(boxes.dtype)  # (N, N), 1 where a better box may remove a worse one
    keep = torch.ones_like(heights)
    for _ in range(SUPPRESSION_ROUNDS):
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
    """(K, hidden) -> logits of background and C categories (K, 1 + C), and one box's deltas (K, 4), float32."""

    def __init__(self, hidden: int, categories: int) -> None:
        super().__init__()
        self.classes = nn.Linear(hidden, 1 + categories)
        self.deltas = nn.Linear(hidden, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        return self.classes(x).float(), self.deltas(x).float()


@dataclass(frozen=True)
class DigitHeadsConfig:
    """What the heads learn from, and what they drop. See RegionCNNConfig, which has the same fields."""

    categories: int
    """How many there are; the first ten are the digits."""
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
    """Proposals and the features under them -> digits and signs.

    NMS goes across classes, as one piece of ink is one digit or one sign. pool: features and boxes -> RoI features
    (K, C, size, size). head: RoI features -> (K, hidden).
    """

    def __init__(self, config: DigitHeadsConfig, pool: nn.Module, head: nn.Module, predictor: BoxPredictor) -> None:
        super().__init__()
        self.config = config
        self.box_roi_pool = pool
        self.box_head = head
        self.box_predictor = predictor

    def forward(self, features: FeatureTable, proposals: BatchBoxes, limits: Tensor) -> tuple[BatchDetections, Tensor]:
        """What is found in each image, and the probabilities (N, C) of each category. limits: see boxes.clip."""
        found, probabilities = self.candidates(*self.logits_and_deltas(features, proposals), proposals, limits)
        if self.config.second_look:  # before duplicates are removed, as it knows better which one to keep
            found, probabilities = self.refined(*self.logits_and_deltas(features, found.where), found, limits)
        kept = self.postprocess(found, limits)
        return found.at(kept), probabilities.index_select(0, kept)

    def losses(
        self, features: FeatureTable, proposals: BatchBoxes, targets: BatchTargets, images: int
    ) -> dict[str, Tensor]:
        """Means over sampled proposals: cross entropy of the classes, smooth L1 of the boxes.

        Of a proposal on untold ink, it is only known that it is no digit. So the cross entropy is that of all classes
        but the digits together.
        """
        chosen, labels, matched = self.sample(proposals, targets, images)
        logits, deltas = self.logits_and_deltas(features, chosen)
        positive = (labels > 0).nonzero()[:, 0]
        wanted = encode(matched[positive], chosen.boxes[positive]) / deltas.new_tensor(DELTA_UNITS)
        count = max(1, len(labels))
        possible = F.one_hot(labels, logits.shape[1]) > 0  # (S, 1 + C)
        if targets.untold is not None:
            untold = (labels == 0) & mostly_on_any(chosen, targets.untold, UNTOLD_OVERLAP)  # (S,)
            possible[:, 1 + DIGIT_COUNT :] |= untold[:, None]
        return {
            "classes": (logits.logsumexp(1) - logits.masked_fill(~possible, -torch.inf).logsumexp(1)).sum() / count,
            "boxes": BOX_LOSS_WEIGHT * F.smooth_l1_loss(deltas[positive], wanted, beta=1 / 9, reduction="sum") / count,
        }

    def logits_and_deltas(self, features: FeatureTable, where: BatchBoxes) -> tuple[Tensor, Tensor]:
        """For each box its class logits (K, 1 + C) and deltas (K, 4)."""
        logits, deltas = self.box_predictor(self.box_head(self.box_roi_pool(features, where)))
        return logits, deltas

    def sample(self, proposals: BatchBoxes, targets: BatchTargets, images: int) -> tuple[BatchBoxes, Tensor, Tensor]:
        """Up to `samples` boxes of each image to learn from: up to a half digits, then signs, then background.

        Returns the S boxes, their classes (S,) and their true boxes (S, 4).
        """
        where = concatenated(proposals, targets.where)  # true boxes are proposals to learn from, too
        if len(targets.labels) == 0:
            labels = torch.zeros_like(where.image_index)
            matched = where.boxes
        else:
            overlap, match = iou_matrix(where, targets.where).max(1)
            labels = torch.where(overlap >= POSITIVE_IOU, targets.labels[match] + 1, 0)
            matched = targets.where.boxes[match]
        most = self.config.samples
        is_digit = (labels > 0) & (labels <= DIGIT_COUNT)
        positive = is_digit.nonzero()[:, 0]
        positive = positive[sample_per_group(where.image_index[positive], int(most * MAX_DIGIT_SHARE))]
        if self.config.categories > DIGIT_COUNT:  # signs where digits leave room: a page may have hundreds of letters
            digits = torch.bincount(where.image_index[positive], minlength=images)  # (B,)
            signs = (labels > DIGIT_COUNT).nonzero()[:, 0]
            room = int(most * MAX_POSITIVE_SHARE) - digits
            positive = torch.cat([positive, signs[sample_per_group(where.image_index[signs], room)]])
        background = ((labels == 0) & ~mostly_on_any(where, targets.ignored, IGNORED_OVERLAP)).nonzero()[:, 0]
        taken = torch.bincount(where.image_index[positive], minlength=images)  # (B,)
        negative = background[sample_per_group(where.image_index[background], most - taken)]
        chosen = torch.cat([positive, negative])
        return where.at(chosen), labels[chosen], matched[chosen]

    def candidates(
        self, logits: Tensor, deltas: Tensor, proposals: BatchBoxes, limits: Tensor
    ) -> tuple[BatchDetections, Tensor]:
        """What is likely in the proposals, and the probabilities (N, C) of each category."""
        moved = self.moved(deltas, proposals, limits)
        scores = logits.softmax(1)[:, 1:]  # (K, C)
        if self.config.nms_per_class:
            row, label = (scores > self.config.score_threshold).nonzero(as_tuple=True)
            return BatchDetections(moved.at(row), label, scores[row, label]), scores[row]
        best, label = scores.max(1)
        likely = (best > self.config.score_threshold).nonzero()[:, 0]
        return BatchDetections(moved, label, best).at(likely), scores.index_select(0, likely)

    def refined(
        self, logits: Tensor, deltas: Tensor, first: BatchDetections, limits: Tensor
    ) -> tuple[BatchDetections, Tensor]:
        """What a second look, at the boxes of the first, makes of it: tighter boxes, and the mean of both scores.

        Iterative box regression: Gidaris and Komodakis, "Object detection via a multi-region and semantic
        segmentation-aware CNN model" (2015), section 4.
        """
        before = F.one_hot(first.labels, self.config.categories) * first.scores[:, None]  # (N, C)
        scores = (before + logits.softmax(1)[:, 1:]) / 2
        best, label = scores.max(1)
        return BatchDetections(self.moved(deltas, first.where, limits), label, best), scores

    def moved(self, deltas: Tensor, where: BatchBoxes, limits: Tensor) -> BatchBoxes:
        """Boxes moved by deltas (K, 4) in DELTA_UNITS, clipped to their image."""
        boxes = decode(deltas * deltas.new_tensor(DELTA_UNITS), where.boxes)
        return clip(BatchBoxes(boxes, where.image_index), limits)

    def postprocess(self, found: BatchDetections, limits: Tensor) -> Tensor:
        """The indices (M,) of those candidates, best first, that are neither duplicates nor unlikely nor tiny."""
        boxes = offset_by_group(found.where, self.groups(found), limits)
        order: Tensor = nms(boxes, found.scores, self.config.nms_threshold)
        boxes, scores = boxes.index_select(0, order), found.scores.index_select(0, order)
        keep = without_contained(boxes, self.config.inside_threshold)
        keep = keep & (scores > self.config.score_threshold) & (shorter_sides(boxes)[:, 0] >= MIN_SIDE_PX)
        return order.index_select(0, keep.nonzero()[:, 0])

    def groups(self, found: BatchDetections) -> Tensor:
        """Detections with the same value (N,) suppress each other: those of an image, or also of a class."""
        image_index = found.where.image_index
        return image_index * self.config.categories + found.labels if self.config.nms_per_class else image_index


def told_once(where: BatchBoxes, probabilities: Tensor) -> BatchDetections:
    """Boxes (N, 4) as detections of their likeliest category, best first. probabilities: (N, C)."""
    scores, labels = probabilities.max(1)
    scores, order = scores.sort(descending=True)  # ONNX has no stable sort
    return BatchDetections(where.at(order), labels.index_select(0, order), scores)


def told_twice(where: BatchBoxes, probabilities: Tensor, threshold: float) -> BatchDetections:
    """Boxes (N, 4) as detections, best first: each as its likeliest digit and as the likeliest of all other categories.

    probabilities: (N, C). What is under the threshold is left out. What comes next may so weigh a letter O against a 0
    by what stands beside it.
    """
    digits, others = probabilities.split([DIGIT_COUNT, probabilities.shape[1] - DIGIT_COUNT], 1)
    (digit_scores, digit_labels), (other_scores, other_labels) = digits.max(1), others.max(1)
    # Chosen apart: the exporter fails at what may be twice as long as something of unknown length.
    as_digit, as_other = ((scores > threshold).nonzero()[:, 0] for scores in (digit_scores, other_scores))
    row = torch.cat([as_digit, as_other])  # (K,)
    labels = torch.cat([digit_labels.index_select(0, as_digit), other_labels.index_select(0, as_other) + DIGIT_COUNT])
    scores = torch.cat([digit_scores.index_select(0, as_digit), other_scores.index_select(0, as_other)])
    scores, order = scores.sort(descending=True)  # ONNX has no stable sort
    return BatchDetections(where.at(row.index_select(0, order)), labels.index_select(0, order), scores)


def sample_per_group(groups: Tensor, count: int | Tensor) -> Tensor:
    """The indices of at most `count` members of each group, at random.

    groups: the group (N,) of each member. count: the same for all groups, or one for each (G,).
    """
    order = torch.randperm(len(groups), device=groups.device)
    order = order[groups[order].argsort(stable=True)]  # group by group, at random within
    sizes = torch.bincount(groups)
    start = sizes.cumsum(0) - sizes
    own = groups[order]
    rank = torch.arange(len(order), device=order.device) - start[own]
    return order[rank < (count[own] if isinstance(count, Tensor) else count)]
