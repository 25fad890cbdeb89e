"""The baseline: a classifier of single digits behind a small window that slides over the image at many scales.

LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998), section VII: a convolutional classifier
applied to a whole image at once classifies every window of it. Scales as in Rowley, Baluja and Kanade, "Neural
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

from detector.categories import DIGIT_COUNT
from detector.models.backbone import ConvNormReLU
from detector.models.background import against_background
from detector.models.base import BatchDetector, DetectorConfig
from detector.models.boxes import (
    BatchBoxes,
    BatchDetections,
    clip,
    image_limits,
    iou_matrix,
    nms_per_image,
    offset_by_group,
    shorter_sides,
)
from detector.models.roi_heads import MIN_SIDE_PX, without_contained
from detector.models.windows import (
    DIGIT_PX,
    FITTING_OCTAVES,
    PATCH_PX,
    WINDOW_PX,
    PatchTarget,
    assign,
    cut,
    decode,
    encode,
    framed,
    patch_start,
    scaled,
    window_centres,
)
from detector.types import Target

MIN_PATCH_PX = 8  # side of a patch in the image, before it is scaled
MISFIT_OCTAVES = (-2.0, 1.2)  # what a misfit's scale differs by: windows show a part of the digit, or more than it
FOCAL_EXPONENT = 2.0  # of the loss on background: the many easy windows weigh little (Lin et al., 2017)
BOX_LOSS_WEIGHT = 2.0
BACKGROUND_LOGIT = 3.0  # before training: most windows show no digit
SCORE_EXPONENT = 0.76  # moves the threshold that is best for text, 0.4 on validation scenes, to a reader's 0.5


@dataclass(frozen=True)
class SlidingWindowConfig(DetectorConfig):
    """Everything that shapes a SlidingWindow. Lengths are in pixels of the image."""

    widths: tuple[tuple[int, int], tuple[int, int], tuple[int, int]] = ((16, 16), (32, 48), (96, 160))
    """Channels of the two convolutions before the first pooling, between the two, and after the second."""
    hidden: int = 192
    """Width of the hidden layer."""
    dropout: float = 0.2
    """Share of the hidden layer that is left out in training."""
    sizes: tuple[float, float] = (20.0, 128.0)
    """Longer sides of the digits that are looked for on the first and the last scale."""
    scales_per_octave: int = 2
    """Scales between a size and its double."""
    patches: int = 6
    """Patches cut from each scene to learn from."""
    misfits: float = 0.45
    """Share of patches at another scale than that of their digit, to see parts of digits and small ones."""
    score_threshold: float = 0.05
    """Detections below are dropped."""
    nms_threshold: float = 0.45
    """Of two detections that overlap more than this (IoU), the better is kept."""
    inside_threshold: float = 0.7
    """Of two detections about as high, one of which has more of its area than this in the other, the better is kept."""
    same_height: float = 0.45
    """Two detections are about as high if the lower has more than this of the higher one's height."""
    vote_threshold: float = 0.6
    """Windows whose boxes overlap a detection more than this (IoU) vote on its box and class."""
    most_windows: int = 1500
    """Windows of an image that may show a digit: the most probable ones, at most."""

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
    """LeNet-5's geometry, 32 -> 28 -> 14 -> 10 -> 5 -> 1, with two convolutions of 3x3 for each one of 5x5.

    It has no padding, so that a window gets the same logits on its own and as part of a larger image.
    """

    def __init__(self, config: SlidingWindowConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for first, second in config.widths:
            layers += [ConvNormReLU(inputs, first, padded=False), ConvNormReLU(first, second, padded=False)]
            layers.append(nn.MaxPool2d(2))
            inputs = second
        layers[-1] = ConvNormReLU(inputs, config.hidden, kernel=1)  # in place of a third pooling
        self.features = nn.Sequential(*layers, nn.Dropout(config.dropout))
        self.classes = nn.Conv2d(config.hidden, 1 + DIGIT_COUNT, 1)
        self.boxes = nn.Conv2d(config.hidden, 4, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) -> for each window logits of background and ten digits (B, 11, h, w), and deltas (B, 4, h, w).

        h = (H - 32) / 4 + 1, rounded down, and w likewise. Deltas are the offset of the box's centre from the window's,
        and the logarithms of its width and height, all in units of DIGIT_PX.
        """
        features = self.features(pixels)
        return self.classes(features).float(), self.boxes(features).float()


class SlidingWindow(BatchDetector):
    """Image -> scales -> class and box of every window -> votes -> detections."""

    name = "sliding-window"

    config: SlidingWindowConfig

    def __init__(self, config: SlidingWindowConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or SlidingWindowConfig()
        self.classifier = WindowClassifier(c)
        bias = self.classifier.classes.bias
        assert bias is not None
        nn.init.constant_(bias[:1], BACKGROUND_LOGIT)
        self.step = 2 ** (1 / c.scales_per_octave)  # from a scale to the next
        self.to(memory_format=torch.channels_last)

    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        """See Detector. The terms are digits, background and boxes: sums over windows, per window with a digit."""
        if not images:
            return {}
        cut = [self.cut_patches(image, target.digits()) for image, target in zip(images, targets, strict=True)]
        patches = torch.cat([pixels for pixels, _ in cut]).contiguous(memory_format=torch.channels_last)
        logits, deltas = self.classifier(patches)  # (B, 11, h, w), (B, 4, h, w)
        centres = window_centres(logits.shape[2], logits.shape[3], logits.device)  # (h * w, 2)
        assigned = [assign(target, centres) for _, patch_targets in cut for target in patch_targets]
        labels = torch.stack([labels for labels, _ in assigned])  # (B, h * w)
        wanted = torch.stack([boxes for _, boxes in assigned])  # (B, h * w, 4)
        logits = logits.flatten(2).transpose(1, 2)  # (B, h * w, 11)
        deltas = deltas.flatten(2).transpose(1, 2)  # (B, h * w, 4)
        digit = labels > 0
        count = digit.sum().clamp(min=1)
        logs = logits.log_softmax(2)
        background = logs[..., 0][labels == 0]
        return {
            "digits": F.nll_loss(logs[digit], labels[digit], reduction="sum") / count,
            "background": -((1 - background.exp()) ** FOCAL_EXPONENT * background).sum() / count,
            "boxes": BOX_LOSS_WEIGHT
            * (
                generalized_box_iou_loss(decode(deltas, centres)[digit], wanted[digit], reduction="sum")
                + F.smooth_l1_loss(deltas[digit], encode(wanted, centres)[digit], beta=0.1, reduction="sum")
            )
            / count,
        }

    def cut_patches(self, image: Tensor, target: Target) -> tuple[Tensor, list[PatchTarget]]:
        """Patches (P, 3, PATCH_PX, PATCH_PX) of an image (3, H, W), and what is truly in each.

        Each is cut around one of the digits. About half are scaled so that this digit fits a window.
        """
        picture = against_background(image)
        boxes = torch.from_numpy(target.boxes)
        labels, ignore = torch.from_numpy(target.labels), torch.from_numpy(target.ignore)
        patches, targets = [], []
        for _ in range(self.config.patches):
            u, v, jitter, chance, pick = torch.rand(5).tolist()
            least, most = MISFIT_OCTAVES if chance < self.config.misfits else (-FITTING_OCTAVES, FITTING_OCTAVES)
            if len(boxes):
                box = boxes[int(pick * len(boxes))]
                longest = float((box[2:] - box[:2]).max()) * 2 ** (least + (most - least) * jitter)
                offset = (torch.tensor([u, v]) - 0.5) * longest / DIGIT_PX * (PATCH_PX - WINDOW_PX)
                x, y = ((box[:2] + box[2:]) / 2 + offset).tolist()
            else:
                smallest, largest = self.config.sizes
                longest = smallest * (largest / smallest) ** jitter
                x, y = u * image.shape[2], v * image.shape[1]
            side = max(MIN_PATCH_PX, round(PATCH_PX * longest / DIGIT_PX))
            left = patch_start(round(x - side / 2), side, image.shape[2])
            top = patch_start(round(y - side / 2), side, image.shape[1])
            patches.append(scaled(cut(picture, left, top, side), PATCH_PX, PATCH_PX))
            moved = (boxes - torch.tensor([left, top, left, top])) * (PATCH_PX / side)  # (N, 4)
            parts = (moved[~ignore], labels[~ignore], moved[ignore])
            targets.append(PatchTarget(*[part.to(image.device) for part in parts]))
        return torch.stack(patches), targets

    def detect_batch(self, images: Tensor, max_value: float = 1.0) -> BatchDetections:
        """See Detector."""
        where, probabilities = self.windows(against_background(images, max_value))
        return self.vote(where, probabilities, image_limits(images).expand(images.shape[0], -1))

    def windows(self, pictures: Tensor) -> tuple[BatchBoxes, Tensor]:
        """The windows of all scales that may show a digit: N boxes, and probabilities (N, 10)."""
        height, width = pictures.shape[2:]
        boxes_of_scales, probabilities_of_scales = [], []
        for size in self.sizes(height, width):
            h, w = (rounded(side * (DIGIT_PX / size)) for side in (height, width))
            logits, deltas = self.classifier(framed(scaled(pictures, h, w)))
            centres = window_centres(logits.shape[2], logits.shape[3], pictures.device) - WINDOW_PX / 2  # (n, 2)
            factors = torch.stack([torch.full((), side, device=centres.device) for side in (width / w, height / h)])
            boxes_of_scales.append(decode(deltas.flatten(2).transpose(1, 2), centres) * factors.repeat(2))  # (B, n, 4)
            counts = self.counts(size, image_limits(pictures).max())
            probabilities = logits.flatten(2).softmax(1)[:, 1:].transpose(1, 2) * counts  # (B, n, 10)
            probabilities_of_scales.append(probabilities)
        boxes, scores = torch.cat(boxes_of_scales, 1), torch.cat(probabilities_of_scales, 1)
        likely = (scores.sum(2).flatten() > self.config.score_threshold).nonzero()[:, 0]  # (N,)
        where = BatchBoxes(boxes.flatten(0, 1).index_select(0, likely), likely // boxes.shape[1])
        return where, scores.flatten(0, 1).index_select(0, likely)

    def sizes(self, height: int, width: int) -> list[float]:
        """Longer sides of the digits that each scale looks for, in an image of this height and width."""
        c = self.config
        first, last = c.sizes
        count = 1 + round(c.scales_per_octave * math.log2(last / first))
        every = [first * 2 ** (k / c.scales_per_octave) for k in range(count)]  # whole octaves are exact
        if torch.compiler.is_exporting():  # the image's size is not known yet; `counts` does the same, more slowly
            return every
        return [size for size in every if size == first or size <= max(height, width) * self.step]

    def counts(self, size: float, longest: Tensor) -> Tensor | int:
        """1 or 0: whether a scale counts in an image with this longer side, where `sizes` could not know it."""
        if torch.compiler.is_exporting() and size != self.config.sizes[0]:
            return (longest * self.step >= size).float()
        return 1

    def vote(self, where: BatchBoxes, probabilities: Tensor, limits: Tensor) -> BatchDetections:
        """Boxes of N windows and probabilities (N, 10) -> one box, label and score for each digit, best first.

        limits: (B, 4), see boxes.clip.
        """
        c = self.config
        where = clip(where, limits)
        sure = probabilities.sum(1)  # (N,), that there is a digit
        order = sure.argsort(descending=True)[: c.most_windows * limits.shape[0]]
        sides = shorter_sides(where.boxes)[:, 0].index_select(0, order)
        order = order.index_select(0, (sides >= MIN_SIDE_PX).nonzero()[:, 0])
        where, probabilities = where.at(order), probabilities.index_select(0, order)
        sure = sure.index_select(0, order)
        overlap = iou_matrix(where, where)  # (N, N)
        weights = torch.where(overlap >= c.vote_threshold, overlap, 0) * sure  # (N, N)
        support = weights.sum(1, keepdim=True)  # (N, 1)
        supported = sure * (1 - torch.exp(-support[:, 0]))  # a window that no other confirms counts less
        peaks = nms_per_image(where, supported, limits, c.nms_threshold)  # (K,)
        votes = (weights / support).index_select(0, peaks)  # (K, N)
        boxes, shares = votes @ where.boxes, votes @ (probabilities / sure[:, None])  # (K, 4), (K, 10)
        share, label = shares.max(1)
        score = (supported.index_select(0, peaks) * share) ** SCORE_EXPONENT
        order = score.argsort(descending=True)
        voted = clip(BatchBoxes(boxes, where.image_index.index_select(0, peaks)), limits)
        found = BatchDetections(voted, label, score).at(order)
        apart = offset_by_group(found.where, found.where.image_index, limits)
        keep = without_contained(apart, c.inside_threshold, c.same_height)
        return found.at((keep & (found.scores > c.score_threshold)).nonzero()[:, 0])


def rounded(length: float) -> int:
    """A length rounded to whole pixels, at least 1; also a symbol, while a detector is exported."""
    return cast("int", torch.sym_max(1, torch.sym_int(length + 0.5)))
