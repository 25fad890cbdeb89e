"""Rungs 5-7: a strip with places for five digits, some of which may be blank.

Rung 5 looks into each place by itself. Rungs 6 and 7 look at the whole strip and answer for all places at once: what
stands at the first place, at the second, ... wherever on the strip that is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detector.models.base import DetectorConfig
from detector.models.ladder.classifiers import TwoConvCNNConfig, convolution, two_conv_layers
from detector.models.ladder.recipe import Recipe
from detector.models.ladder.view import INK, SIDE, View
from detector.models.ladder.whole_picture import BLANK, StringPrediction, WholePicture, cross_entropy
from detector.types import Target

PLACES = 5
WIDTH = PLACES * SIDE
LEAST_INK = 12  # pixels of ink in a cell that is not blank: the smallest MNIST digit has more
CERTAIN = 20.0  # score of a blank cell: its probability is 1


class FixedCells(WholePicture):
    """Rung 5: cut the strip into five cells of 28x28 and classify each; a cell without ink is blank.

    It learns from single digits, with the network and recipe of `TwoConvCNN` in fewer epochs. A picture of any multiple
    of 28 pixels is cut in as many cells, so that what it learns from is a strip of one.
    """

    width = WIDTH
    places = PLACES
    recipe = Recipe(epochs=5, optimizer="adadelta", rate=1.0)

    def __init__(self, config: TwoConvCNNConfig | None = None) -> None:
        super().__init__()
        self.config = config or TwoConvCNNConfig()
        self.classifier = two_conv_layers(self.config)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 1, 28, 28 P) -> (B, P, 11): ten digits and blank."""
        cells = pictures.unfold(3, SIDE, SIDE).permute(0, 3, 1, 2, 4)  # (B, P, 1, 28, 28)
        digits = self.classifier(cells.flatten(0, 1)).unflatten(0, cells.shape[:2])  # (B, P, 10)
        empty = (cells >= INK).sum((2, 3, 4)) < LEAST_INK  # (B, P)
        blank = torch.where(empty, CERTAIN, -CERTAIN) + digits.logsumexp(2)
        return torch.cat([digits, blank.unsqueeze(2)], 2)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy over the ten digits, in the cells that hold one."""
        return cross_entropy(scores[..., :BLANK], labels)

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most probable digit of each cell that is not blank."""
        probabilities, digits = scores.softmax(2).max(2)  # (B, P)
        edges = torch.arange(scores.shape[1] + 1.0) * SIDE
        columns = torch.stack([edges[:-1], edges[1:]], 1).expand(len(scores), -1, 2)  # (B, P, 2)
        return StringPrediction(digits, probabilities, columns)

    def labels(self, target: Target, view: View) -> Tensor:
        """For a cell, the digit whose box has its middle there; of several, the last."""
        labels = torch.full((PLACES,), BLANK)
        for box, digit, ignored in zip(target.boxes, target.labels, target.ignore, strict=True):
            cell = int(((box[0] + box[2]) / 2 - view.left) / view.across // SIDE)
            if not ignored and 0 <= cell < PLACES:
                labels[cell] = int(digit)
        return labels


@dataclass(frozen=True)
class StripConfig(DetectorConfig):
    """The network that rungs 6 and 7 share, in front of their answers."""

    filters: tuple[int, int, int] = (32, 48, 96)
    """Channels at half of the size, at half, and at a quarter."""
    hidden: int = 512
    """Width of the hidden layer."""
    dropout: float = 0.3
    """Before and behind the hidden layer."""


def strip_layers(config: StripConfig, answers: int) -> nn.Sequential:
    """(B, 1, 28, 140) -> (B, answers): convolutions, then layers that see the whole strip."""
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
        nn.Linear(c * 3 * (WIDTH // 8), config.hidden),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.hidden, answers),
    )


STRIPS = Recipe(
    epochs=8, optimizer="adamw", rate=2e-3, schedule="one-cycle", weight_decay=0.02, average=0.998, strips=35_000
)


class Strip(WholePicture):
    """What rungs 6 and 7 share: one network for the whole strip. `answers`: how many numbers it gives."""

    width = WIDTH
    places = PLACES
    lesson = "strips"
    recipe = STRIPS
    answers: int

    def __init__(self, config: StripConfig | None = None) -> None:
        super().__init__()
        self.config = config or StripConfig()
        self.layers = strip_layers(self.config, self.answers)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 1, 28, 140) -> (B, answers)."""
        return self.layers(pictures)


class Sigmoids(Strip):
    """Rung 6: 55 yes-or-no questions, five places times ten digits and blank, each answered by itself.

    Nothing in it says that a place holds exactly one thing: of its eleven answers the most certain is taken.
    """

    answers = PLACES * (BLANK + 1)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Binary cross entropy, summed over a place's eleven questions."""
        truth = F.one_hot(labels, BLANK + 1).to(scores.dtype)  # (B, 5, 11)
        return F.binary_cross_entropy_with_logits(scores.view_as(truth), truth) * (BLANK + 1)

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most certain answer of each place."""
        probabilities, digits = scores.unflatten(1, (PLACES, BLANK + 1)).sigmoid().max(2)  # (B, 5)
        return StringPrediction(digits, probabilities)


class FiveSoftmax(Strip):
    """Rung 7: five softmax heads of eleven classes on one network: a place holds one digit, or is blank.

    Goodfellow et al., "Multi-digit Number Recognition from Street View Imagery using Deep Convolutional Neural
    Networks" (2013), with blank places in place of its length.
    """

    answers = PLACES * (BLANK + 1)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy, a mean over the places."""
        return cross_entropy(scores.unflatten(1, (PLACES, BLANK + 1)), labels)

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most probable class of each place."""
        probabilities, digits = scores.unflatten(1, (PLACES, BLANK + 1)).softmax(2).max(2)  # (B, 5)
        return StringPrediction(digits, probabilities)


class FiveSoftmaxLength(Strip):
    """Rung 7 as Goodfellow et al. have it: one head for the length, 0-5, and five of ten digits.

    The heads beyond the length are neither taught nor asked. Their network was far larger, eleven layers deep.
    """

    answers = PLACES * BLANK + PLACES + 1

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """What is unlikely about the length, and about each digit that is there; a mean over pictures."""
        digits, length = self.heads(scores)  # (B, 5, 10), (B, 6)
        there = (labels != BLANK).sum(1)  # (B,)
        asked = there.sum() / len(labels)  # digits of a picture
        return cross_entropy(digits, labels) * asked + F.cross_entropy(length, there)

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most probable string: a longer one has to win against the length as well as in each of its digits."""
        digits, length = self.heads(scores)
        likely, best = digits.log_softmax(2).max(2)  # (B, 5)
        strings = F.pad(likely.cumsum(1), (1, 0)) + length.log_softmax(1)  # (B, 6): of each length
        there = torch.arange(PLACES, device=scores.device) < strings.argmax(1, keepdim=True)  # (B, 5)
        return StringPrediction(best.where(there, torch.tensor(BLANK)), likely.exp())

    @staticmethod
    def heads(scores: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 56) -> the digits' scores (B, 5, 10) and the length's (B, 6)."""
        return scores[:, : PLACES * BLANK].unflatten(1, (PLACES, BLANK)), scores[:, PLACES * BLANK :]
