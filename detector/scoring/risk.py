"""How far scores can be trusted: how much is read if only so much may be wrong, and whether a score is a chance.

Takes predictions, never models. A reader that may refuse is judged by what is wrong among what it accepts (the risk)
over how much that is (the coverage), for every threshold (Geifman and El-Yaniv, "Selective classification for deep
neural networks", 2017). What was there and was not read at all counts as not accepted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from detector.reading.calibration import Calibration, Chance, is_alone
from detector.reading.reading_order import read_lines
from detector.scoring.matching import forgiven, match
from detector.scoring.mistakes import in_reading_order
from detector.scoring.string_metrics import common_in_order
from detector.types import BoolArray, Detections, Float64Array, IntArray, Line, Target

BINS = 15  # of scores, as is the custom for the expected calibration error
MIN_SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # that digits are tried to be read from
COMPANIES = (1.0, 4.0, 8.0, 16.0, 32.0)  # factors of odds that are tried for those beside numbers
SUREST = 1e-6  # how sure a score is taken to be at most, for the log loss


@dataclass(frozen=True, eq=False)
class Claims:
    """What was read, one claim each, and whether it is so.

    scores: float64 (N,) in [0, 1]. right: bool (N,). missed: how many true ones there are of which nothing was read.
    """

    scores: Float64Array
    right: BoolArray
    missed: int

    def __len__(self) -> int:
        """All that there is to read: the claims and what was missed."""
        return len(self.scores) + self.missed

    @classmethod
    def of(cls, claims: Iterable[Claims]) -> Claims:
        """Those of all pictures together, of none too."""
        parts = [cls(np.zeros(0), np.zeros(0, np.bool_), 0), *claims]
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.right for part in parts]),
            sum(part.missed for part in parts),
        )


def digit_claims(target: Target, found: Detections) -> Claims:
    """Each found digit: it is right where a true one of its class is matched (`scoring.matching`)."""
    owner = match(target, found)  # (D,)
    asked = (owner >= 0) | ~forgiven(target, found)  # (D,)
    right = np.zeros(len(found), np.bool_)
    right[owner >= 0] = (target.labels[owner] == found.labels)[owner >= 0] if len(target) else False
    missed = int((~target.ignore).sum() - (owner >= 0).sum())
    return Claims(found.scores[asked].astype(np.float64), right[asked], missed)


def number_claims(target: Target | None, true_lines: Sequence[str] | None, lines: Sequence[Line]) -> Claims:
    """Each number read in a picture: it is right where a true one has its digits, all of them, no other, at its place.

    Where the text alone is known, or does not tell which box is of which number, each line stands for a number, and is
    right where it is among the true ones in their order, spaces dropped. Without any text there are no claims.
    """
    if true_lines is None:
        return Claims.of(())
    true = None if target is None else true_numbers(target, true_lines)
    if target is None or true is None:
        return _line_claims(true_lines, lines)
    numbers = [number for line in lines for number in line.numbers]
    found = in_reading_order(lines)
    owner = match(target, found).tolist()  # (D,)
    ends = [0, *accumulate(len(number.digits) for number in numbers)]
    right = [
        tuple(owner[a:b]) in true and _spelled(target, owner[a:b]) == n.text
        for n, (a, b) in zip(numbers, pairwise(ends), strict=True)
    ]
    missed = sum(set(owner).isdisjoint(number) for number in true)
    return Claims(np.array([number.score for number in numbers], np.float64), np.array(right, np.bool_), missed)


def true_numbers(target: Target, true_lines: Sequence[str]) -> list[tuple[int, ...]] | None:
    """The true digits of each number, left to right, or None where boxes and text do not say the same.

    Boxes may come in any order: if they do not spell the text as they are, they are put in reading order first.
    """
    words = [word for line in true_lines for word in line.split()]
    ends = [0, *accumulate(map(len, words))]
    for order in _orders(target):
        if _spelled(target, order) == "".join(words) and not target.ignore.any():
            return [tuple(order[a:b]) for a, b in pairwise(ends)]
    return None


def _orders(target: Target) -> Iterator[list[int]]:
    """The true digits as they come, then in reading order: line by line, left to right."""
    yield list(range(len(target)))
    number = {tuple(box): i for i, box in enumerate(target.boxes.tolist())}
    lines = read_lines(Detections(target.boxes, target.labels, np.ones(len(target), np.float32)))
    yield [number[digit.box] for line in lines for n in line.numbers for digit in n.digits]


def _spelled(target: Target, digits: Sequence[int]) -> str:
    return "".join(map(str, target.labels[list(digits)].tolist()))


def _line_claims(true_lines: Sequence[str], lines: Sequence[Line]) -> Claims:
    """Each line of text: as many are right as can be paired with equal true ones without crossing."""
    true = [joined for line in true_lines if (joined := "".join(line.split()))]
    read = [line.text.replace(" ", "") for line in lines]
    paired = [common_in_order(true, read[:count]) for count in range(len(read) + 1)]
    scores = [math.prod(number.score for number in line.numbers) for line in lines]
    missed = max(0, len(true) - len(read))
    return Claims(np.array(scores, np.float64), np.diff(paired).astype(np.bool_), missed)


@dataclass(frozen=True, eq=False)
class RiskCurve:
    """What is wrong of what is accepted, from the highest threshold to the lowest at which that changes.

    thresholds, coverage, risk: float64 (K,), of the claims scored that high or higher: coverage is their share of all
    that there is to read, risk the share of them that is wrong. beyond: the risk if what was missed were read wrongly.
    """

    thresholds: Float64Array
    coverage: Float64Array
    risk: Float64Array
    beyond: float

    def coverage_at(self, right: float) -> float:
        """The largest coverage at which this share of what is accepted is right; 0 where there is none."""
        return float(self.coverage[self.risk <= 1 - right + 1e-9].max(initial=0.0))

    @property
    def area(self) -> float:
        """The mean risk over all coverages, what was missed coming last: less is better."""
        shares = np.diff(self.coverage, prepend=0.0, append=1.0)  # (K + 1,)
        return float(shares @ np.append(self.risk, self.beyond))


def risk_coverage(claims: Claims) -> RiskCurve | None:
    """The curve of these claims; None where there was nothing to read and nothing was read."""
    if not len(claims):
        return None
    order = np.argsort(-claims.scores, kind="stable")
    scores, wrong = claims.scores[order], np.cumsum(~claims.right[order])  # (N,)
    last = np.flatnonzero(np.diff(scores, append=-1.0))  # of those with the same score: (K,)
    accepted = last + 1
    beyond = (int((~claims.right).sum()) + claims.missed) / len(claims)
    return RiskCurve(scores[last], accepted / len(claims), wrong[last] / accepted, beyond)


def calibration_error(claims: Claims) -> float:
    """The expected calibration error: how far scores are from the share that is right, on average, bin by bin.

    nan where nothing was read.
    """
    if not len(claims.scores):
        return math.nan
    off = [abs(float((claims.scores - claims.right)[bin].sum())) for bin in bins_of(claims.scores)]
    return sum(off) / len(claims.scores)


def bins_of(scores: Float64Array) -> list[IntArray]:
    """The numbers of the scores (N,) in each of BINS equal parts of 0 to 1, those without any left out."""
    which = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    return [np.flatnonzero(which == bin) for bin in range(BINS) if (which == bin).any()]


def log_loss(claims: Claims) -> float:
    """The mean of -log of the chance given to what turned out to be so; nan where nothing was read."""
    if not len(claims.scores):
        return math.nan
    chances = np.clip(np.where(claims.right, claims.scores, 1 - claims.scores), SUREST, 1)
    return float(-np.log(chances).mean())


def risk_metrics(numbers: Claims, digits: Claims | None, lines: Claims | None = None) -> dict[str, float]:
    """All figures, flat; those of nothing are nan.

    - coverage_at_95, coverage_at_99: the largest share of the numbers that can be read, by a threshold on their scores,
      so that 95 or 99 % of those read are right.
    - line_coverage_at_95: the same of whole lines by their text alone, wherever their numbers are parted.
    - risk_coverage_area: see RiskCurve. numbers: how many there are to read, or were read where there are none.
    - number_ece, digit_ece: expected calibration errors; the digits' where boxes are known.
    """
    curve, by_text = risk_coverage(numbers), risk_coverage(numbers if lines is None else lines)
    metrics = {
        "coverage_at_95": curve.coverage_at(0.95) if curve else math.nan,
        "coverage_at_99": curve.coverage_at(0.99) if curve else math.nan,
        "line_coverage_at_95": by_text.coverage_at(0.95) if by_text else math.nan,
        "risk_coverage_area": curve.area if curve else math.nan,
        "numbers": float(len(numbers)),
        "number_ece": calibration_error(numbers),
    }
    return metrics | ({"digit_ece": calibration_error(digits)} if digits is not None else {})


@dataclass(frozen=True, eq=False)
class LabelledDetections:
    """A picture of which all is known, and all that a network found in it, at its own scores."""

    target: Target
    true_lines: tuple[str, ...] | None
    found: Detections


def calibrate(pictures: Sequence[LabelledDetections]) -> Calibration:
    """The calibration that fits these pictures best: of their digits, then of the numbers that these make.

    From which chance on a digit is read, and how much better its odds are beside a number: as most of all there is to
    read, or was read, is right. That share hardly differs from one choice to the next, so of those within one standard
    error of the best (Breiman et al., "Classification and Regression Trees", 1984, section 3.4.3) the one that reads
    most numbers right is taken; of equals, the highest chance, and the least company. What digits alone are worth is
    told by all that would be read at the lowest one.
    """
    digits = Claims.of(digit_claims(seen.target, seen.found) for seen in pictures)
    calibration = Calibration(Chance.fitted(digits.scores, digits.right), min_score=MIN_SCORES[0])
    calibration = replace(calibration, alone=_chance_of_numbers(calibration, pictures, alone=True))
    tried = [replace(calibration, min_score=least, company=more) for least in MIN_SCORES for more in COMPANIES]

    told = [claims_with(one, pictures)[1] for one in tried]
    right = np.array([int(numbers.right.sum()) for numbers in told])
    shares = right / np.array([max(1, len(numbers)) for numbers in told])
    best = int(shares.argmax())
    error = math.sqrt(shares[best] * (1 - shares[best]) / max(1, len(told[best])))
    good = np.flatnonzero(shares >= shares[best] - error).tolist()
    calibration = tried[max(good, key=lambda i: (right[i], tried[i].min_score, -tried[i].company))]
    return replace(calibration, number=_chance_of_numbers(calibration, pictures, alone=False))


def _chance_of_numbers(calibration: Calibration, pictures: Sequence[LabelledDetections], alone: bool) -> Chance:
    """What the products of digits' chances are worth where one digit is alone on one of several lines, or not."""
    claims = []
    for seen in pictures:
        lines = calibration.lines(calibration.digits(seen.found), calibration.min_score)
        asked = [line for line in lines if is_alone(line, lines) == alone]
        claims.append(number_claims(seen.target, seen.true_lines, asked))
    told = Claims.of(claims)
    return Chance.fitted(told.scores, told.right)


def claims_with(calibration: Calibration, pictures: Sequence[LabelledDetections]) -> tuple[Claims, Claims]:
    """The digits found, and the numbers read, if scores are calibrated so."""
    digits, numbers = [], []
    for seen in pictures:
        found = calibration.digits(seen.found)
        lines = calibration.lines(found, calibration.min_score)
        digits.append(digit_claims(seen.target, found))
        numbers.append(number_claims(seen.target, seen.true_lines, lines))
    return Claims.of(digits), Claims.of(numbers)
