"""Rungs 1-4: one picture, one digit. Rungs differ in their layers alone, and in how they are trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from detector.models.base import DetectorConfig
from detector.models.ladder.recipe import Recipe
from detector.models.ladder.view import MNIST_SIDE_PX
from detector.models.ladder.whole_picture import StringPrediction, WholePicture, cross_entropy


class Classifier(WholePicture):
    """Which of ten digits a picture (B, 1, 28, 28) shows: one softmax over the logits (B, 10) of `layers`."""

    layers: nn.Module

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 1, 28, 28) -> (B, 1, 10): there is one place."""
        logits: Tensor = self.layers(pictures)
        return logits.unsqueeze(1)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy."""
        return cross_entropy(scores, labels)

    def decode(self, scores: Tensor) -> StringPrediction:
        """The most probable digit: no picture is blank."""
        probabilities, digits = scores.softmax(2).max(2)  # (B, 1)
        columns = torch.tensor([0.0, MNIST_SIDE_PX]).expand(len(scores), 1, 2)
        return StringPrediction(digits, probabilities, columns)


@dataclass(frozen=True)
class SoftmaxConfig(DetectorConfig):
    """There is nothing to choose."""


class Softmax(Classifier):
    """Rung 1, softmax regression: each digit is one template of 784 weights.

    As in TensorFlow's "MNIST for ML Beginners" (2015): gradient descent at a rate of 0.5, batches of 100.
    """

    recipe = Recipe(epochs=10, batch_size=100, optimizer="sgd", rate=0.5)

    def __init__(self, config: SoftmaxConfig | None = None) -> None:
        super().__init__()
        self.config = config or SoftmaxConfig()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(MNIST_SIDE_PX * MNIST_SIDE_PX, 10))


@dataclass(frozen=True)
class MLPConfig(DetectorConfig):
    """What shapes an MLP."""

    hidden: int = 784
    """Width of the hidden layer."""


class MLP(Classifier):
    """Rung 1 with one hidden layer, as wide as the picture has pixels.

    As in Brownlee, "Handwritten Digit Recognition using Convolutional Neural Networks in Python with Keras" (2016).
    """

    recipe = Recipe(epochs=10, batch_size=200)

    def __init__(self, config: MLPConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or MLPConfig()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(MNIST_SIDE_PX * MNIST_SIDE_PX, c.hidden), nn.ReLU(), nn.Linear(c.hidden, 10)
        )


@dataclass(frozen=True)
class SimpleCNNConfig(DetectorConfig):
    """What shapes a SimpleCNN."""

    filters: int = 32
    """Channels of the convolution."""
    hidden: int = 128
    """Width of the hidden layer."""
    dropout: float = 0.2
    """Share of the features left out in training, behind the pooling."""


class SimpleCNN(Classifier):
    """Rung 2: filters that are the same everywhere, and a pooling that forgives a shift. From the same text as MLP."""

    recipe = Recipe(epochs=10, batch_size=200)

    def __init__(self, config: SimpleCNNConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or SimpleCNNConfig()
        self.layers = nn.Sequential(
            nn.Conv2d(1, c.filters, 5),  # (B, 32, 24, 24)
            nn.ReLU(),
            nn.MaxPool2d(2),  # (B, 32, 12, 12)
            nn.Dropout(c.dropout),
            nn.Flatten(),
            nn.Linear(c.filters * 12 * 12, c.hidden),
            nn.ReLU(),
            nn.Linear(c.hidden, 10),
        )


@dataclass(frozen=True)
class ImprovedCNNConfig(DetectorConfig):
    """What shapes an ImprovedCNN."""

    filters: tuple[int, int] = (30, 15)
    """Channels of the convolutions."""
    hidden: tuple[int, int] = (128, 50)
    """Widths of the hidden layers."""
    dropout: float = 0.2
    """Share of the features left out in training, behind the second pooling."""


class ImprovedCNN(Classifier):
    """Rung 2, improved: filters on the results of filters. From the same text as MLP."""

    recipe = Recipe(epochs=10, batch_size=200)

    def __init__(self, config: ImprovedCNNConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or ImprovedCNNConfig()
        self.layers = nn.Sequential(
            nn.Conv2d(1, c.filters[0], 5),  # (B, 30, 24, 24)
            nn.ReLU(),
            nn.MaxPool2d(2),  # (B, 30, 12, 12)
            nn.Conv2d(c.filters[0], c.filters[1], 3),  # (B, 15, 10, 10)
            nn.ReLU(),
            nn.MaxPool2d(2),  # (B, 15, 5, 5)
            nn.Dropout(c.dropout),
            nn.Flatten(),
            nn.Linear(c.filters[1] * 5 * 5, c.hidden[0]),
            nn.ReLU(),
            nn.Linear(c.hidden[0], c.hidden[1]),
            nn.ReLU(),
            nn.Linear(c.hidden[1], 10),
        )


@dataclass(frozen=True)
class TwoConvCNNConfig(DetectorConfig):
    """What shapes a TwoConvCNN."""

    filters: tuple[int, int] = (32, 64)
    """Channels of the convolutions."""
    hidden: int = 128
    """Width of the hidden layer."""
    dropout: tuple[float, float] = (0.25, 0.5)
    """Shares of the features left out in training, behind the pooling and behind the hidden layer."""


def two_conv_layers(config: TwoConvCNNConfig) -> nn.Sequential:
    """(B, 1, 28, 28) -> (B, 10). Rung 5 classifies its cells with the same layers."""
    first, second = config.filters
    return nn.Sequential(
        nn.Conv2d(1, first, 3),  # (B, 32, 26, 26)
        nn.ReLU(),
        nn.Conv2d(first, second, 3),  # (B, 64, 24, 24)
        nn.ReLU(),
        nn.MaxPool2d(2),  # (B, 64, 12, 12)
        nn.Dropout(config.dropout[0]),
        nn.Flatten(),
        nn.Linear(second * 12 * 12, config.hidden),
        nn.ReLU(),
        nn.Dropout(config.dropout[1]),
        nn.Linear(config.hidden, 10),
    )


class TwoConvCNN(Classifier):
    """Rung 3: two convolutions, then a pooling. Dropout keeps the large layer behind them from learning by heart.

    The example `mnist_cnn.py` that came with Keras (2015), with its recipe: 12 epochs of Adadelta in batches of 128.
    """

    recipe = Recipe(epochs=12, optimizer="adadelta", rate=1.0)

    def __init__(self, config: TwoConvCNNConfig | None = None) -> None:
        super().__init__()
        self.config = config or TwoConvCNNConfig()
        self.layers = two_conv_layers(self.config)


@dataclass(frozen=True)
class ModernCNNConfig(DetectorConfig):
    """What shapes a ModernCNN."""

    filters: tuple[int, int, int] = (32, 64, 128)
    """Channels at full size, half and a quarter."""
    dropout: float = 0.3
    """Share of the features left out in training, before the last layer."""


class ModernCNN(Classifier):
    """Rung 3 with what the field has learned since.

    That is batch normalisation (Ioffe and Szegedy, 2015), small kernels, a rate that rises and falls (Smith and Topin,
    "Super-Convergence", 2018), samples that are distorted anew each time, and an average of the weights.
    """

    recipe = Recipe(
        epochs=16, optimizer="adamw", rate=4e-3, schedule="one-cycle", weight_decay=0.02, augment=True, average=0.998
    )

    def __init__(self, config: ModernCNNConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or ModernCNNConfig()
        a, b, d = c.filters
        self.layers = nn.Sequential(
            *convolution(1, a),
            nn.MaxPool2d(2),  # (B, 32, 14, 14)
            *convolution(a, b),
            *convolution(b, b),
            nn.MaxPool2d(2),  # (B, 64, 7, 7)
            *convolution(b, d),
            *convolution(d, d, padding=0),  # (B, 128, 5, 5)
            nn.Flatten(),
            nn.Dropout(c.dropout),
            nn.Linear(d * 5 * 5, 10),
        )


def convolution(inputs: int, outputs: int, padding: int = 1) -> tuple[nn.Module, ...]:
    """A convolution of 3x3, batch normalisation and ReLU."""
    return nn.Conv2d(inputs, outputs, 3, padding=padding, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()


@dataclass(frozen=True)
class WideCNNConfig(DetectorConfig):
    """What shapes a WideCNN."""

    filters: tuple[int, int] = (32, 64)
    """Channels of the convolutions."""
    hidden: int = 1024
    """Width of the hidden layer."""
    dropout: float = 0.5
    """Share of the features left out in training, behind the hidden layer."""


class WideCNN(Classifier):
    """Rung 4: large filters, two poolings, then one very wide layer with strong dropout.

    TensorFlow's "Deep MNIST for Experts" (2015), whose 20,000 steps of 50 pictures at a rate of 1e-4 are shortened here
    to 6 epochs at a higher rate.
    """

    recipe = Recipe(epochs=6, batch_size=100, rate=5e-4)

    def __init__(self, config: WideCNNConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or WideCNNConfig()
        first, second = c.filters
        self.layers = nn.Sequential(
            nn.Conv2d(1, first, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),  # (B, 32, 14, 14)
            nn.Conv2d(first, second, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),  # (B, 64, 7, 7)
            nn.Flatten(),
            nn.Linear(second * 7 * 7, c.hidden),
            nn.ReLU(),
            nn.Dropout(c.dropout),
            nn.Linear(c.hidden, 10),
        )
