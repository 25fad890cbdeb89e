"""What a score means: the chance that a digit or a number is right.

The scores of a network tell which of two digits is the likelier, but not how likely each is. Calibration makes chances
of them, sigmoid(slope * logit(score) + offset), fitted where the truth is known. The order of the scores stays. (Platt,
"Probabilistic outputs for support vector machines", 1999. With a slope alone this is temperature scaling: Guo et al.,
"On calibration of modern neural networks", 2017.)

A number is right if each of its digits is right and none is missing. A digit may be missing where one was found beside
the number that is too unlikely to be read. The product of all these chances comes out too low, since they are not
independent. A fit of its own makes the number's chance of that product.

A digit may stand alone on its line while the picture has other lines. For such digits there is a third fit. Texture and
letters are often taken for one digit, but seldom for several in a row. So most digits that stand alone are false, at
the same scores at which most digits in a number are right.

Beside a number that is read it is the other way round: a digit found there is right more often than its score says, and
a number that lacks a digit is wrong. So its odds are multiplied before they are compared with the threshold. That is
not done where a sign or writing is likelier in the same place.

Signs have a chance and a threshold of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from detector.categories import CATEGORIES, DIGIT_COUNT
from detector.errors import WeightsError
from detector.reading.context import Context
from detector.reading.joining import Joining
from detector.reading.numerals import written_with
from detector.reading.reading_order import median, read_lines, without_nested
from detector.reading.signs import likelier_as, signs_of, symbol_of
from detector.rotation import turned_boxes
from detector.types import BoolArray, Detections, Float64Array, FloatArray, Line, Number, Sign

DEFAULT_MIN_SCORE = 0.5  # the chance from which digits are read where calibration found no better one
MIN_SLOPE = 0.05  # above 0, so that scores that tell nothing still keep their order
FIT_SCORE_MARGIN = 1e-7  # a fit takes scores as at least this far from 0 and 1, where logits are infinite
MAX_NEWTON_STEPS = 50
MIN_NEWTON_STEP = 1e-9  # in slope and offset: a smaller step changes nothing that matters
BESIDE_HEIGHTS = 1.0  # in digit heights: how far beside a number one of its digits may be missing
MIN_HEIGHT_SHARE = 0.4  # of the height of a number's digits: what is smaller is not one of them


@dataclass(frozen=True)
class Chance:
    """From scores to chances: sigmoid(slope * logit(score) + offset), by default the score itself.

    Raises ValueError where the slope is not above 0, or slope or offset is not finite.
    """

    slope: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.offset) and self.slope > 0):
            raise ValueError(f"expected a finite slope above 0 and a finite offset, got {self.slope}, {self.offset}")

    def __call__(self, scores: ArrayLike) -> Float64Array:
        """The chances, float64, of scores from 0 to 1, of any shape. 0 stays 0, 1 stays 1, and the order stays."""
        given = np.asarray(scores, np.float64)
        return given if self == Chance() else _sigmoid(self.slope * _logit(given) + self.offset)

    @classmethod
    def fitted(cls, scores: ArrayLike, right: ArrayLike) -> Chance:
        """The slope and offset with the least log loss for scores (N,) from 0 to 1 and right (N,), bool.

        A normal prior around slope 1 and offset 0 keeps a few scores from changing much.
        """
        logits = _logit(np.clip(np.asarray(scores, np.float64), FIT_SCORE_MARGIN, 1 - FIT_SCORE_MARGIN))  # (N,)
        truth, ones = np.asarray(right, np.bool_), np.ones_like(logits)
        steeper, offset = fit_logistic(logits, np.stack([logits, ones], axis=1), truth)
        if 1 + steeper >= MIN_SLOPE:
            return cls(float(1 + steeper), float(offset))
        return cls(MIN_SLOPE, float(fit_logistic(MIN_SLOPE * logits, ones[:, None], truth)[0]))


@dataclass(frozen=True)
class Calibration:
    """The chances that digits and numbers are right. Raises ValueError for values outside the ranges given here."""

    digit: Chance = field(default_factory=Chance)
    """Of a network's score."""
    number: Chance = field(default_factory=Chance)
    """Of the product of the chances that each digit of a number is right and that each unread digit beside it is none.
    By default it is that product."""
    min_score: float = DEFAULT_MIN_SCORE
    """The chance from which a digit should be read, 0-1. It may differ from one half: where ink looks like a digit, a
    digit left out spoils a number as much as one that is wrong. Where a digit stands alone, its `alone` is compared."""
    alone: Chance | None = None
    """As `number`, for a digit that stands alone on one of several lines. Without it, `number` serves for these too."""
    company: float = 1.0
    """The factor, finite and at least 1, by which a digit's odds are multiplied beside a number that is read."""
    sign: Chance | None = None
    """Of a network's score for a sign or for writing. Without it, that score is the chance."""
    min_sign_score: float = DEFAULT_MIN_SCORE
    """The chance from which a sign is read, 0-1."""
    joining: Joining | None = None
    """Where lines are parted into numbers. Without it, the rule of `reading_order` parts them."""
    context: Context | None = None
    """What a network's scores are once it is known what is around. Without it, they are as they are."""

    def __post_init__(self) -> None:
        for name in ("min_score", "min_sign_score"):
            if not 0 <= (score := getattr(self, name)) <= 1:
                raise ValueError(f"expected a {name} from 0 to 1, got {score}")
        if not 1 <= self.company < math.inf:
            raise ValueError(f"expected a finite company of at least 1, got {self.company}")

    def digits(self, found: Detections, categories: Sequence[str] = CATEGORIES) -> Detections:
        """What a network found, signs too, with chances in place of scores: best first if context changes the order.

        categories: the names of labels.
        """
        if self.context:
            found = self.context(found, categories)
            found = found[np.argsort(-found.scores, kind="stable")]
        chances = self.digit(found.scores).astype(np.float32)
        others = found.labels >= DIGIT_COUNT
        if others.any():
            chances[others] = self.sign(found.scores[others]) if self.sign else found.scores[others]
        return replace(found, scores=chances)

    def in_company(self, min_score: float) -> float:
        """The chance from which a digit beside a number is read, where others are read from min_score on."""
        return min_score / (min_score + self.company * (1 - min_score))

    def lines(
        self,
        found: Detections,
        min_score: float,
        min_number_score: float = 0.0,
        categories: Sequence[str] = CATEGORIES,
    ) -> tuple[Line, ...]:
        """The lines that digits make whose scores are chances. Digits with a chance under min_score are not read.

        Beside a number that is read, digits are read from in_company(min_score) on. A number whose chance is under
        min_number_score is rejected: its boxes stay, its text is withheld. categories: the names of labels.
        """
        return self.lines_and_signs(found, categories, min_score, min_number_score)[0]

    def lines_and_signs(
        self, found: Detections, categories: Sequence[str], min_score: float, min_number_score: float = 0.0
    ) -> tuple[tuple[Line, ...], tuple[Sign, ...]]:
        """As lines, each number as it stands there, and all signs with a chance of at least min_sign_score.

        categories: the names of labels.
        """
        digits = found.digits()
        likely = digits.scores >= min_score  # (N,)
        read = self._read_lines(digits[likely], min_score, found, categories)
        near = ~likely & (digits.scores >= self.in_company(min_score))
        near[near] = beside_any(chain.from_iterable(line.numbers for line, _ in read), digits[near])
        if near.any() and digits is not found:
            others = found[(found.labels >= DIGIT_COUNT) & (found.scores >= self.min_sign_score)]
            near[near] = ~likelier_as(others, digits[near])
        if near.any():
            likely |= near
            read = self._read_lines(digits[likely], min_score, found, categories)
        lines, unread = tuple(line for line, _ in read), digits[~likely]
        signs = () if digits is found else signs_of(found, categories, self.min_sign_score, lines)
        judged = tuple(
            Line.of([_judged(number, chance, unread, min_number_score) for number in line.numbers])
            for line, (_, chance) in zip(written_with(lines, signs, found.turned), read, strict=True)
        )
        return judged, signs

    def _read_lines(
        self, digits: Detections, min_score: float, found: Detections, categories: Sequence[str]
    ) -> list[tuple[Line, Chance]]:
        """The lines that these digits make, each with what judges its numbers: `alone` or `number`.

        A digit that stands alone is left out where its chance is under min_score. found: all that was found.
        """
        names = [symbol_of(name) or name for name in categories] if self.joining else ()
        lines = read_lines(digits[without_nested(digits)], self.joining, found, names)
        kept = []
        for line in lines:
            if self.alone is None or not is_alone(line, lines):
                kept.append((line, self.number))
            elif self.alone(line.numbers[0].score) >= min_score:
                kept.append((line, self.alone))
        return kept

    def as_json(self) -> dict[str, Any]:
        """The form in which a weights file holds it."""
        learnt = {"joining": self.joining, "context": self.context}
        value = asdict(replace(self, joining=None, context=None))
        kept = {name: value[name] for name in value if name not in learnt}
        return kept | {name: one.as_json() for name, one in learnt.items() if one}

    @classmethod
    def from_json(cls, value: object) -> Calibration:
        """What as_json made. None, from a file without it, is the default. Raises ValueError for anything else."""
        if value is None:
            return cls()
        try:
            if not isinstance(value, Mapping):
                raise TypeError
            digit, number = (Chance(**value[name]) for name in ("digit", "number"))
            alone, sign = (Chance(**value[name]) if value.get(name) else None for name in ("alone", "sign"))
            company, least = float(value.get("company", 1.0)), float(value.get("min_sign_score", DEFAULT_MIN_SCORE))
            joining = Joining.from_json(value["joining"]) if value.get("joining") else None
            context = Context.from_json(value["context"]) if value.get("context") else None
            return cls(digit, number, float(value["min_score"]), alone, company, sign, least, joining, context)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ValueError(f"expected slopes and offsets of digit and number, got {value!r:.100}") from None


def calibration_of(path: Path | str, extra: Mapping[str, Any]) -> Calibration:
    """The calibration in `extra`, what a weights file holds beside weights. Raises WeightsError where it is damaged."""
    try:
        return Calibration.from_json(extra.get("calibration"))
    except ValueError as error:
        raise WeightsError(f"{path}: {error} as its calibration; fit it again with tools/calibrate.py.") from error


def _judged(number: Number, chance: Chance, unread: Detections, min_number_score: float) -> Number:
    """A number with its chance for a score. It is rejected where that is under min_number_score."""
    score = float(chance(product(number, unread)))
    return replace(number, text=number.text if score >= min_number_score else "?" * len(number.digits), score=score)


def is_alone(line: Line, lines: Sequence[Line]) -> bool:
    """Whether a line is a single digit and there are other lines. The only digit of a picture is not alone."""
    return len(line.text) == 1 and len(lines) > 1


def product(number: Number, unread: Detections) -> float:
    """The product of the chances that each digit of a number is right and that each unread one beside it is none."""
    return number.score * float(np.prod(1 - beside(number, unread), dtype=np.float64))


def beside(number: Number, unread: Detections) -> FloatArray:
    """The scores (K,) of those unread digits that are where the number may have another digit."""
    return unread.scores[beside_any([number], unread)]


def beside_any(numbers: Iterable[Number], unread: Detections) -> BoolArray:
    """Which unread digits (N,) are where one of the numbers may have another digit."""
    # In the frame of the upright page; where its origin is does not matter.
    others = turned_boxes(unread.boxes, unread.turned)  # (N, 4)
    middles, heights = (others[:, :2] + others[:, 2:]) / 2, others[:, 3] - others[:, 1]  # (N, 2), (N,)
    found = np.zeros(len(unread), np.bool_)
    for number in numbers if len(unread) else ():
        boxes = turned_boxes(np.array([digit.box for digit in number.digits]), unread.turned)  # (D, 4)
        height = median(boxes[:, 3] - boxes[:, 1])
        reach = np.array([BESIDE_HEIGHTS * height, 0.0])
        near = (middles > boxes[:, :2].min(axis=0) - reach) & (middles < boxes[:, 2:].max(axis=0) + reach)  # (N, 2)
        found |= near.all(axis=1) & (heights > MIN_HEIGHT_SHARE * height)
    return found


def _logit(scores: Float64Array) -> Float64Array:
    with np.errstate(divide="ignore"):  # the logits of 0 and 1 are infinite, and their sigmoid is 0 and 1 again
        return np.log(scores) - np.log1p(-scores)


def _sigmoid(logits: Float64Array) -> Float64Array:
    return np.exp(-np.logaddexp(0.0, -logits))


def fit_logistic(base: Float64Array, terms: Float64Array, right: BoolArray) -> Float64Array:
    """The weights (K,) with which sigmoid(base + terms @ weights) fits best, by Newton's method in damped steps.

    base: (N,). terms: (N, K). right: (N,). The loss is the log loss of all N plus half the square of the weights.
    """

    def loss(weights: Float64Array) -> float:
        logits = base + terms @ weights
        return float(np.logaddexp(0.0, np.where(right, -logits, logits)).sum() + weights @ weights / 2)

    weights = np.zeros(terms.shape[1])
    for _ in range(MAX_NEWTON_STEPS):
        chances = _sigmoid(base + terms @ weights)  # (N,)
        gradient = terms.T @ (chances - right) + weights  # (K,)
        curvature = (terms.T * (chances * (1 - chances))) @ terms + np.eye(len(weights))  # (K, K)
        step = np.linalg.solve(curvature, gradient)
        while loss(weights - step) > loss(weights) and np.abs(step).max() > MIN_NEWTON_STEP:
            step /= 2
        weights = weights - step
        if np.abs(step).max() <= MIN_NEWTON_STEP:
            break
    return weights
