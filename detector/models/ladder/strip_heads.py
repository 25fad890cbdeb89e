"""Rungs 5-7: a strip with places for five digits, some of which may be blank.

Rung 5 classifies each place by itself. Rungs 6 and 7 look at the whole strip and tell what is the first digit, the
second, and so on, wherever on the strip they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detector.models.base import DetectorConfig
from detector.models.ladder.classifiers import TwoConvCNNConfig, convolution, two_conv_layers
from detector.models.ladder.recipe import Recipe
from detector.models.ladder.view import MIN_INK_VALUE, MNIST_SIDE_PX, View
from detector.models.ladder.whole_picture import BLANK, StringPrediction, WholePicture, cross_entropy
from detector.types import Target

PLACES = 5
STRIP_WIDTH_PX = PLACES * MNIST_SIDE_PX
MIN_INK_PX = 12  # pixels of ink in a cell that is not blank; the smallest MNIST digit has more
CERTAIN_LOGIT = 20.0  # of a blank cell: its probability is about 1


class FixedCells(WholePicture):
    """Rung 5: cut the strip into five cells of 28x28 and classify each; a cell without ink is blank.

    It learns from single digits, with the network and recipe of `TwoConvCNN` in fewer epochs. To it, a single digit is
    a strip of one cell.
    """

    width = STRIP_WIDTH_PX
    places = PLACES
    recipe = Recipe(epochs=5, optimizer="adadelta", rate=1.0)

    def __init__(self, config: TwoConvCNNConfig | None = None) -> None:
        super().__init__()
        self.config = config or TwoConvCNNConfig()
        self.classifier = two_conv_layers(self.config)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 1, 28, 28 P) -> (B, P, 11): ten digits and blank."""
        cells = pictures.unfold(3, MNIST_SIDE_PX, MNIST_SIDE_PX).permute(0, 3, 1, 2, 4)  # (B, P, 1, 28, 28)
        digits = self.classifier(cells.flatten(0, 1)).unflatten(0, cells.shape[:2])  # (B, P, 10)
        empty = (cells >= MIN_INK_VALUE).sum((2, 3, 4)) < MIN_INK_PX  # (B, P)
        blank = torch.where(empty, CERTAIN_LOGIT, -CERTAIN_LOGIT) + digits.logsumexp(2)
        return torch.cat([digits, blank.unsqueeze(2)], 2)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy over the ten digits, in the cells that hold one."""
        return cross_entropy(scores[..., :BLANK], labels)

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most probable digit of each cell that is not blank."""
        probabilities, digits = scores.softmax(2).max(2)  # (B, P)
        edges = torch.arange(scores.shape[1] + 1.0) * MNIST_SIDE_PX
        columns = torch.stack([edges[:-1], edges[1:]], 1).expand(len(scores), -1, 2)  # (B, P, 2)
        return StringPrediction(digits, probabilities, columns)

    def labels(self, target: Target, view: View) -> Tensor:
        """For each cell, the digit whose box has its centre there; of several, the last."""
        labels = torch.full((PLACES,), BLANK)
        for box, digit, ignored in zip(target.boxes, target.labels, target.ignore, strict=True):
            cell = int(((box[0] + box[2]) / 2 - view.left) / view.across // MNIST_SIDE_PX)
            if not ignored and 0 <= cell < PLACES:
                labels[cell] = int(digit)
        return labels


@dataclass(frozen=True)
class StripConfig(DetectorConfig):
    """What shapes the network that rungs 6 and 7 share, in front of their heads."""

    filters: tuple[int, int, int] = (32, 48, 96)
    """Channels at half of the size, at half, and at a quarter."""
    hidden: int = 512
    """Width of the hidden layer."""
    dropout: float = 0.3
    """Share of the features left out in training, before and behind the hidden layer."""


def strip_layers(config: StripConfig, outputs: int) -> nn.Sequential:
    """(B, 1, 28, 140) -> (B, outputs): convolutions, then layers that see the whole strip."""
    a, b, c = config.filters
    return nn.Sequential(
        nn.Conv2d(1, a, 5, stride=2, padding=2),  # (B, 32, 14, 70)
        nn.ReLU(),
        *convolution(a, b),
        nn.MaxPool2d(2),  # (B, 48, 7, 35)
        *convolution(b, c),
        nn.MaxPool2d(2),  # (B, 96, 3, 17)
        nn.Flatten(),
        nn.Dropout(config.dropout),
        nn.Linear(c * 3 * (STRIP_WIDTH_PX // 8), config.hidden),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.hidden, outputs),
    )


STRIP_RECIPE = Recipe(
    epochs=8, optimizer="adamw", rate=2e-3, schedule="one-cycle", weight_decay=0.02, average=0.998, strips=35_000
)


class Strip(WholePicture):
    """What rungs 6 and 7 share: one network for the whole strip."""

    width = STRIP_WIDTH_PX
    places = PLACES
    lesson = "strips"
    recipe = STRIP_RECIPE
    outputs: ClassVar[int]
    """Scores that the network gives for a strip."""

    def __init__(self, config: StripConfig | None = None) -> None:
        super().__init__()
        self.config = config or StripConfig()
        self.layers = strip_layers(self.config, self.outputs)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 1, 28, 140) -> (B, outputs)."""
        scores: Tensor = self.layers(pictures)
        return scores


class Sigmoids(Strip):
    """Rung 6: a sigmoid for each of five places and each of ten digits and blank, 55 in all.

    Nothing in it says that a place holds exactly one of them. The most certain of its eleven is taken.
    """

    outputs = PLACES * (BLANK + 1)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Binary cross entropy, summed over the eleven sigmoids of a place, a mean over places."""
        truth = F.one_hot(labels, BLANK + 1).to(scores.dtype)  # (B, 5, 11)
        return F.binary_cross_entropy_with_logits(scores.view_as(truth), truth) * (BLANK + 1)

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most certain class of each place."""
        probabilities, digits = scores.unflatten(1, (PLACES, BLANK + 1)).sigmoid().max(2)  # (B, 5)
        return StringPrediction(digits, probabilities)


class FiveSoftmax(Strip):
    """Rung 7: a softmax over eleven classes for each of five places: it holds one digit, or is blank.

    Goodfellow et al., "Multi-digit Number Recognition from Street View Imagery using Deep Convolutional Neural
    Networks" (2013), but with blanks where they predict the length.
    """

    outputs = PLACES * (BLANK + 1)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy, a mean over places."""
        return cross_entropy(scores.unflatten(1, (PLACES, BLANK + 1)), labels)

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most probable class of each place."""
        probabilities, digits = scores.unflatten(1, (PLACES, BLANK + 1)).softmax(2).max(2)  # (B, 5)
        return StringPrediction(digits, probabilities)


class FiveSoftmaxLength(Strip):
    """Rung 7 as Goodfellow et al. have it: one head for the length, 0-5, and five heads for ten digits.

    Heads beyond the length are neither taught nor read. Their network was far larger, eleven layers deep.
    """

    outputs = PLACES * BLANK + PLACES + 1

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy of the length and of each digit that is there, summed; a mean over pictures."""
        digits, length = self.heads(scores)  # (B, 5, 10), (B, 6)
        there = (labels != BLANK).sum(1)  # (B,)
        count = there.sum() / len(labels)  # digits of a picture
        return cross_entropy(digits, labels) * count + F.cross_entropy(length, there)

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most probable string: a probability is that of its length times those of its digits."""
        digits, length = self.heads(scores)
        likely, best = digits.log_softmax(2).max(2)  # (B, 5)
        strings = F.pad(likely.cumsum(1), (1, 0)) + length.log_softmax(1)  # (B, 6), for each length
        there = torch.arange(PLACES, device=scores.device) < strings.argmax(1, keepdim=True)  # (B, 5)
        return StringPrediction(best.where(there, torch.tensor(BLANK)), likely.exp())

    @staticmethod
    def heads(scores: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 56) -> the digits' scores (B, 5, 10) and the length's (B, 6)."""
        return scores[:, : PLACES * BLANK].unflatten(1, (PLACES, BLANK)), scores[:, PLACES * BLANK :]
