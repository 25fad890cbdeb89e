"""What rungs 1-8 share: the picture goes in whole, a string of digits comes out.

A rung is a network with three methods: `forward` gives its scores for a batch of pictures, `loss` says how wrong they
are, and `decode` turns them into digits. The two methods that every detector has are made of these.
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
from detector.models.ladder.view import MNIST_SIDE_PX, View, see
from detector.types import BoolArray, Detections, Target

BLANK = 10  # the class of a place without a digit


@dataclass(frozen=True)
class StringPrediction:
    """The digits that a rung reads in a batch of B pictures, at P places from left to right.

    digits: int64 (B, P), 0-9 or BLANK. scores: float32 (B, P), the probability of each. columns: float32 (B, P, 2), the
    columns of the view from and to which each was read; None where the rung cannot tell.
    """

    digits: Tensor
    scores: Tensor
    columns: Tensor | None = None


class WholePicture(Detector):
    """A rung that reads a picture as a whole. Its network sees float32 (B, 1, 28, W) in [0, 1], light ink on dark."""

    whole_picture = True
    width: ClassVar[int | None] = MNIST_SIDE_PX
    """Width of the views it sees, pixels; None where any will do."""
    places: ClassVar[int] = 1
    """How many digits it can be taught at once; BLANK fills the places of those that are not there."""
    lesson: ClassVar[Literal["digits", "strips"]] = "digits"
    """What it learns from: single digits, or strips of several."""
    recipe: ClassVar[Recipe]
    """How it is trained unless told otherwise."""

    @abstractmethod
    def forward(self, pictures: Tensor) -> Tensor:
        """The network's scores (B, ...) for views (B, 1, 28, W)."""

    @abstractmethod
    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """How wrong the scores are, a mean over pictures or places.

        labels: int64 (B, P), the digits from the left, then BLANK.
        """

    @abstractmethod
    def decode(self, scores: Tensor) -> StringPrediction:
        """The digits that the scores (B, ...) stand for."""

    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        """See Detector. Taught are the digits that are not ignored, from the left, as many as there are places."""
        if not images:
            return {}
        views = [see(image, self.width) for image in images]
        widest = max(view.pixels.shape[2] for view in views)
        pictures = torch.stack([F.pad(view.pixels, (0, widest - view.pixels.shape[2])) for view in views])
        labels = torch.stack([self.labels(target.digits(), view) for target, view in zip(targets, views, strict=True)])
        scores = self(pictures.to(images[0].device)).float()
        return {"digits": self.loss(scores, labels.to(scores.device))}

    def labels(self, target: Target, view: View) -> Tensor:
        """The true digits, int64 (P,): the k-th place is that of the k-th digit from the left, the rest is BLANK."""
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
            prediction = self.decode(self(pictures).float())
            for row, i in enumerate(members):
                found[i] = as_detections(prediction, row, views[i], (images[i].shape[1], images[i].shape[2]))
        self.train(training)
        return found


def as_detections(prediction: StringPrediction, row: int, view: View, size: tuple[int, int]) -> Detections:
    """What was read in one picture, as boxes in it, best first.

    row: its index in the prediction. size: its height and width, pixels.
    """
    digits = prediction.digits[row].cpu().numpy()  # (P,)
    there: BoolArray = np.not_equal(digits, BLANK)
    count = int(there.sum())
    if prediction.columns is None:  # as far as the ink goes, in equal parts
        edges = np.linspace(*view.columns_of_ink(), count + 1)
        parts = np.stack([edges[:-1], edges[1:]], axis=1)  # (N, 2)
    else:
        parts = prediction.columns[row].cpu().numpy().astype(np.float64)[there]
    boxes = view.boxes(parts).clip(0, (size[1], size[0]) * 2).astype(np.float32)  # (N, 4)
    scores = prediction.scores[row].cpu().numpy()[there].clip(0, 1).astype(np.float32)
    inside = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)  # others lie in what the view was filled up with
    best = np.argsort(-scores, kind="stable")
    best = best[inside[best]]
    return Detections(boxes[best], digits[there][best].astype(np.int64), scores[best])


def cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of scores (B, P, C) over the places whose label (B, P) is one of the C classes.

    Other labels, such as BLANK for a classifier of ten digits, are left out; 0 where all of them are.
    """
    asked = labels < scores.shape[2]
    return F.cross_entropy(scores[asked], labels[asked], reduction="sum") / asked.sum().clamp(min=1)
