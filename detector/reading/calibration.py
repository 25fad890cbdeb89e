"""What a score means: a number's or a digit's chance of being right.

The scores of a network say which of two digits is the likelier, not how likely either is. A straight line through their
logits, sigmoid(slope * logit(score) + offset), fitted where the truth is known, makes chances of them and keeps their
order (Platt, "Probabilistic outputs for support vector machines", 1999; a slope alone is the temperature of Guo et al.,
"On calibration of modern neural networks", 2017).

A number is right if each of its digits is, and if none is missing. That one may be is told by the digits beside it that
were found but are too unlikely to be read. The product of all these chances is too low, as they are not independent; a
line of its own, fitted likewise, makes the chance of the number of it.

A digit that is all there is on its line, where there are other lines, has a third one. What texture and letters look
like is one digit, seldom several in a row: of a score that is good enough in company, alone most are none.

The other way round, what is found right beside a number that is read is a digit of it more often than its score says:
its odds are multiplied before they are compared with the threshold. A number without one of its digits is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.errors import WeightsError
from detector.reading.reading_order import median, read_lines, without_nested
from detector.rotation import turned_boxes
from detector.types import BoolArray, Detections, FloatArray, Line, Number

Floats = NDArray[np.float64]

MIN_SCORE = 0.5  # digits below are not read, where nothing else was found out
FLATTEST = 0.05  # slope: scores that tell nothing still keep their order
SUREST = 1e-7  # how close to 0 and 1 a score comes for a fit
STEPS = 50
BESIDE = 1.0  # how many digit heights beside a number a digit may be missing
ALIKE = 0.4  # of the height of its digits: what is smaller is none of them


@dataclass(frozen=True)
class Chance:
    """From scores to chances: sigmoid(slope * logit(score) + offset), by default the score itself.

    Raises ValueError for a slope that is not above 0, and for numbers that are not finite.
    """

    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.offset) and self.slope > 0):
            raise ValueError(f"expected a finite slope above 0 and a finite offset, got {self.slope}, {self.offset}")

    def __call__(self, scores: ArrayLike) -> Floats:
        """Chances, float64, of scores from 0 to 1, of any shape. 0 stays 0, 1 stays 1, and of two the order stays."""
        given = np.asarray(scores, np.float64)
        return given if self == Chance() else _sigmoid(self.slope * _logit(given) + self.offset)

    @classmethod
    def fitted(cls, scores: ArrayLike, right: ArrayLike) -> Chance:
        """The one that explains best what was right, of scores (N,) from 0 to 1 and right (N,), bool, by log loss.

        What few scores say weighs little: slope and offset are held to 1 and 0 by a normal distribution around them.
        """
        logits = _logit(np.clip(np.asarray(scores, np.float64), SUREST, 1 - SUREST))  # (N,)
        truth, ones = np.asarray(right, np.bool_), np.ones_like(logits)
        steeper, offset = _best(logits, np.stack([logits, ones], axis=1), truth)
        if 1 + steeper >= FLATTEST:
            return cls(float(1 + steeper), float(offset))
        return cls(FLATTEST, float(_best(FLATTEST * logits, ones[:, None], truth)[0]))


@dataclass(frozen=True)
class Calibration:
    """The chances that digits and numbers are right.

    digit: of a network's score. number: of the product of the chances that each of its digits is right and that each of
    the unread ones beside it is none. By default they are those scores and that product. alone: of the same, where one
    digit is all there is on one of several lines; without it, there is no difference. min_score: the chance from which
    on a digit should be read, and where it stands alone, the chance that it is a number. One half is not the best:
    where there is ink that looks like a digit, what is left out spoils a number as what is read wrongly does.
    company: by which a digit's odds are multiplied beside a number that is read. Raises ValueError for a min_score that
    is not from 0 to 1, and a company that is not finite and at least 1.
    """

    digit: Chance = field(default_factory=Chance)
    number: Chance = field(default_factory=Chance)
    min_score: float = MIN_SCORE
    alone: Chance | None = None
    company: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.min_score <= 1:
            raise ValueError(f"expected a min_score from 0 to 1, got {self.min_score}")
        if not 1 <= self.company < math.inf:
            raise ValueError(f"expected a finite company of at least 1, got {self.company}")

    def digits(self, found: Detections) -> Detections:
        """What a network found, with chances for scores, in the same order."""
        return replace(found, scores=self.digit(found.scores).astype(np.float32))

    def in_company(self, min_score: float) -> float:
        """The chance from which on a digit beside a number is read, where others are from min_score on."""
        return min_score / (min_score + self.company * (1 - min_score))

    def lines(self, found: Detections, min_score: float, min_number_score: float = 0.0) -> tuple[Line, ...]:
        """What digits with chances for scores say, those with a lower one than min_score not read.

        Beside a number that is read, digits are from in_company(min_score) on. A number with a lower chance than
        min_number_score is rejected: its boxes stay, its text is withheld.
        """
        likely = found.scores >= min_score  # (N,)
        read = self._trusted(found[likely], min_score)
        near = ~likely & (found.scores >= self.in_company(min_score))
        near[near] = any_beside(chain.from_iterable(line.numbers for line, _ in read), found[near])
        if near.any():
            likely |= near
            read = self._trusted(found[likely], min_score)
        unread = found[~likely]
        return tuple(
            Line.of([self._judged(number, alone, unread, min_number_score) for number in line.numbers])
            for line, alone in read
        )

    def _trusted(self, digits: Detections, min_score: float) -> list[tuple[Line, bool]]:
        """The lines that these digits make, and whether each has a chance of its own as its only digit is alone.

        Those of which that chance is too low are left out.
        """
        lines = read_lines(digits[without_nested(digits)])
        told = []
        for line in lines:
            alone = self.alone is not None and is_alone(line, lines)
            if not (alone and self.alone is not None and self.alone(line.numbers[0].score) < min_score):
                told.append((line, alone))
        return told

    def _judged(self, number: Number, alone: bool, unread: Detections, min_number_score: float) -> Number:
        """A number with its chance for a score, rejected where that is too low."""
        chance = self.alone if alone and self.alone is not None else self.number
        score = float(chance(product(number, unread)))
        return Number(number.text if score >= min_number_score else "?" * len(number.digits), score, number.digits)

    def as_json(self) -> dict[str, Any]:
        """As a weights file holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Calibration:
        """What as_json made; None, as in a file without it, is the default. Raises ValueError for anything else."""
        if value is None:
            return cls()
        try:
            digit, number = (Chance(**value[name]) for name in ("digit", "number"))  # type: ignore[index]
            alone = value.get("alone")  # type: ignore[attr-defined]
            company = float(value.get("company", 1.0))  # type: ignore[attr-defined]
            return cls(digit, number, float(value["min_score"]), alone and Chance(**alone), company)  # type: ignore[index]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ValueError(f"expected slopes and offsets of digit and number, got {value!r:.100}") from None


def calibration_of(path: Path | str, extra: Mapping[str, Any]) -> Calibration:
    """The calibration in what a weights file holds beside its weights. Raises WeightsError where it makes no sense."""
    try:
        return Calibration.from_json(extra.get("calibration"))
    except ValueError as error:
        raise WeightsError(f"{path}: {error} as its calibration; fit it again with tools/calibrate.py.") from error


def is_alone(line: Line, lines: Sequence[Line]) -> bool:
    """Whether there is but one digit on one of several lines. The only digit of a picture is what it was taken for."""
    return len(line.text) == 1 and len(lines) > 1


def product(number: Number, unread: Detections) -> float:
    """The product of the chances that each digit of a number is right and that each unread one beside it is none."""
    return number.score * float(np.prod(1 - beside(number, unread), dtype=np.float64))


def beside(number: Number, unread: Detections) -> FloatArray:
    """The scores (K,) of those unread digits that are where the number may have another one."""
    return unread.scores[any_beside([number], unread)]


def any_beside(numbers: Iterable[Number], unread: Detections) -> BoolArray:
    """Which unread digits (N,) are where one of the numbers may have another one."""
    # In the frame of the upright page; where its origin is does not matter.
    others = turned_boxes(unread.boxes, unread.turned)  # (N, 4)
    middles, heights = (others[:, :2] + others[:, 2:]) / 2, others[:, 3] - others[:, 1]  # (N, 2), (N,)
    found = np.zeros(len(unread), np.bool_)
    for number in numbers if len(unread) else ():
        boxes = turned_boxes(np.array([digit.box for digit in number.digits]), unread.turned)  # (D, 4)
        height = median(boxes[:, 3] - boxes[:, 1])
        reach = np.array([BESIDE * height, 0.0])
        near = (middles > boxes[:, :2].min(axis=0) - reach) & (middles < boxes[:, 2:].max(axis=0) + reach)  # (N, 2)
        found |= near.all(axis=1) & (heights > ALIKE * height)
    return found


def _logit(scores: Floats) -> Floats:
    with np.errstate(divide="ignore"):  # of 0 and 1: infinite, and then 0 and 1 again
        return np.log(scores) - np.log1p(-scores)


def _sigmoid(logits: Floats) -> Floats:
    return np.exp(-np.logaddexp(0.0, -logits))


def _best(base: Floats, terms: Floats, right: BoolArray) -> Floats:
    """The weights (K,) for which sigmoid(base + terms @ weights) is most likely: Newton's method, in damped steps.

    base: (N,). terms: (N, K). The loss is that of all N, plus half the square of the weights.
    """

    def loss(weights: Floats) -> float:
        logits = base + terms @ weights
        return float(np.logaddexp(0.0, np.where(right, -logits, logits)).sum() + weights @ weights / 2)

    weights = np.zeros(terms.shape[1])
    for _ in range(STEPS):
        chances = _sigmoid(base + terms @ weights)  # (N,)
        gradient = terms.T @ (chances - right) + weights  # (K,)
        curvature = (terms.T * (chances * (1 - chances))) @ terms + np.eye(len(weights))  # (K, K)
        step = np.linalg.solve(curvature, gradient)
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-9:
            step /= 2
        weights = weights - step
        if np.abs(step).max() <= 1e-9:
            break
    return weights
