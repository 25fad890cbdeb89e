"""Which digit is in a box, told from the picture's own pixels: a second classifier that shares nothing with the first.

A detector's features have to say where digits are and are trained on few digits a second, since most of what they see
is none. Cheng et al., "Revisiting RCNN: On awakening the classification power of Faster RCNN" (2018), let a classifier
of its own correct them. Ours looks at what was found when all else is done, and only at what is not sure.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import roi_align

from detector.models.backbone import ConvNormReLU, ResidualBlock
from detector.models.boxes import BatchBoxes, BatchDetections, BatchTargets, longer_sides, sides_of
from detector.models.roi_heads import CLASSES, some_of_each

SIDE = 32  # of a crop, in pixels
AROUND = 1.35  # sides of the crop, in longer sides of the box: neighbours tell where a digit ends
SAMPLES = 2  # along a side of each pixel of the crop: no stroke falls between them
SHIFT, GROWTH = 0.05, 0.07  # standard deviations of where boxes lie and how large they are, in their sides
FAR_OFF = 0.25  # share of boxes that are twice as inexact: what detectors take for a digit's end may be its neighbour's
TURN, SHEAR, STRETCH, BEND = 0.09, 0.15, 0.1, 0.06  # standard deviations of how hands differ beyond the scenes'
PRESSED, BLURRED = 0.4, 0.2  # shares of crops whose strokes are thicker or thinner, and that are out of focus
SMOOTHING = 0.05  # of the labels to learn: no drawn digit is beyond doubt
FAINTEST = 0.02  # contrast below which nothing is amplified any more, in the units of background.py
TINY = 1e-6  # chance that is left to any digit
SURE = 0.9  # scores from which on there is no need for a closer look
SMALLEST = 14  # pixels, longer side of a box: what is smaller has not more to show than features tell
TRUST = 0.5  # weight of this classifier's opinion, the rest is the first one's: best on validation scenes


class CloseLook(nn.Module):
    """Prepared pictures and boxes -> what digit is in each.

    widths: channels at strides 1, 2, 4 and 8 of the crop. blocks: residual blocks at strides 2, 4 and 8.
    """

    def __init__(self, widths: Sequence[int], blocks: Sequence[int]) -> None:
        super().__init__()
        assert len(widths) == len(blocks) + 1
        layers: list[nn.Module] = [ConvNormReLU(4, widths[0])]
        for before, width, count in zip(widths, widths[1:], blocks, strict=False):
            layers += [ConvNormReLU(before, width, stride=2), *(ResidualBlock(width) for _ in range(count))]
        self.features = nn.Sequential(*layers, nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(0.2))
        self.classes = nn.Linear(widths[-1] * (SIDE // 16) ** 2, CLASSES)

    def forward(self, pictures: Tensor, where: BatchBoxes) -> Tensor:
        """pictures (B, 3, H, W), where: K boxes in their pixels -> logits (K, 10), float32."""
        return self.told(self.crops(pictures, where))

    def told(self, crops: Tensor) -> Tensor:
        """Crops (K, 4, SIDE, SIDE) -> logits (K, 10), float32."""
        return self.classes(self.features(crops)).float()

    def crops(self, pictures: Tensor, where: BatchBoxes) -> Tensor:
        """What is seen of each box: (K, 4, SIDE, SIDE), its pixels in units of their own contrast, and its extent."""
        low, high = where.boxes.split(2, 1)
        middle, sides = (low + high) / 2, high - low  # (K, 2)
        half = AROUND / 2 * longer_sides(where.boxes)  # (K, 1)
        squares = torch.cat([where.image_index[:, None].to(middle.dtype), middle - half, middle + half], 1)
        seen = roi_align(pictures, squares, SIDE, sampling_ratio=SAMPLES, aligned=True)
        flat = seen.flatten(1)  # (K, 3 * SIDE * SIDE)
        count = flat.shape[1]
        same = flat.new_full((count, 1), 1 / count)  # as a product: ONNX Runtime's means of no rows fail
        mean = flat @ same  # (K, 1)
        contrast = ((flat - mean) ** 2 @ same).sqrt() + FAINTEST
        steps = (torch.arange(SIDE, device=flat.device, dtype=flat.dtype) + 0.5) * (2 / SIDE) - 1  # (SIDE,)
        inside = steps.abs() * half[:, :, None] < sides[:, :, None] / 2  # (K, 2, SIDE)
        across, down = inside.to(flat.dtype).unbind(1)
        extent = 2 * down[:, None, :, None] * across[:, None, None, :] - 1  # (K, 1, SIDE, SIDE)
        alike = ((flat - mean) / contrast).view_as(seen)
        return torch.cat([alike, extent], 1).contiguous(memory_format=torch.channels_last)

    def losses(self, pictures: Tensor, truths: BatchTargets, samples: int) -> dict[str, Tensor]:
        """Cross entropy for up to `samples` digits of each picture, in boxes as inexact as a detector's."""
        chosen = some_of_each(truths.digits.image_index, samples)
        if not len(chosen):
            return {"close_look": pictures.new_zeros(())}
        where = truths.digits.at(chosen)
        crops = self.crops(pictures, BatchBoxes(shaken(where.boxes), where.image_index))
        logits = self.told(torch.cat([distorted(crops[:, :3]), crops[:, 3:]], 1))
        return {"close_look": F.cross_entropy(logits, truths.labels[chosen], label_smoothing=SMOOTHING)}

    def judged(self, pictures: Tensor, found: BatchDetections, classes: Tensor) -> BatchDetections:
        """What was found, with labels and scores that heed both opinions where the first one is not sure, best first.

        Tiny ones are left as they are. A score is the first one's chance of being a digit at all times the chance of
        being this one, by both. (With weighted geometric means of both, digits on which they disagree were lost, and
        fewer numbers read.)
        classes: (N, 10), the first one's: chances of the digits, which sum up to that of being one at all.
        """
        unsure = (found.scores < SURE) & (longer_sides(found.where.boxes)[:, 0] >= SMALLEST)
        unsure = unsure.nonzero()[:, 0]  # (M,)
        if not torch.compiler.is_exporting() and not len(unsure):  # nothing costs half a millisecond, too
            return found
        first = classes.index_select(0, unsure)
        own = self(pictures, found.where.at(unsure)).log_softmax(1)  # (M, 10)
        best, label = (TRUST * own + (1 - TRUST) * (first + TINY).log()).softmax(1).max(1)
        score = best * (first @ first.new_ones((CLASSES, 1)))[:, 0].clamp(max=1)
        scores, order = found.scores.scatter(0, unsure, score).sort(descending=True)  # a stable sort is none of ONNX
        return BatchDetections(
            found.where.at(order), found.labels.scatter(0, unsure, label).index_select(0, order), scores
        )


def shaken(boxes: Tensor) -> Tensor:
    """Boxes (K, 4) moved and resized at random, as a detector's are."""
    sides = sides_of(boxes)  # (K, 2)
    much = 1 + (torch.rand_like(sides[:, :1]) < FAR_OFF).to(sides.dtype)  # (K, 1)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 + SHIFT * much * sides * torch.randn_like(sides)
    half = sides / 2 * torch.exp(GROWTH * much * torch.randn_like(sides))
    return torch.cat([middle - half, middle + half], 1)


def distorted(crops: Tensor) -> Tensor:
    """Crops (K, C, S, S) as others might have written them: turned, slanted, stretched, bent and pressed a little.

    Elastic distortions: Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to
    visual document analysis" (2003).
    """
    count = len(crops)
    turn, shear, wide, high = torch.randn(4, count, device=crops.device)
    turn, shear = TURN * turn, SHEAR * shear
    wide, high = (STRETCH * wide).exp(), (STRETCH * high).exp()
    rows = [wide * turn.cos(), wide * (shear * turn.cos() - turn.sin()), high * turn.sin(), high * turn.cos()]
    still = torch.zeros_like(turn)
    maps = torch.stack([rows[0], rows[1], still, rows[2], rows[3], still], 1).view(-1, 2, 3)
    bends = F.interpolate(BEND * torch.randn(count, 2, 5, 5, device=crops.device), crops.shape[2:], mode="bicubic")
    where = F.affine_grid(maps, list(crops.shape), align_corners=False) + bends.permute(0, 2, 3, 1)
    return pressed(F.grid_sample(crops, where, padding_mode="border", align_corners=False))


def pressed(crops: Tensor) -> Tensor:
    """Crops (K, C, S, S) by other pens and lenses: strokes a little thicker or thinner, or all out of focus.

    Each is a mean, with weights of its own, of itself and of what is lightest, darkest or average around each pixel:
    whether ink is light or dark on its paper, one of both makes it thicker and the other thinner.
    """
    around = F.pad(crops, (1, 1, 1, 1), mode="replicate")
    lightest, darkest = F.max_pool2d(around, 3, 1), -F.max_pool2d(-around, 3, 1)
    kind, much = torch.rand(2, len(crops), 1, 1, 1, device=crops.device)
    changed = torch.where(kind < PRESSED / 2, lightest, darkest)
    changed = torch.where(kind < PRESSED, changed, F.avg_pool2d(around, 3, 1))
    return torch.where(kind < PRESSED + BLURRED, crops.lerp(changed, much), crops)
