"""Rung 8: a classifier slides along the strip, and a decoder makes one string of its scores.

LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998), section VII: a space displacement
network is a classifier applied at every position, as convolutions that share what they compute. They found the string
by Viterbi's algorithm over a hand-made grammar. Here it is learned and read by connectionist temporal classification
(Graves et al., 2006): each column is a digit or blank, and equal neighbours are one digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detector.models.base import DetectorConfig
from detector.models.ladder.classifiers import convolution
from detector.models.ladder.recipe import Recipe
from detector.models.ladder.view import MNIST_SIDE_PX, WIDTH_STEP_PX
from detector.models.ladder.whole_picture import BLANK, StringPrediction, WholePicture

EDGE_PX = 2 * WIDTH_STEP_PX  # paper put on either side, so that the first digit has the surroundings of all others
MAX_REACH_PX = MNIST_SIDE_PX / 2  # from a digit's most probable column to its sides


@dataclass(frozen=True)
class SpaceDisplacementConfig(DetectorConfig):
    """What shapes a SpaceDisplacement."""

    filters: tuple[int, int, int] = (32, 48, 64)
    """Channels at half of the size, at half, and at a quarter."""
    hidden: int = 128
    """Channels of the layer that sees a window of the strip as high as it is."""
    window: int = 5
    """Width of that layer, in columns of 4 pixels. Behind the convolutions, it sees about the width of a digit."""
    dropout: float = 0.3
    """Share of the features left out in training, before and behind that layer."""


class SpaceDisplacement(WholePicture):
    """Scores for ten digits and blank at every fourth pixel of a strip 28 high and of any width."""

    width = None
    places = 5
    lesson = "strips"
    recipe = Recipe(
        epochs=8, optimizer="adamw", rate=3e-3, schedule="one-cycle", weight_decay=0.02, average=0.998, strips=35_000
    )

    def __init__(self, config: SpaceDisplacementConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or SpaceDisplacementConfig()
        first, second, third = c.filters
        self.layers = nn.Sequential(
            nn.Conv2d(1, first, 5, stride=2, padding=2),  # (B, 32, 14, W/2)
            nn.ReLU(),
            *convolution(first, second),
            nn.MaxPool2d(2),  # (B, 48, 7, W/4)
            *convolution(second, third),
            nn.Dropout(c.dropout),
            nn.Conv2d(
                third, c.hidden, (MNIST_SIDE_PX // WIDTH_STEP_PX, c.window), padding=(0, c.window // 2), bias=False
            ),
            nn.BatchNorm2d(c.hidden),  # (B, 128, 1, W/4)
            nn.ReLU(),
            nn.Dropout(c.dropout),
            nn.Conv2d(c.hidden, BLANK + 1, 1),  # (B, 11, 1, W/4)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 1, 28, W) -> (B, (W + 2 EDGE_PX) / 4, 11): the scores of each column of four pixels."""
        scores: Tensor = self.layers(F.pad(pictures, (EDGE_PX, EDGE_PX)))  # (B, 11, 1, T)
        return scores.squeeze(2).transpose(1, 2)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Minus the logarithm of the string's probability over all alignments, a mean over pictures."""
        columns = torch.full((len(scores),), scores.shape[1])
        lengths = (labels != BLANK).sum(1)
        logs = scores.log_softmax(2).transpose(0, 1)  # (T, B, 11)
        return F.ctc_loss(logs, labels, columns, lengths, blank=BLANK, reduction="sum", zero_infinity=True) / len(
            labels
        )

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most probable class of each column; equal neighbours are one digit, and blanks are left out.

        A digit reaches half way to its neighbours, and no further than MAX_REACH_PX from its most probable column.
        """
        probabilities, classes = scores.softmax(2).max(2)  # (B, T)
        rows = [_row(*pair) for pair in zip(probabilities.tolist(), classes.tolist(), strict=True)]
        places = max(map(len, rows), default=0)
        table = torch.tensor([row + [(BLANK, 1.0, 0.0, 0.0)] * (places - len(row)) for row in rows])
        table = table.view(len(rows), places, 4)
        return StringPrediction(table[..., 0].long(), table[..., 1], table[..., 2:])


def _row(probabilities: list[float], classes: list[int]) -> list[tuple[int, float, float, float]]:
    """The digits of one picture: which, how probable, and the columns of the view from and to which each reaches."""
    peaks: list[tuple[int, float, int]] = []  # digit, probability, position
    before = BLANK
    for position, (digit, probability) in enumerate(zip(classes, probabilities, strict=True)):
        if digit != BLANK and digit == before and probability > peaks[-1][1]:
            peaks[-1] = (digit, probability, position)
        elif digit != BLANK and digit != before:
            peaks.append((digit, probability, position))
        before = digit
    centres = [(position + 0.5) * WIDTH_STEP_PX - EDGE_PX for _, _, position in peaks]
    row = []
    for k, (digit, probability, _) in enumerate(peaks):
        left = max(centres[k] - MAX_REACH_PX, (centres[k - 1] + centres[k]) / 2 if k else -MAX_REACH_PX)
        right = min(
            centres[k] + MAX_REACH_PX,
            (centres[k] + centres[k + 1]) / 2 if k + 1 < len(peaks) else centres[k] + MAX_REACH_PX,
        )
        row.append((digit, probability, left, right))
    return row
