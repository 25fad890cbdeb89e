"""How far scores can be trusted: how much can be read if few may be wrong, and whether a score is a chance.

Takes predictions, never models. A reader accepts what has at least a certain score and rejects the rest. Of what it
accepts a share is wrong, the risk. Of all that there is to read it accepts a share, the coverage. Both are known for
every threshold (Geifman and El-Yaniv, "Selective classification for deep neural networks", 2017). What was missed
counts as rejected.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from detector.categories import DIGIT_COUNT
from detector.reading.reading_order import read_lines
from detector.scoring.matching import MIN_AREA_SHARE, best_first, forgiven, match, pairwise_overlap
from detector.scoring.mistakes import in_reading_order
from detector.scoring.string_metrics import common_in_order
from detector.types import BoolArray, Detections, Float64Array, IntArray, Line, Target, widened

BIN_COUNT = 15
"""Equal parts of the scores from 0 to 1, as many as is usual for the expected calibration error."""
MIN_SIGN_IOU = 0.3
"""The IoU from which a sign is found where one is: boxes of a few pixels seldom overlap by more."""
MIN_CHANCE = 1e-6
"""The least chance that the log loss reckons with, so that a sure mistake does not make it infinite."""


@dataclass(frozen=True, eq=False)
class Claims:
    """Digits or numbers that were read, each with its score, and whether each is right."""

    scores: Float64Array
    """float64 (N,) in [0, 1]."""
    right: BoolArray
    """bool (N,)."""
    missed: int
    """How many true ones there are that no claim is about."""

    def __len__(self) -> int:
        """How much there is to read: the claims and what was missed."""
        return len(self.scores) + self.missed

    @classmethod
    def of(cls, claims: Iterable[Claims]) -> Claims:
        """The claims of all pictures together, of which there may be none."""
        parts = [cls(np.zeros(0), np.zeros(0, np.bool_), 0), *claims]
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.right for part in parts]),
            sum(part.missed for part in parts),
        )


def digit_claims(target: Target, found: Detections) -> Claims:
    """A claim for each detection: it is right if it is matched (`scoring.matching`) to a true digit of its class."""
    target, found = target.digits(), found.digits()
    owner, asked, right = digit_verdicts(target, found)
    missed = int((~target.ignore).sum() - (owner >= 0).sum())
    return Claims(found.scores[asked].astype(np.float64), right[asked], missed)


def digit_verdicts(target: Target, found: Detections) -> tuple[IntArray, BoolArray, BoolArray]:
    """Of digits: the index of the true one that each is matched to, -1 for none; whether there is a claim about it; and
    whether that is right. All (D,).
    """
    owner = match(target, found)
    asked = (owner >= 0) | ~forgiven(target, found)
    right = np.zeros(len(found), np.bool_)
    right[owner >= 0] = (target.labels[owner] == found.labels)[owner >= 0] if len(target) else False
    return owner, asked, right


def sign_claims(target: Target, found: Detections) -> Claims:
    """A claim for each detection that is no digit: it is right if it is matched to a true box of its category.

    Labels of both index the same categories. Best first, each detection takes the free true box with the highest IoU,
    if that is at least MIN_SIGN_IOU, sides being widened (`types.widened`). There is no claim about what lies on an
    ignored box, or on ink of which it is not told what it is.
    """
    true, others = target.labels >= DIGIT_COUNT, found[found.labels >= DIGIT_COUNT]
    labels, ignore, boxes = target.labels[true], target.ignore[true], widened(target.boxes[true])
    iou = pairwise_overlap(widened(others.boxes), boxes)[0]  # (D, T)
    iou[others.labels[:, None] != labels] = 0.0
    unknown = np.concatenate([boxes[ignore], target.untold])  # (M, 4)
    open_to_doubt = pairwise_overlap(others.boxes, unknown)[1].max(axis=1, initial=0.0) >= MIN_AREA_SHARE  # (D,)
    iou[:, ignore] = 0.0
    right = np.zeros(len(others), np.bool_)
    for d in best_first(others) if len(labels) else ():
        t = int(iou[d].argmax())
        if iou[d, t] >= MIN_SIGN_IOU:
            right[d] = True
            iou[:, t] = 0.0  # no longer free
    asked = right | ~open_to_doubt
    missed = int((~ignore).sum() - right.sum())
    return Claims(others.scores[asked].astype(np.float64), right[asked], missed)


def number_claims(target: Target | None, true_lines: Sequence[str] | None, lines: Sequence[Line]) -> Claims:
    """A claim for each number read in a picture: it is right if its boxes are matched to all those of a true number.

    Where only the text is known, or text and boxes do not say the same, there is a claim for each line instead. A line
    is right if it can be paired with an equal true one, in order, spaces dropped. Without text there are no claims.
    """
    if true_lines is None:
        return Claims.of(())
    target = None if target is None else target.digits()
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
    """The indices of the true digits of each number, left to right; None where boxes and text do not say the same.

    Boxes may come in any order. If they do not spell the text as they come, they are put in reading order.
    """
    words = [word for line in true_lines for word in line.split()]
    ends = [0, *accumulate(map(len, words))]
    for order in _orders(target):
        if _spelled(target, order) == "".join(words) and not target.ignore.any():
            return [tuple(order[a:b]) for a, b in pairwise(ends)]
    return None


def _orders(target: Target) -> Iterator[list[int]]:
    """The indices of the true digits as they come, then in reading order: line by line, left to right."""
    yield list(range(len(target)))
    index = {tuple(box): i for i, box in enumerate(target.boxes.tolist())}
    lines = read_lines(Detections(target.boxes, target.labels, np.ones(len(target), np.float32)))
    yield [index[digit.box] for line in lines for n in line.numbers for digit in n.digits]


def _spelled(target: Target, digits: Sequence[int]) -> str:
    return "".join(map(str, target.labels[list(digits)].tolist()))


def _line_claims(true_lines: Sequence[str], lines: Sequence[Line]) -> Claims:
    """A claim for each line: as many are right as can be paired with equal true lines without crossing."""
    true = [joined for line in true_lines if (joined := "".join(line.split()))]
    read = [line.text.replace(" ", "") for line in lines]
    paired = [common_in_order(true, read[:count]) for count in range(len(read) + 1)]
    scores = [math.prod(number.score for number in line.numbers) for line in lines]
    missed = max(0, len(true) - len(read))
    return Claims(np.array(scores, np.float64), np.diff(paired).astype(np.bool_), missed)


@dataclass(frozen=True, eq=False)
class RiskCurve:
    """Coverage and risk at each threshold that makes a difference, the highest threshold first."""

    thresholds: Float64Array
    """float64 (K,): claims of at least this score are accepted."""
    coverage: Float64Array
    """float64 (K,): the count of accepted claims, divided by all that there is to read."""
    risk: Float64Array
    """float64 (K,): the share of the accepted claims that is wrong."""
    beyond: float
    """The risk if everything were accepted and all that was missed were read wrongly."""

    def coverage_at(self, right: float) -> float:
        """The largest coverage with a share `right` of the accepted claims right; 0 where no threshold does that."""
        return float(self.coverage[self.risk <= 1 - right + 1e-9].max(initial=0.0))

    @property
    def area(self) -> float:
        """The mean risk over all coverages from 0 to 1, where what was missed comes last. Less is better."""
        shares = np.diff(self.coverage, prepend=0.0, append=1.0)  # (K + 1,)
        return float(shares @ np.append(self.risk, self.beyond))


def risk_coverage(claims: Claims) -> RiskCurve | None:
    """The curve of these claims; None where nothing was to be read and nothing was read."""
    if not len(claims):
        return None
    order = np.argsort(-claims.scores, kind="stable")
    scores, wrong = claims.scores[order], np.cumsum(~claims.right[order])  # (N,)
    last = np.flatnonzero(np.diff(scores, append=-1.0))  # (K,): the last index of each score
    accepted = last + 1
    beyond = (int((~claims.right).sum()) + claims.missed) / len(claims)
    return RiskCurve(scores[last], accepted / len(claims), wrong[last] / accepted, beyond)


def calibration_error(claims: Claims) -> float:
    """The expected calibration error: how far, on average, the scores of a bin are from the share that is right.

    nan where nothing was read. Guo et al., "On calibration of modern neural networks" (2017).
    """
    if not len(claims.scores):
        return math.nan
    off = [abs(float((claims.scores - claims.right)[bin].sum())) for bin in bins_of(claims.scores)]
    return sum(off) / len(claims.scores)


def bins_of(scores: Float64Array) -> list[IntArray]:
    """The indices of the scores (N,) that fall into each bin, a part of BIN_COUNT; bins without any are left out."""
    which = np.minimum((scores * BIN_COUNT).astype(np.int64), BIN_COUNT - 1)
    return [np.flatnonzero(which == bin) for bin in range(BIN_COUNT) if (which == bin).any()]


def log_loss(claims: Claims) -> float:
    """The mean of -log of the chance that was given to what turned out to be true; nan where nothing was read."""
    if not len(claims.scores):
        return math.nan
    chances = np.clip(np.where(claims.right, claims.scores, 1 - claims.scores), MIN_CHANCE, 1)
    return float(-np.log(chances).mean())


def risk_metrics(numbers: Claims, digits: Claims | None, lines: Claims | None = None) -> dict[str, float]:
    """All figures by their names; nan where there was nothing to measure.

    numbers, digits: claims; of digits None where boxes are not known. lines: claims for whole lines, without which
    those for numbers serve.

    - coverage_at_95, coverage_at_99: the largest share of the numbers that can be read, by a threshold on their scores,
      with 95 or 99 % of those read right.
    - line_coverage_at_95: the same for whole lines by their text, wherever their numbers are parted.
    - risk_coverage_area: RiskCurve.area. numbers: how many there are, those read in vain included.
    - number_ece, digit_ece: expected calibration errors, see calibration_error.
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
