"""Where a digit may be: torchvision's region proposal network, made cheap for many small pictures on a CPU.

Ren et al., "Faster R-CNN" (2015), section 3. What differs from torchvision's: boxes are matched with near anchors only,
only the best anchors are decoded and only the sampled ones encoded; duplicates are removed across levels; anchors on
ignored digits are left out of the losses.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import boxes as box_ops

from detector.anchors import NearAnchors, paired_iou

SAMPLES = 256
POSITIVE_IOU = 0.5
NEGATIVE_IOU = 0.3
IGNORED_OVERLAP = 0.5


def on_ignored(boxes: Tensor, ignored: Tensor) -> Tensor:
    """Which boxes (N, 4) lie by half or more of their own area on one of the ignored boxes (M, 4): bool (N,)."""
    if len(ignored) == 0:
        return torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    low = torch.maximum(boxes[:, None, :2], ignored[None, :, :2])  # (N, M, 2)
    high = torch.minimum(boxes[:, None, 2:], ignored[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(2)  # (N, M)
    return (shared >= IGNORED_OVERLAP * box_ops.box_area(boxes)[:, None]).any(1)


def choose(candidates: Tensor, count: int) -> Tensor:
    """At most `count` of the candidates (N,), at random and without repeats, by torch's global generator."""
    if len(candidates) <= count:
        return candidates
    return candidates[torch.randperm(len(candidates), device=candidates.device)[:count]]


class ProposalHead(nn.Module):
    """For each anchor, whether a digit is near and by how much to move: from one hidden layer shared by all levels."""

    def __init__(self, channels: int, hidden: int, anchors: int) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(channels, hidden, 1)
        self.objectness = nn.Conv2d(hidden, anchors, 1)
        self.deltas = nn.Conv2d(hidden, anchors * 4, 1)
        for layer in (self.objectness, self.deltas):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.constant_(layer.bias, 0)  # type: ignore[arg-type]

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """(B, C, H, W) per level -> per level objectness logits (B, H * W * A) and deltas (B, H * W * A, 4)."""
        objectness, deltas = [], []
        for feature in features:
            hidden = F.relu(self.hidden(feature))
            objectness.append(self.objectness(hidden).permute(0, 2, 3, 1).flatten(1).float())
            deltas.append(self.deltas(hidden).permute(0, 2, 3, 1).reshape(len(feature), -1, 4).float())
        return objectness, deltas


class ProposalNetwork(RegionProposalNetwork):
    """Feature maps -> the boxes in which the heads look closer, best first."""

    def __init__(
        self,
        channels: int,
        hidden: int,
        strides: tuple[int, ...],
        sizes: tuple[tuple[float, ...], ...],
        aspects: tuple[float, ...],
        before_nms: tuple[int, int],
        after_nms: tuple[int, int],
        nms_thresholds: tuple[float, float],
        threshold: float,
    ) -> None:
        """hidden: channels of its layer. sizes: square roots of the anchors' areas per level, pixels. aspects: height /
        width. *_nms, nms_thresholds (IoU): in training, in use.

        threshold: proposals that are digits with a lower probability are dropped, when not training.
        """
        anchors = AnchorGenerator(sizes, (aspects,) * len(sizes))
        super().__init__(
            anchors,
            ProposalHead(channels, hidden, len(sizes[0]) * len(aspects)),
            fg_iou_thresh=POSITIVE_IOU,
            bg_iou_thresh=NEGATIVE_IOU,
            batch_size_per_image=SAMPLES,
            positive_fraction=0.5,
            pre_nms_top_n={"training": before_nms[0], "testing": before_nms[1]},
            post_nms_top_n={"training": after_nms[0], "testing": after_nms[1]},
            nms_thresh=nms_thresholds[0],
            score_thresh=threshold,
        )
        self.nms_thresholds = nms_thresholds
        self.strides = strides
        self.near = NearAnchors(anchors.cell_anchors, strides, NEGATIVE_IOU)

    def forward(
        self, images: ImageList, features: dict[str, Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Proposals (K, 4) in pixels for each picture, and with targets (boxes, labels, ignored) the two losses."""
        maps = list(features.values())
        objectness, deltas = self.head(maps)
        grids = [(m.shape[2], m.shape[3]) for m in maps]
        anchors = self.anchors(grids, maps[0].device)  # (N, 4), the same for each picture
        proposals = self.propose([o.detach() for o in objectness], [d.detach() for d in deltas], anchors, images)
        if targets is None:
            return proposals, {}
        return proposals, self.losses(torch.cat(objectness, 1), torch.cat(deltas, 1), anchors, grids, targets)

    def anchors(self, grids: list[tuple[int, int]], device: torch.device) -> Tensor:
        """All anchors (N, 4) of level grids of (rows, columns): level by level, row by row."""
        self.anchor_generator.set_cell_anchors(torch.float32, device)
        return torch.cat(self.anchor_generator.grid_anchors(grids, [(stride, stride) for stride in self.strides]))

    def propose(
        self, objectness: list[Tensor], deltas: list[Tensor], anchors: Tensor, images: ImageList
    ) -> list[Tensor]:
        """The best anchors of each level, moved, clipped to their picture, without duplicates."""
        boxes, scores, start = [], [], 0
        for level_scores, level_deltas in zip(objectness, deltas, strict=True):
            count = level_scores.shape[1]
            best, index = level_scores.topk(min(self.pre_nms_top_n(), count), dim=1)  # (B, K)
            moves = level_deltas.gather(1, index[:, :, None].expand(-1, -1, 4))  # (B, K, 4)
            moved = self.box_coder.decode_single(
                moves.flatten(0, 1), anchors[start : start + count][index].flatten(0, 1)
            )
            boxes.append(moved.view_as(moves))
            scores.append(best)
            start += count
        all_boxes, all_scores = torch.cat(boxes, 1), torch.cat(scores, 1)  # (B, levels * K, 4), (B, levels * K)
        proposals = []
        for found, score, size in zip(all_boxes, all_scores, images.image_sizes, strict=True):
            found = box_ops.clip_boxes_to_image(found, size)
            kept = box_ops.remove_small_boxes(found, 1.0)
            if not self.training:  # in training the heads are to see what else there is
                kept = kept[score[kept].sigmoid() >= self.score_thresh]
            found, score = found[kept], score[kept]
            overlap = self.nms_thresholds[0 if self.training else 1]
            proposals.append(found[box_ops.nms(found, score, overlap)[: self.post_nms_top_n()]])
        return proposals

    def losses(
        self,
        objectness: Tensor,
        deltas: Tensor,
        anchors: Tensor,
        grids: list[tuple[int, int]],
        targets: list[dict[str, Tensor]],
    ) -> dict[str, Tensor]:
        """Binary cross entropy and smooth L1 over sampled anchors; objectness (B, N), deltas (B, N, 4)."""
        positive, truths, negative = self.sample(anchors, grids, targets)
        scores = objectness.flatten()[torch.cat([positive, negative])]
        wanted = torch.zeros_like(scores)
        wanted[: len(positive)] = 1
        moves = deltas.flatten(0, 1)[positive]  # (P, 4)
        wanted_moves = self.box_coder.encode_single(truths, anchors[positive % len(anchors)])
        count = max(1, len(scores))
        return {
            "objectness": F.binary_cross_entropy_with_logits(scores, wanted, reduction="sum") / count,
            "proposal_boxes": F.smooth_l1_loss(moves, wanted_moves, beta=1 / 9, reduction="sum") / count,
        }

    def sample(
        self, anchors: Tensor, grids: list[tuple[int, int]], targets: list[dict[str, Tensor]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Anchors to learn from, about SAMPLES a picture: positives (P,), their true boxes (P, 4), negatives (M,).

        An index counts through all anchors of the batch: picture * N + anchor. Positive is an anchor with IoU >= 0.5,
        or the best one of a box; negative is one with IoU < 0.3 to all boxes that does not lie on an ignored one.
        """
        total = len(targets) * len(anchors)
        boxes = torch.cat([t["boxes"] for t in targets])  # (G, 4)
        picture = torch.repeat_interleave(torch.tensor([len(t["boxes"]) for t in targets], device=boxes.device))
        near, exists = self.near(boxes, grids)  # (G, K)
        iou = paired_iou(boxes[:, None], anchors[near]).where(exists, 0)
        index = near + picture[:, None] * len(anchors)
        best = iou.new_zeros(total).scatter_reduce_(0, index.flatten(), iou.flatten(), "amax")  # for each anchor
        good = (iou >= POSITIVE_IOU) | (iou == iou.amax(1, keepdim=True))
        box, slot = (good & (iou > 0) & (iou == best[index])).nonzero(as_tuple=True)
        chosen = choose(torch.arange(len(box), device=boxes.device), len(targets) * SAMPLES // 2)
        positive, truths = index[box[chosen], slot[chosen]], boxes[box[chosen]]
        # Without the few repeats: a permutation of all anchors would cost more than it gives.
        drawn = torch.randint(total, (len(targets) * SAMPLES - len(positive),), device=boxes.device).unique()
        left_out = best[drawn] >= NEGATIVE_IOU
        left_out |= torch.isin(drawn, positive)  # the best anchor of a box may have a low IoU
        for i, target in enumerate(targets):
            if len(target["ignored"]):
                here = drawn // len(anchors) == i
                left_out[here] |= on_ignored(anchors[drawn[here] % len(anchors)], target["ignored"])
        return positive, truths, drawn[~left_out]
