"""The baseline: a classifier of single digits that looks through a small window, slid over the picture at many scales.

LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998), section VII: a convolutional classifier
applied to a whole picture at once answers for every window of it. Scales as in Rowley, Baluja and Kanade, "Neural
Network-Based Face Detection" (1998).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import generalized_box_iou_loss

from detector.models.backbone import ConvNormReLU
from detector.models.background import against_background
from detector.models.base import BatchDetector, DetectorConfig
from detector.models.boxes import (
    BatchBoxes,
    BatchDetections,
    best_of_each_place,
    clip,
    iou_matrix,
    limits_of,
    offset_by_group,
    shorter_sides,
)
from detector.models.roi_heads import CLASSES, without_parts
from detector.types import Target

WINDOW = 32  # pixels, what one answer sees
STRIDE = 4  # pixels between neighbouring answers
DIGIT = 20.0  # pixels, longer side of a digit that fits its window: MNIST's own size
CENTRED = 3.0  # pixels between the middles of window and digit, at most, for the window to be the digit's
NEARLY_CENTRED = 5.5  # further off, the window shows no digit; in between, nothing is asked of it
FITTING = 0.35  # octaves between the digit's size and DIGIT, likewise
NEARLY_FITTING = 0.6
PATCH = WINDOW + 19 * STRIDE  # pixels, side of what is cut from scenes to learn from: 20 x 20 windows
OCTAVES = (-2.0, 1.2)  # between a digit's size and the size that a misfit is scaled for: its parts, or it and others
HARDNESS = 2.0  # how much more a wrong answer about background counts than one that is nearly right
BOX_WEIGHT = 2.0
CALIBRATION = 0.76  # an exponent that brings the threshold best for text, 0.4 on validation scenes, to a reader's 0.5


@dataclass(frozen=True)
class SlidingWindowConfig(DetectorConfig):
    """Everything that shapes the model. Lengths are in pixels of the picture."""

    widths: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] = ((16, 16), (32, 48), (96, 160))
    """Channels of the two convolutions before the first pooling, between the two, and after the second."""
    hidden: int = 192
    """Width of the hidden layer."""
    dropout: float = 0.2
    """Part of the hidden layer that is left out while training."""
    sizes: tuple[float, float] = (20.0, 128.0)
    """Longer sides of the digits that are looked for on the first and last scale."""
    scales_per_octave: int = 2
    """Scales between a size and its double."""
    patches: int = 6
    """Patches cut from each scene to learn from."""
    misfits: float = 0.45
    """Part of them cut around a digit at any scale, to see parts of digits and small ones, not at its own."""
    score_threshold: float = 0.05
    """Detections below are dropped."""
    nms_threshold: float = 0.45
    """Of two detections that overlap more than this (IoU), the better is kept."""
    inside_threshold: float = 0.7
    """Of two detections about as high, one of which has more of its area than this in the other, the better is kept."""
    same_height: float = 0.45
    """Two detections are about as high if the lower has more than this of the higher one's height."""
    vote_threshold: float = 0.6
    """All windows whose boxes overlap a detection's more than this (IoU) have a say in its box and class."""
    most_windows: int = 1500
    """Windows of a picture that may show a digit."""

    tunable: ClassVar[tuple[str, ...]] = (
        "sizes",
        "scales_per_octave",
        "score_threshold",
        "nms_threshold",
        "inside_threshold",
        "same_height",
        "vote_threshold",
        "most_windows",
    )


class WindowClassifier(nn.Module):
    """LeNet-5's geometry, 32 -> 28 -> 14 -> 10 -> 5 -> 1, each 5x5 convolution written as two of 3x3.

    Without any padding, so that a window gets the same answer on its own and as part of a larger picture.
    """

    def __init__(self, config: SlidingWindowConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for first, second in config.widths:
            layers += [ConvNormReLU(inputs, first, padded=False), ConvNormReLU(first, second, padded=False)]
            layers.append(nn.MaxPool2d(2))
            inputs = second
        layers[-1] = ConvNormReLU(inputs, config.hidden, kernel=1)  # where the third pooling would be
        self.features = nn.Sequential(*layers, nn.Dropout(config.dropout))
        self.classes = nn.Conv2d(config.hidden, 1 + CLASSES, 1)
        self.boxes = nn.Conv2d(config.hidden, 4, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) -> for each window logits of background and ten digits (B, 11, h, w), and boxes (B, 4, h, w).

        h = (H - 32) / 4 + 1, rounded down, and w likewise. A box is the middle's offset from the window's, and the
        logarithms of width and height, all in units of DIGIT.
        """
        seen = self.features(pixels)
        return self.classes(seen).float(), self.boxes(seen).float()


class SlidingWindow(BatchDetector):
    """Picture -> pyramid -> an answer for every window -> the digits that the windows agree on."""

    name = "sliding-window"

    config: SlidingWindowConfig

    def __init__(self, config: SlidingWindowConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or SlidingWindowConfig()
        self.classifier = WindowClassifier(c)
        bias = self.classifier.classes.bias
        assert bias is not None
        nn.init.constant_(bias[:1], 3.0)  # most windows show no digit
        self.step = 2 ** (1 / c.scales_per_octave)  # from a scale to the next
        self.to(memory_format=torch.channels_last)

    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        """See Detector; the terms are digits, background and boxes, sums over windows by the number of digits' ones."""
        if not images:
            return {}
        cut = [self.cut_patches(image, target) for image, target in zip(images, targets, strict=True)]
        patches = torch.cat([pixels for pixels, _ in cut]).contiguous(memory_format=torch.channels_last)
        truths = [truth for _, truths in cut for truth in truths]
        logits, boxes = self.classifier(patches)
        grid = window_middles(logits.shape[2], logits.shape[3], logits.device)  # (h * w, 2)
        assigned = [assign(truth, grid) for truth in truths]
        labels = torch.stack([labels for labels, _ in assigned])  # (B, h * w): -1 not asked, 0 background, digit + 1
        wanted = torch.stack([boxes for _, boxes in assigned])  # (B, h * w, 4)
        logits = logits.flatten(2).transpose(1, 2)  # (B, h * w, 11)
        digit = labels > 0
        count = digit.sum().clamp(min=1)
        logs = logits.log_softmax(2)
        background = logs[..., 0][labels == 0]
        offsets = boxes.flatten(2).transpose(1, 2)  # (B, h * w, 4)
        return {
            "digits": F.nll_loss(logs[digit], labels[digit], reduction="sum") / count,
            "background": -((1 - background.exp()) ** HARDNESS * background).sum() / count,
            "boxes": BOX_WEIGHT
            * (
                generalized_box_iou_loss(decode(offsets, grid)[digit], wanted[digit], reduction="sum")
                + F.smooth_l1_loss(offsets[digit], encode(wanted, grid)[digit], beta=0.1, reduction="sum")
            )
            / count,
        }

    def cut_patches(self, image: Tensor, target: Target) -> tuple[Tensor, list[dict[str, Tensor]]]:
        """Squares of a picture, scaled to PATCH pixels: (patches, 3, PATCH, PATCH), each with its truth in its pixels.

        They are cut around one of the digits, and about half are scaled so that this digit fits a window.
        """
        picture = against_background(image)
        boxes = torch.from_numpy(target.boxes)
        labels, ignore = torch.from_numpy(target.labels), torch.from_numpy(target.ignore)
        patches, truths = [], []
        for _ in range(self.config.patches):
            u, v, jitter, chance, pick = torch.rand(5).tolist()
            least, most = OCTAVES if chance < self.config.misfits else (-FITTING, FITTING)
            if len(boxes):
                box = boxes[int(pick * len(boxes))]
                longest = float((box[2:] - box[:2]).max()) * 2 ** (least + (most - least) * jitter)
                offset = (torch.tensor([u, v]) - 0.5) * longest / DIGIT * (PATCH - WINDOW)
                x, y = ((box[:2] + box[2:]) / 2 + offset).tolist()
            else:
                smallest, largest = self.config.sizes
                longest = smallest * (largest / smallest) ** jitter
                x, y = u * image.shape[2], v * image.shape[1]
            side = max(8, round(PATCH * longest / DIGIT))
            left = within(round(x - side / 2), side, image.shape[2])
            top = within(round(y - side / 2), side, image.shape[1])
            patches.append(scaled(cut(picture, left, top, side), PATCH, PATCH))
            moved = (boxes - torch.tensor([left, top, left, top])) * (PATCH / side)
            truths.append(
                {
                    "boxes": moved[~ignore].to(image.device),
                    "labels": labels[~ignore].to(image.device),
                    "ignored": moved[ignore].to(image.device),
                }
            )
        return torch.stack(patches), truths

    def detect_batch(self, images: Tensor, max_value: float = 1.0) -> BatchDetections:
        """See Detector."""
        return self.agree(
            *self.windows(against_background(images, max_value)), limits_of(images).expand(images.shape[0], -1)
        )

    def windows(self, pictures: Tensor) -> tuple[BatchBoxes, Tensor]:
        """The windows of all scales that may show a digit: where (N,), and probabilities (N, 10)."""
        height, width = pictures.shape[2:]
        places, probabilities = [], []
        for size in self.sizes(height, width):
            h, w = (whole(side * (DIGIT / size)) for side in (height, width))
            answers, offsets = self.classifier(framed(scaled(pictures, h, w)))
            grid = window_middles(answers.shape[2], answers.shape[3], pictures.device) - WINDOW / 2  # (n, 2)
            longer = torch.stack([torch.full((), side, device=grid.device) for side in (width / w, height / h)])
            places.append(decode(offsets.flatten(2).transpose(1, 2), grid) * longer.repeat(2))  # (B, n, 4)
            asked = self.asked(size, limits_of(pictures).max())
            probabilities.append(answers.flatten(2).softmax(1)[:, 1:].transpose(1, 2) * asked)  # (B, n, 10)
        boxes, scores = torch.cat(places, 1), torch.cat(probabilities, 1)
        seen = (scores.sum(2).flatten() > self.config.score_threshold).nonzero()[:, 0]  # (N,)
        where = BatchBoxes(boxes.flatten(0, 1).index_select(0, seen), seen // boxes.shape[1])
        return where, scores.flatten(0, 1).index_select(0, seen)

    def sizes(self, height: int, width: int) -> list[float]:
        """Longer sides of the digits that each scale looks for, in a picture of this height and width."""
        c = self.config
        first, last = c.sizes
        count = 1 + round(c.scales_per_octave * math.log2(last / first))
        every = [first * 2 ** (k / c.scales_per_octave) for k in range(count)]  # whole octaves exactly
        if torch.compiler.is_exporting():  # the size is not known yet: `asked` does the same, at some cost
            return every
        return [size for size in every if size == first or size <= max(height, width) * self.step]

    def asked(self, size: float, longest: Tensor) -> Tensor | int:
        """Whether a scale counts in a picture whose longer side is given, where `sizes` could not know it."""
        if torch.compiler.is_exporting() and size != self.config.sizes[0]:
            return (longest * self.step >= size).float()
        return 1

    def agree(self, where: BatchBoxes, scores: Tensor, limits: Tensor) -> BatchDetections:
        """Windows' boxes and scores (N, 10) -> one box, label and score for each digit, best first."""
        c = self.config
        where = clip(where, limits)
        sure = scores.sum(1)  # (N,)
        order = sure.argsort(descending=True)[: c.most_windows * limits.shape[0]]
        order = order.index_select(0, (shorter_sides(where.boxes)[:, 0].index_select(0, order) >= 1).nonzero()[:, 0])
        where, scores, sure = where.at(order), scores.index_select(0, order), sure.index_select(0, order)
        agreeing = iou_matrix(where, where)  # (N, N)
        agreeing = torch.where(agreeing >= c.vote_threshold, agreeing, 0) * sure
        support = agreeing.sum(1, keepdim=True)  # (N, 1)
        smooth = sure * (1 - torch.exp(-support[:, 0]))  # over places and scales: one that stands alone counts less
        peaks = best_of_each_place(where, smooth, limits, c.nms_threshold)
        votes = (agreeing / support).index_select(0, peaks)  # (K, N)
        voted, shares = votes @ where.boxes, votes @ (scores / sure[:, None])  # (K, 4), (K, 10)
        share, label = shares.max(1)
        score = (smooth.index_select(0, peaks) * share) ** CALIBRATION
        order = score.argsort(descending=True)
        agreed = clip(BatchBoxes(voted, where.image_index.index_select(0, peaks)), limits)
        found = BatchDetections(agreed, label, score).at(order)
        places = offset_by_group(found.where, found.where.image_index, limits)
        good = without_parts(places, c.inside_threshold, c.same_height)
        return found.at((good & (found.scores > c.score_threshold)).nonzero()[:, 0])


def whole(length: float) -> int:
    """Rounded, at least 1; also of lengths that are not known yet, while a detector is exported."""
    return cast("int", torch.sym_max(1, torch.sym_int(length + 0.5)))


def within(start: int, side: int, length: int) -> int:
    """Where a patch should start, so that of what it sees no more than needs be lies further than a margin outside."""
    margin = side * WINDOW // (2 * PATCH)
    low, high = sorted((-margin, length + margin - side))
    return min(max(start, low), high)


def cut(picture: Tensor, left: int, top: int, side: int) -> Tensor:
    """A square of a picture (3, H, W); what lies outside of it is background: (3, side, side)."""
    height, width = picture.shape[1:]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    square = picture.new_zeros(3, side, side)
    if x0 < x1 and y0 < y1:
        square[:, y0 - top : y1 - top, x0 - left : x1 - left] = picture[:, y0:y1, x0:x1]
    return square


def scaled(pictures: Tensor, height: int, width: int) -> Tensor:
    """(..., 3, H, W) -> (..., 3, height, width), each pixel the mean of what it covers."""
    batch = pictures if pictures.dim() == 4 else pictures[None]
    if batch.shape[2:] != (height, width):
        batch = F.interpolate(batch, (height, width), mode="bilinear", align_corners=False, antialias=True)
    return batch if pictures.dim() == 4 else batch[0]


def framed(pictures: Tensor) -> Tensor:
    """(B, 3, H, W) with background around, so that the windows' middles go from edge to edge."""
    height, width = pictures.shape[2:]
    right, below = (WINDOW // 2 + -side % STRIDE for side in (width, height))
    framed = F.pad(pictures, (WINDOW // 2, right, WINDOW // 2, below))
    return framed.contiguous(memory_format=torch.channels_last)


def window_middles(rows: int, columns: int, device: torch.device) -> Tensor:
    """x, y of the middles of rows x columns windows, row by row: (rows * columns, 2), pixels from the first corner."""
    y = torch.arange(rows, device=device) * STRIDE + WINDOW / 2
    x = torch.arange(columns, device=device) * STRIDE + WINDOW / 2
    return torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)], 2).flatten(0, 1)


def encode(boxes: Tensor, middles: Tensor) -> Tensor:
    """Boxes (..., n, 4) of pixels as the windows with these middles (n, 2) describe them. The reverse of decode."""
    sides = (boxes[..., 2:] - boxes[..., :2]).clamp(min=1e-3)
    centres = (boxes[..., 2:] + boxes[..., :2]) / 2
    return torch.cat([(centres - middles) / DIGIT, (sides / DIGIT).log()], -1)


def decode(offsets: Tensor, middles: Tensor) -> Tensor:
    """What windows say of their boxes (..., n, 4), see WindowClassifier, as boxes (..., n, 4) of pixels."""
    centres = middles + offsets[..., :2] * DIGIT
    sides = offsets[..., 2:].clamp(-3.0, 1.5).exp() * DIGIT
    return torch.cat([centres - sides / 2, centres + sides / 2], -1)


def assign(truth: dict[str, Tensor], middles: Tensor) -> tuple[Tensor, Tensor]:
    """What windows with these middles (n, 2) are to answer: labels (n,), and the boxes (n, 4) of those with a digit.

    A label is digit + 1 where a digit is centred and of the window's size, 0 where none nearly is, -1 in between and
    where an ignored digit is.
    """
    boxes = truth["boxes"]
    labels = torch.zeros(len(middles), dtype=torch.int64, device=middles.device)
    if len(boxes):
        off = (middles[:, None] - (boxes[:, :2] + boxes[:, 2:]) / 2).abs().amax(2)  # (n, G)
        octaves = ((boxes[:, 2:] - boxes[:, :2]).amax(1) / DIGIT).log2().abs()  # (G,)
        labels[((off <= NEARLY_CENTRED) & (octaves <= NEARLY_FITTING)).any(1)] = -1
        nearest, which = torch.where(octaves <= FITTING, off, torch.inf).min(1)
        digit = nearest <= CENTRED
        labels[digit] = truth["labels"][which[digit]] + 1
        wanted = boxes[which]
    else:
        wanted = boxes.new_zeros(len(middles), 4)
    for x0, y0, x1, y1 in truth["ignored"].tolist():
        inside = (middles[:, 0] >= x0 - 4) & (middles[:, 0] <= x1 + 4)
        inside &= (middles[:, 1] >= y0 - 4) & (middles[:, 1] <= y1 + 4)
        labels[inside & (labels == 0)] = -1
    return labels, wanted
