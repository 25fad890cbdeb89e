"""Which digit or sign is in a box, told by a second classifier from the image's own pixels.

The features of a detector have to say where digits are. They are trained on few digits a second, since most of an image
is background. So a classifier that shares nothing with them corrects the labels: Cheng et al., "Revisiting RCNN: On
awakening the classification power of Faster RCNN" (2018). Ours looks at the final detections, and only at those that
are not sure.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import roi_align

from detector.categories import DIGIT_COUNT
from detector.models.backbone import ConvNormReLU, ResidualBlock
from detector.models.boxes import BatchBoxes, BatchDetections, BatchTargets, longer_sides, sides_of
from detector.models.roi_heads import sample_per_group

CROP_SIDE_PX = 32
CROP_SCALE = 1.35  # side of a crop over the longer side of its box: neighbours tell where a digit ends
SAMPLES_PER_PX = 2  # along a side of each pixel of a crop, so that no stroke falls between them
DROPOUT = 0.2  # share of the features left out in training
MIN_CONTRAST = 0.02  # in units of background.CONTRAST_UNIT: fainter crops are not amplified any further

# How inexact the boxes to learn from are, as standard deviations in sides of the box.
SHIFT_STD = 0.05
GROWTH_STD = 0.07
FAR_OFF_SHARE = 0.25  # share of boxes that are twice as inexact, as a neighbour may be taken for a part of the digit

# How hands differ beyond those of the scenes, as standard deviations: an angle, a slope, a logarithm, half crops.
TURN_STD_RAD = 0.09
SHEAR_STD = 0.15
STRETCH_STD = 0.1
BEND_STD = 0.06
PRESSED_SHARE = 0.4  # share of crops with thicker or thinner strokes
BLURRED_SHARE = 0.2  # share of crops out of focus

LABEL_SMOOTHING = 0.05  # no drawn digit is beyond doubt
MIN_PROBABILITY = 1e-6  # of any digit, so that its logarithm is finite
SURE_SCORE = 0.9  # detections with this score or more are left as they are
MIN_SIDE_PX = 14  # longer side of a box: a smaller one shows no more than the features tell
OWN_WEIGHT = 0.5  # of this classifier's opinion against the detector's: best on validation scenes


@dataclass(frozen=True)
class CloseLookConfig:
    """What shapes a CloseLook."""

    widths: tuple[int, ...]
    """Channels at strides 1, 2, 4 and 8 of the crop."""
    blocks: tuple[int, ...]
    """Residual blocks at strides 2, 4 and 8."""
    categories: int = DIGIT_COUNT
    """How many there are; the first ten are the digits."""

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.blocks) + 1:
            raise ValueError(f"widths: expected one more than of blocks {self.blocks}, got {self.widths}")


class CloseLook(nn.Module):
    """Prepared images and boxes -> what digit or sign is in each."""

    def __init__(self, config: CloseLookConfig) -> None:
        super().__init__()
        widths = config.widths
        layers: list[nn.Module] = [ConvNormReLU(4, widths[0])]
        for before, width, count in zip(widths, widths[1:], config.blocks, strict=False):
            layers += [ConvNormReLU(before, width, stride=2), *(ResidualBlock(width) for _ in range(count))]
        self.features = nn.Sequential(*layers, nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(DROPOUT))
        self.classes = nn.Linear(widths[-1] * (CROP_SIDE_PX // 16) ** 2, config.categories)

    def forward(self, images: Tensor, where: BatchBoxes) -> Tensor:
        """Images (B, 3, H, W) and K boxes in their pixels -> logits (K, C), float32."""
        return self.classify(self.crops(images, where))

    def classify(self, crops: Tensor) -> Tensor:
        """Crops (K, 4, S, S) -> logits (K, C), float32."""
        logits: Tensor = self.classes(self.features(crops))
        return logits.float()

    def crops(self, images: Tensor, where: BatchBoxes) -> Tensor:
        """What the classifier sees of each box: (K, 4, S, S), S = CROP_SIDE_PX.

        Three channels are the pixels, in units of their own contrast. The fourth is 1 within the box and -1 around it.
        """
        low, high = where.boxes.split(2, 1)
        centre, sides = (low + high) / 2, high - low  # (K, 2)
        half = CROP_SCALE / 2 * longer_sides(where.boxes)  # (K, 1)
        squares = torch.cat([where.image_index[:, None].to(centre.dtype), centre - half, centre + half], 1)  # (K, 5)
        pixels = roi_align(images, squares, CROP_SIDE_PX, sampling_ratio=SAMPLES_PER_PX, aligned=True)
        flat = pixels.flatten(1)  # (K, 3 * S * S)
        count = flat.shape[1]
        weights = flat.new_full((count, 1), 1 / count)  # means as products: ONNX Runtime's fail where there is no row
        mean = flat @ weights  # (K, 1)
        contrast = ((flat - mean) ** 2 @ weights).sqrt() + MIN_CONTRAST
        steps = torch.arange(CROP_SIDE_PX, device=flat.device, dtype=flat.dtype)
        offsets = (steps + 0.5) * (2 / CROP_SIDE_PX) - 1  # (S,), from the centre, in halves of the crop
        inside = offsets.abs() * half[:, :, None] < sides[:, :, None] / 2  # (K, 2, S)
        across, down = inside.to(flat.dtype).unbind(1)  # (K, S) each
        extent = 2 * down[:, None, :, None] * across[:, None, None, :] - 1  # (K, 1, S, S)
        normalised = ((flat - mean) / contrast).view_as(pixels)
        return torch.cat([normalised, extent], 1).contiguous(memory_format=torch.channels_last)

    def losses(self, images: Tensor, targets: BatchTargets, samples: int) -> dict[str, Tensor]:
        """Cross entropy for up to `samples` digits of each image, and half as many signs, in inexact boxes."""
        sorts = [targets.labels < DIGIT_COUNT]
        sorts += [~sorts[0]] if self.classes.out_features > DIGIT_COUNT else []
        picked = []
        for sort, count in zip(sorts, (samples, (samples + 1) // 2), strict=False):
            of_sort = sort.nonzero()[:, 0]
            picked.append(of_sort[sample_per_group(targets.where.image_index[of_sort], count)])
        chosen = torch.cat(picked)
        if not len(chosen):
            return {"close_look": images.new_zeros(())}
        where = targets.where.at(chosen)
        crops = self.crops(images, BatchBoxes(jittered(where.boxes), where.image_index))
        logits = self.classify(torch.cat([distorted(crops[:, :3]), crops[:, 3:]], 1))
        return {"close_look": F.cross_entropy(logits, targets.labels[chosen], label_smoothing=LABEL_SMOOTHING)}

    def reconsidered(self, images: Tensor, found: BatchDetections, probabilities: Tensor) -> Tensor:
        """The probabilities (N, C) of each category, by both opinions where the detector's is not sure.

        They are the detector's probability that the box holds anything at all, times the probability by both opinions
        that it is this. Tiny boxes keep theirs. (With weighted geometric means of both scores, digits on which they
        disagree were lost, and fewer numbers were read.)
        probabilities: (N, C), the detector's; their sum is that of anything at all.
        """
        unsure = (found.scores < SURE_SCORE) & (longer_sides(found.where.boxes)[:, 0] >= MIN_SIDE_PX)
        unsure = unsure.nonzero()[:, 0]  # (M,)
        if not torch.compiler.is_exporting() and not len(unsure):  # a look at nothing takes half a millisecond, too
            return probabilities
        theirs = probabilities.index_select(0, unsure)  # (M, C)
        own = self(images, found.where.at(unsure)).log_softmax(1)  # (M, C)
        both = (OWN_WEIGHT * own + (1 - OWN_WEIGHT) * (theirs + MIN_PROBABILITY).log()).softmax(1)
        anything = (theirs @ theirs.new_ones((theirs.shape[1], 1))).clamp(max=1)  # (M, 1)
        rows = unsure[:, None].expand(-1, theirs.shape[1])
        return probabilities.scatter(0, rows, both * anything)


def jittered(boxes: Tensor) -> Tensor:
    """Boxes (K, 4) moved and resized at random, as inexact as a detector's."""
    sides = sides_of(boxes)  # (K, 2)
    much = 1 + (torch.rand_like(sides[:, :1]) < FAR_OFF_SHARE).to(sides.dtype)  # (K, 1)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + SHIFT_STD * much * sides * torch.randn_like(sides)
    half = sides / 2 * torch.exp(GROWTH_STD * much * torch.randn_like(sides))
    return torch.cat([centre - half, centre + half], 1)


def distorted(crops: Tensor) -> Tensor:
    """Crops (K, C, S, S) as others might have written them: turned, slanted, stretched, bent and pressed a little.

    Elastic distortions: Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to
    visual document analysis" (2003).
    """
    count = len(crops)
    turn, shear, wide, high = torch.randn(4, count, device=crops.device)
    turn, shear = TURN_STD_RAD * turn, SHEAR_STD * shear
    wide, high = (STRETCH_STD * wide).exp(), (STRETCH_STD * high).exp()
    rows = [wide * turn.cos(), wide * (shear * turn.cos() - turn.sin()), high * turn.sin(), high * turn.cos()]
    still = torch.zeros_like(turn)
    maps = torch.stack([rows[0], rows[1], still, rows[2], rows[3], still], 1).view(-1, 2, 3)  # (K, 2, 3)
    noise = BEND_STD * torch.randn(count, 2, 5, 5, device=crops.device)
    bends = F.interpolate(noise, crops.shape[2:], mode="bicubic")  # (K, 2, S, S)
    where = F.affine_grid(maps, list(crops.shape), align_corners=False) + bends.permute(0, 2, 3, 1)  # (K, S, S, 2)
    return pressed(F.grid_sample(crops, where, padding_mode="border", align_corners=False))


def pressed(crops: Tensor) -> Tensor:
    """Crops (K, C, S, S) by other pens and lenses: strokes a little thicker or thinner, or all out of focus.

    Each crop is mixed with what is lightest, darkest or average around each of its pixels. Whether ink is light or dark
    on its paper, one of the first two makes strokes thicker and the other one thinner.
    """
    around = F.pad(crops, (1, 1, 1, 1), mode="replicate")
    lightest, darkest = F.max_pool2d(around, 3, 1), -F.max_pool2d(-around, 3, 1)
    choice, much = torch.rand(2, len(crops), 1, 1, 1, device=crops.device)
    changed = torch.where(choice < PRESSED_SHARE / 2, lightest, darkest)
    changed = torch.where(choice < PRESSED_SHARE, changed, F.avg_pool2d(around, 3, 1))
    return torch.where(choice < PRESSED_SHARE + BLURRED_SHARE, crops.lerp(changed, much), crops)
