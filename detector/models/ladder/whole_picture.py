"""What rungs 1-8 share: the picture goes in whole, a string of digits comes out.

A rung is a network and three answers: its scores for a batch of pictures (`forward`), what is wrong with them (`loss`),
and what they say (`decode`). From these follow the two methods that every detector has.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from detector.models.base import Detector
from detector.models.ladder.recipe import Recipe
from detector.models.ladder.view import SIDE, View, see
from detector.types import BoolArray, Detections, Target

BLANK = 10  # the class of a place with nothing in it


@dataclass(frozen=True)
class StringPrediction:
    """What a rung reads in a batch of B pictures, place by place, from left to right.

    digits: int64 (B, P), 0-9 or BLANK. scores: float32 (B, P), the probability of each.
    columns: float32 (B, P, 2), from and to which column of the picture each was read; None where the rung cannot tell.
    """

    digits: Tensor
    scores: Tensor
    columns: Tensor | None = None


class WholePicture(Detector):
    """A rung that answers for the picture as a whole.

    Its network sees float32 (B, 1, 28, W) in [0, 1], light ink on dark.
    """

    whole_picture = True
    width: ClassVar[int | None] = SIDE
    """Of the pictures it sees; None where any will do."""
    places: ClassVar[int] = 1
    """How many digits it is asked for; BLANK fills those that are not there."""
    lesson: ClassVar[Literal["digits", "strips"]] = "digits"
    """What it learns from."""
    recipe: ClassVar[Recipe]
    """How it is usually trained."""

    @abstractmethod
    def forward(self, pictures: Tensor) -> Tensor:
        """The network's scores (B, ...) for pictures (B, 1, 28, W)."""

    @abstractmethod
    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """How wrong the scores are, a mean over pictures or places. labels: int64 (B, P), from the left, then BLANK."""

    @abstractmethod
    def decode(self, scores: Tensor) -> StringPrediction:
        """What the scores say."""

    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        """See Detector. What counts are the digits that are not ignored, from the left, as many as there are places."""
        if not images:
            return {}
        views = [see(image, self.width) for image in images]
        widest = max(view.pixels.shape[2] for view in views)
        pictures = torch.stack([F.pad(view.pixels, (0, widest - view.pixels.shape[2])) for view in views])
        labels = torch.stack([self.labels(target, view) for target, view in zip(targets, views, strict=True)])
        scores = self(pictures.to(images[0].device)).float()
        return {"digits": self.loss(scores, labels.to(scores.device))}

    def labels(self, target: Target, view: View) -> Tensor:
        """The right answer, int64 (P,): the k-th place is that of the k-th digit from the left, the rest is BLANK."""
        centres = (target.boxes[:, 0] + target.boxes[:, 2]) / 2
        order = np.argsort(np.where(target.ignore, np.inf, centres), kind="stable")
        digits = target.labels[order][: len(order) - int(target.ignore.sum())][: self.places]
        return F.pad(torch.from_numpy(digits), (0, self.places - len(digits)), value=BLANK)

    @torch.inference_mode()
    def predict(self, images: Sequence[Tensor]) -> list[Detections]:
        """See Detector. One detection for each place that is not blank."""
        training = self.training
        self.eval()
        views = [see(image, self.width) for image in images]
        found = [Detections.empty()] * len(views)
        for width in sorted({view.pixels.shape[2] for view in views}):
            members = [i for i, view in enumerate(views) if view.pixels.shape[2] == width]
            pictures = torch.stack([views[i].pixels for i in members]).to(images[0].device)  # (B, 1, 28, W)
            reading = self.decode(self(pictures).float())
            for row, i in enumerate(members):
                found[i] = as_detections(reading, row, views[i], (images[i].shape[1], images[i].shape[2]))
        self.train(training)
        return found


def as_detections(reading: StringPrediction, row: int, view: View, size: tuple[int, int]) -> Detections:
    """One picture's reading as boxes in it, best first. size: the picture's height and width, pixels."""
    digits = reading.digits[row].cpu().numpy()  # (P,)
    there: BoolArray = np.not_equal(digits, BLANK)
    count = int(there.sum())
    if reading.columns is None:  # as far as the ink goes, in equal parts
        edges = np.linspace(*view.columns_of_ink(), count + 1)
        parts = np.stack([edges[:-1], edges[1:]], axis=1)  # (N, 2)
    else:
        parts = reading.columns[row].cpu().numpy().astype(np.float64)[there]
    boxes = view.boxes(parts).clip(0, (size[1], size[0]) * 2).astype(np.float32)  # (N, 4)
    scores = reading.scores[row].cpu().numpy()[there].clip(0, 1).astype(np.float32)
    inside = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)  # beyond the picture there is only what it was continued with
    best = np.argsort(-scores, kind="stable")
    best = best[inside[best]]
    return Detections(boxes[best], digits[there][best].astype(np.int64), scores[best])


def cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of scores (B, P, C) over the places whose label (B, P) is one of the C classes.

    The other labels, such as BLANK for a classifier of ten digits, ask for nothing. 0 where all are such.
    """
    asked = labels < scores.shape[2]
    return F.cross_entropy(scores[asked], labels[asked], reduction="sum") / asked.sum().clamp(min=1)
