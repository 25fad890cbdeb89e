"""Fits a Calibration to what a network detected in pictures of which the truth is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.categories import CATEGORIES, DIGITS
from detector.reading.calibration import DEFAULT_MIN_SCORE, Calibration, Chance, is_alone
from detector.reading.context import Context
from detector.reading.reading_order import without_nested
from detector.scoring.learn_context import Surroundings, learn_context
from detector.scoring.learn_joining import Gaps, learn
from detector.scoring.risk import Claims, digit_claims, number_claims, sign_claims, true_numbers
from detector.types import Detections, Target

CANDIDATE_MIN_SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""What `calibrate` tries for Calibration.min_score."""
CANDIDATE_COMPANIES = (1.0, 4.0, 8.0, 16.0, 32.0)
"""What `calibrate` tries for Calibration.company."""


@dataclass(frozen=True, eq=False)
class LabelledDetections:
    """What is true of a picture, and what a network detected in it."""

    target: Target
    """Its labels index the categories of the network."""
    true_lines: tuple[str, ...] | None
    """None where the text is not known."""
    found: Detections
    """At all scores, as the network gives them."""


def calibrate(
    pictures: Sequence[LabelledDetections],
    categories: Sequence[str] = DIGITS,
    spacing: Sequence[LabelledDetections] = (),
) -> Calibration:
    """The calibration that fits these pictures best: its digits' chances first, then its signs', then its numbers'.

    categories: the names of the network's labels.
    spacing: more of them, with labels after CATEGORIES and scores that mean nothing. They only teach where numbers
    begin and end. Where all these have too few gaps between digits, the rule of `reading_order` parts lines.

    All pairs of CANDIDATE_MIN_SCORES and CANDIDATE_COMPANIES are tried. The figure of a pair is the share of numbers
    read right, of all that there are or were read. These shares hardly differ. So of the pairs within one standard
    error of the best (Breiman et al., "Classification and Regression Trees", 1984, section 3.4.3) that one is taken
    which reads most numbers right; of equal ones, that with the highest min_score, then the least company.

    The chance of a digit that stands alone is fitted on all that are read at the lowest min_score. Where there are true
    signs or writing, the chance of those is fitted, too. Signs are read from that one of CANDIDATE_MIN_SCORES on which
    gives the best F1 score; of equal ones, the highest.
    """
    context = _context(pictures, categories)
    if context:
        pictures = [replace(picture, found=context(picture.found, categories)) for picture in pictures]
    digits = Claims.of(digit_claims(picture.target, picture.found) for picture in pictures)
    calibration = Calibration(Chance.fitted(digits.scores, digits.right), min_score=CANDIDATE_MIN_SCORES[0])
    calibration = _with_signs(calibration, pictures)
    calibration = replace(calibration, joining=learn(gaps_of(calibration, pictures, categories, spacing)))
    calibration = replace(calibration, alone=_chance_of_numbers(calibration, pictures, categories, alone=True))
    tried = [
        replace(calibration, min_score=least, company=more)
        for least in CANDIDATE_MIN_SCORES
        for more in CANDIDATE_COMPANIES
    ]

    numbers_of = _numbers_of(tried, pictures, categories)
    right = np.array([int(numbers.right.sum()) for numbers in numbers_of])
    shares = right / np.array([max(1, len(numbers)) for numbers in numbers_of])
    best = int(shares.argmax())
    error = math.sqrt(shares[best] * (1 - shares[best]) / max(1, len(numbers_of[best])))
    good = np.flatnonzero(shares >= shares[best] - error).tolist()
    calibration = tried[max(good, key=lambda i: (right[i], tried[i].min_score, -tried[i].company))]
    calibration = replace(calibration, number=_chance_of_numbers(calibration, pictures, categories, alone=False))
    return replace(calibration, context=context)


def _numbers_of(
    tried: Sequence[Calibration], pictures: Sequence[LabelledDetections], categories: Sequence[str]
) -> list[Claims]:
    """The claims for numbers under each of some calibrations that differ in min_score and company alone.

    A picture is read anew only where other digits pass these limits: mostly they are the same ones.
    """
    claims: list[list[Claims]] = [[] for _ in tried]
    for picture in pictures:
        found = tried[0].digits(picture.found)
        scores = found.digits().scores
        lone_scores = tried[0].alone(scores) if tried[0].alone else scores
        known: dict[tuple[int, ...], Claims] = {}
        for one, of_one in zip(tried, claims, strict=True):
            least = one.min_score
            limits = ((scores, least), (scores, one.in_company(least)), (lone_scores, least))
            passed = tuple(int((values >= limit).sum()) for values, limit in limits)
            if passed not in known:
                lines, _ = one.lines_and_signs(found, categories, least)
                known[passed] = number_claims(picture.target, picture.true_lines, lines)
            of_one.append(known[passed])
    return [Claims.of(of_one) for of_one in claims]


def _context(pictures: Sequence[LabelledDetections], categories: Sequence[str]) -> Context | None:
    """What surroundings say about digits; None for a network of digits alone, which sees little of them."""
    if all(len(picture.found.digits()) == len(picture.found) for picture in pictures):
        return None
    return learn_context([Surroundings.of(picture.target, picture.found, categories) for picture in pictures])


def gaps_of(
    calibration: Calibration,
    pictures: Sequence[LabelledDetections],
    categories: Sequence[str],
    spacing: Sequence[LabelledDetections],
) -> list[Gaps]:
    """The gaps between digits that are likely in each picture, and in each of `spacing`, where all are."""
    gaps = []
    for picture in pictures:
        found = calibration.digits(picture.found)
        gaps.append(_gaps(picture, found.digits()[found.digits().scores >= DEFAULT_MIN_SCORE], found, categories))
    gaps += [_gaps(picture, picture.found.digits(), picture.found, CATEGORIES) for picture in spacing]
    return gaps


def _gaps(picture: LabelledDetections, read: Detections, found: Detections, categories: Sequence[str]) -> Gaps:
    """Those between digits that are read, none where it is not known which of them are one number."""
    target = picture.target.digits()
    numbers = None if picture.true_lines is None else true_numbers(target, picture.true_lines)
    return Gaps.of(target, numbers or (), read[without_nested(read)], found, categories)


def _with_signs(calibration: Calibration, pictures: Sequence[LabelledDetections]) -> Calibration:
    """The same with the chance of signs and their threshold, if there are any to fit them to."""
    signs = Claims.of(sign_claims(picture.target, picture.found) for picture in pictures)
    if not signs.right.any():
        return calibration
    chance = Chance.fitted(signs.scores, signs.right)
    chances, true = chance(signs.scores), int(signs.right.sum()) + signs.missed

    def f1_score(least: float) -> float:
        read = chances >= least
        return 2 * float(signs.right[read].sum()) / (float(read.sum()) + true)

    return replace(calibration, sign=chance, min_sign_score=max(CANDIDATE_MIN_SCORES, key=lambda s: (f1_score(s), s)))


def _chance_of_numbers(
    calibration: Calibration, pictures: Sequence[LabelledDetections], categories: Sequence[str], alone: bool
) -> Chance:
    """Fit the chance of numbers to the products of their digits' chances.

    alone: whether of digits that stand alone on one of several lines, or of all other numbers.
    """
    claims = []
    for picture in pictures:
        found = calibration.digits(picture.found)
        lines, _ = calibration.lines_and_signs(found, categories, calibration.min_score)
        asked = [line for line in lines if is_alone(line, lines) == alone]
        claims.append(number_claims(picture.target, picture.true_lines, asked))
    numbers = Claims.of(claims)
    return Chance.fitted(numbers.scores, numbers.right)


def claims_with(
    calibration: Calibration, pictures: Sequence[LabelledDetections], categories: Sequence[str] = DIGITS
) -> tuple[Claims, Claims]:
    """The claims for digits and for numbers, under this calibration. categories: the names of the network's labels."""
    digits, numbers = [], []
    for picture in pictures:
        found = calibration.digits(picture.found, categories)
        lines, _ = calibration.lines_and_signs(found, categories, calibration.min_score)
        digits.append(digit_claims(picture.target, found))
        numbers.append(number_claims(picture.target, picture.true_lines, lines))
    return Claims.of(digits), Claims.of(numbers)
