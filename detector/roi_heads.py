"""Which digit is in a proposal and where exactly: torchvision's RoI heads with one box for all classes.

Ren et al., "Faster R-CNN" (2015); class-agnostic boxes as in Dai et al., "R-FCN" (2016), section 2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.ops import boxes as box_ops

from detector.backbone import ConvNormReLU
from detector.proposals import choose, on_ignored

CLASSES = 10  # label 0 inside the heads is background, digit d is d + 1
SAME_HEIGHT = 0.6  # of the height of the higher of two boxes: they are about as high
BOX_WEIGHT = 2.0  # of the box loss: COCO's AP asks for boxes to the pixel


def without_parts(boxes: Tensor, groups: Tensor, threshold: float, same_height: float = SAME_HEIGHT) -> Tensor:
    """Of boxes (N, 4), best first, those (N,) that are not the same ink as a better one of their group (N,).

    A slim 1 in a wide box and in a narrow one has an IoU as small as that of two digits. It is one digit nevertheless
    if more than `threshold` of the smaller box lies in the other and both are about as high: two digits of a height
    cannot share a place, while a small one may well lie within a large one.
    """
    low, high = torch.maximum(boxes[:, None, :2], boxes[:, :2]), torch.minimum(boxes[:, None, 2:], boxes[:, 2:])
    shared = (high - low).clamp(min=0).prod(2)  # (N, N)
    areas, heights = box_ops.box_area(boxes), boxes[:, 3] - boxes[:, 1]  # (N,)
    alike = torch.minimum(heights[:, None], heights) > same_height * torch.maximum(heights[:, None], heights)
    same = (shared > threshold * torch.minimum(areas[:, None], areas)) & alike & (groups[:, None] == groups)
    same = same.triu(diagonal=1)  # a better one speaks against a worse one
    keep = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    for i in same.any(1).nonzero()[:, 0].tolist():
        keep &= ~(same[i] & keep[i])
    return keep


class BoxHead(nn.Sequential):
    """RoI features (K, C, size, size) -> (K, hidden)."""

    def __init__(self, channels: int, size: int, width: int, hidden: int) -> None:
        cells = (size + 1) // 2
        super().__init__(
            ConvNormReLU(channels, width, stride=2),
            nn.Flatten(),
            nn.Linear(width * cells * cells, hidden),
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


class DigitHeads(RoIHeads):
    """Proposals and the features under them -> digits. NMS across classes: one piece of ink is one digit."""

    def __init__(
        self,
        pool: nn.Module,
        head: nn.Module,
        predictor: nn.Module,
        samples: int,
        score_threshold: float,
        nms_threshold: float,
        inside_threshold: float,
        most: int,
        nms_per_class: bool,
        second_look: bool,
    ) -> None:
        super().__init__(
            pool,
            head,
            predictor,
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.5,
            batch_size_per_image=samples,
            positive_fraction=0.5,
            bbox_reg_weights=(10.0, 10.0, 5.0, 5.0),
            score_thresh=score_threshold,
            nms_thresh=nms_threshold,
            detections_per_img=most,
        )
        self.samples = samples
        self.inside_thresh = inside_threshold
        self.nms_per_class = nms_per_class
        self.second_look = second_look

    def forward(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        targets: list[dict[str, Tensor]] | None = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Without targets what is found in each picture, with targets (boxes, labels 0-9, ignored) the two losses."""
        if targets is None:
            logits, deltas = self.look(features, proposals, image_shapes)
            found = self.digits(logits, deltas, proposals, image_shapes)
            return self.refine(features, found, image_shapes) if self.second_look else found, {}
        sampled = [self.sample(p, t) for p, t in zip(proposals, targets, strict=True)]
        boxes = [s[0] for s in sampled]
        labels, truths = torch.cat([s[1] for s in sampled]), torch.cat([s[2] for s in sampled])
        logits, deltas = self.look(features, boxes, image_shapes)
        positive = labels > 0
        wanted = self.box_coder.encode_single(truths[positive], torch.cat(boxes)[positive])
        count = max(1, len(labels))
        return [], {
            "classes": F.cross_entropy(logits, labels, reduction="sum") / count,
            "boxes": BOX_WEIGHT * F.smooth_l1_loss(deltas[positive], wanted, beta=1 / 9, reduction="sum") / count,
        }

    def look(
        self, features: dict[str, Tensor], boxes: list[Tensor], image_shapes: list[tuple[int, int]]
    ) -> tuple[Tensor, Tensor]:
        """Class logits (K, 11) and deltas (K, 4) for all boxes of all pictures."""
        return self.box_predictor(self.box_head(self.box_roi_pool(features, boxes, image_shapes)))

    def sample(self, proposals: Tensor, target: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Up to `samples` boxes (S, 4) to learn from, half of them digits, with classes (S,) and true boxes (S, 4)."""
        truths = target["boxes"]
        boxes = torch.cat([proposals, truths])  # the truth itself is a proposal to learn from
        if len(truths) == 0:
            labels = torch.zeros(len(boxes), dtype=torch.int64, device=boxes.device)
            matched = boxes
        else:
            overlap, match = box_ops.box_iou(truths, boxes).max(0)
            labels = torch.where(overlap >= 0.5, target["labels"][match] + 1, 0)
            matched = truths[match]
        background = (labels == 0) & ~on_ignored(boxes, target["ignored"])
        positive = choose((labels > 0).nonzero()[:, 0], self.samples // 2)
        chosen = torch.cat([positive, choose(background.nonzero()[:, 0], self.samples - len(positive))])
        return boxes[chosen], labels[chosen], matched[chosen]

    def digits(
        self, logits: Tensor, deltas: Tensor, proposals: list[Tensor], image_shapes: list[tuple[int, int]]
    ) -> list[dict[str, Tensor]]:
        """Per picture boxes (N, 4), labels (N,) 0-9 and scores (N,), best first."""
        counts = [len(p) for p in proposals]
        moved = self.box_coder.decode_single(deltas, torch.cat(proposals)).split(counts)
        scores = logits.softmax(1)[:, 1:].split(counts)  # (K, 10) per picture
        found = []
        for boxes, score, size in zip(moved, scores, image_shapes, strict=True):
            if self.nms_per_class:
                row, label = (score > self.score_thresh).nonzero(as_tuple=True)
                boxes, best = boxes[row], score[row, label]
            else:
                best, label = score.max(1)
            found.append(self.one_of_each(boxes, label, best, size))
        return found

    def refine(
        self, features: dict[str, Tensor], found: list[dict[str, Tensor]], image_shapes: list[tuple[int, int]]
    ) -> list[dict[str, Tensor]]:
        """A second look, right at what was found: boxes become tighter, scores the mean of both looks.

        Iterative box regression: Gidaris and Komodakis, "Object detection via a multi-region and semantic
        segmentation-aware CNN model" (2015), section 4.
        """
        counts = [len(f["boxes"]) for f in found]
        boxes = torch.cat([f["boxes"] for f in found])
        logits, deltas = self.look(features, [f["boxes"] for f in found], image_shapes)
        moved = self.box_coder.decode_single(deltas, boxes).split(counts)
        scores = logits.softmax(1)[:, 1:].split(counts)  # (N, 10) per picture
        refined = []
        for first, box, score, size in zip(found, moved, scores, image_shapes, strict=True):
            before = F.one_hot(first["labels"], CLASSES) * first["scores"][:, None]  # (N, 10)
            best, label = ((before + score) / 2).max(1)
            refined.append(self.one_of_each(box, label, best, size))
        return refined

    def one_of_each(self, boxes: Tensor, label: Tensor, best: Tensor, size: tuple[int, int]) -> dict[str, Tensor]:
        """Candidates (N, 4), (N,), (N,) clipped to their picture, without the unlikely, the tiny and the doubles."""
        boxes = box_ops.clip_boxes_to_image(boxes, size)
        sides = (boxes[:, 2:] - boxes[:, :2]).amin(1)
        kept = ((best > self.score_thresh) & (sides >= 1)).nonzero()[:, 0]
        boxes, best, label = boxes[kept], best[kept], label[kept]
        groups = label if self.nms_per_class else torch.zeros_like(label)
        kept = box_ops.batched_nms(boxes, best, groups, self.nms_thresh)
        kept = kept[without_parts(boxes[kept], groups[kept], self.inside_thresh)][: self.detections_per_img]
        return {"boxes": boxes[kept], "labels": label[kept], "scores": best[kept]}
