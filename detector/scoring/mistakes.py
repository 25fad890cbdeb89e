"""What kinds of mistakes were made in reading: takes predictions, never models.

Where boxes are known, detections are matched to true digits (`scoring.matching`). What is left over is explained in
this order: a box over several true digits, the right digit in the wrong place, several boxes on one true digit. What
nothing explains was missed or invented.

Where only the text is known, the true and the read digits are aligned by the fewest edits. The edits are the mistakes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from detector.scoring.matching import MIN_AREA_SHARE, best_first, forgiven, match, pairwise_overlap
from detector.scoring.string_metrics import aligned, levenshtein
from detector.types import Detections, IntArray, Line, Target

Kind = Literal["missed", "invented", "wrong class", "wrong place", "merged", "split", "wrong order"]

KINDS: tuple[Kind, ...] = ("missed", "invented", "wrong class", "wrong place", "merged", "split")
"""The kinds that are counted by digits. A "wrong order" is counted by pictures."""

MISSED = 10
"""Index of the last column of a confusion matrix, for digits missed, and of its last row, for digits invented."""

WRONG_PLACE_MIN_IOU = 0.1
"""The IoU from which on a right digit that is not matched counts as in the wrong place, not as invented."""


@dataclass(frozen=True)
class Mistake:
    """One thing that went wrong. Of a "wrong order", all digits right but not their text, only the kind is set."""

    kind: Kind
    true: tuple[int, ...] = ()
    """Indices of the true digits that it is about."""
    found: tuple[int, ...] = ()
    """Indices of the digits read that it is about."""
    was: str = ""
    """The true digits as text."""
    became: str = ""
    """The digits read as text."""

    @property
    def words(self) -> str:
        """The mistake in words: "7 read as 1"."""
        return {
            "missed": f"{self.was} missed",
            "invented": f"{self.became} invented",
            "wrong class": f"{self.was} read as {self.became}",
            "wrong place": f"{self.was} in the wrong place",
            "merged": f"{' and '.join(self.was)} merged to {self.became}",
            "split": f"{self.was} split to {' and '.join(self.became)}",
            "wrong order": "wrong order",
        }[self.kind]


@dataclass(frozen=True)
class Verdict:
    """What is wrong with what was read in one picture."""

    digits: str
    """The true digits, without those to ignore."""
    mistakes: tuple[Mistake, ...]
    edits: int | None
    """The edit distance from the true digits to those read, all lines joined. None where the text is not known."""
    blank: bool
    """Whether the picture has no digit at all, not even one to ignore."""
    by_text: bool
    """Whether only the text is known, so that the mistakes come from it."""

    @property
    def wrong(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.mistakes or self.edits)


def judge(target: Target | None, true_lines: Sequence[str] | None, lines: Sequence[Line]) -> Verdict:
    """Compare what was read in a picture with its true boxes if they are known, else with its true text.

    The indices in the mistakes: digits read are counted in reading order, true ones as in the target or in the text.
    """
    read = _digit_lines([line.text for line in lines])
    true = None if true_lines is None else _digit_lines(true_lines)
    edits = None if true is None else levenshtein("".join(true), "".join(read))
    if target is None:
        true = true or []
        return Verdict("".join(true), tuple(text_mistakes(true, read)), edits, blank=not true, by_text=True)
    target = target.digits()
    mistakes = box_mistakes(target, in_reading_order(lines))
    if true is not None and not mistakes and _reordered(true, read):
        mistakes = [Mistake("wrong order")]
    return Verdict(_text(target.labels[~target.ignore]), tuple(mistakes), edits, not len(target), by_text=False)


def text_mistakes(true: Sequence[str], read: Sequence[str]) -> list[Mistake]:
    """The mistakes in lines of digits without spaces: the wrong order of the right digits, else the fewest edits."""
    if _reordered(true, read):
        return [Mistake("wrong order")]
    mistakes, i, j = [], 0, 0
    for was, became in aligned("".join(true), "".join(read)):
        if was != became:
            kind: Kind = "invented" if not was else "missed" if not became else "wrong class"
            mistakes.append(Mistake(kind, (i,) * len(was), (j,) * len(became), was, became))  # of 0 or 1 digits each
        i, j = i + len(was), j + len(became)
    return mistakes


def box_mistakes(target: Target, found: Detections) -> list[Mistake]:
    """The mistakes in the detections at the working threshold, at most one for each true digit.

    - wrong class: matched, but of another class.
    - merged: one box, not matched, on more than half of each of several true digits, none of them matched.
    - wrong place: of the right class, not matched, at an IoU of 0.1 to 0.5.
    - split: several boxes, each with more than half of it on the same true digit, none matched to another.
    - missed, invented: the rest. What is not matched and lies mostly on an ignored digit is no mistake.
    """
    iou, of_found, of_true = pairwise_overlap(found.boxes, target.boxes)  # (D, T)
    matched = match(target, found)  # (D,)
    # The index of the true digit that each detection belongs to; -1 for none so far, -2 where it is forgiven.
    owner = np.where((matched < 0) & forgiven(target, found), -2, matched).tolist()
    asked = np.flatnonzero(~target.ignore).tolist()
    fates: dict[int, Mistake] = {}

    def settle(kind: Kind, true: list[int], boxes: list[int]) -> None:
        mistake = Mistake(kind, tuple(true), tuple(boxes), _text(target.labels[true]), _text(found.labels[boxes]))
        fates.update(dict.fromkeys(true, mistake))
        for d in boxes:
            owner[d] = true[0]

    def loose() -> list[int]:
        return [d for d in best_first(found) if owner[d] == -1]

    def waiting() -> list[int]:
        settled = {*fates, *owner}
        return [t for t in asked if t not in settled]

    for d in loose():
        if len(under := [t for t in waiting() if of_true[d, t] > MIN_AREA_SHARE]) > 1:
            settle("merged", under, [d])
    for d in loose():
        if near := [t for t in waiting() if target.labels[t] == found.labels[d] and iou[d, t] >= WRONG_PLACE_MIN_IOU]:
            settle("wrong place", [max(near, key=lambda t: float(iou[d, t]))], [d])
    for t in (t for t in asked if t not in fates or fates[t].kind != "merged"):
        parts = [d for d, taken in enumerate(owner) if taken in (t, -1) and of_found[d, t] > MIN_AREA_SHARE]
        if len(parts) > 1:
            settle("split", [t], parts)
    for d, t in enumerate(owner):
        if t >= 0 and t not in fates and target.labels[t] != found.labels[d]:
            settle("wrong class", [t], [d])
    for t in waiting():
        settle("missed", [t], [])
    invented = [Mistake("invented", (), (d,), "", str(found.labels[d])) for d in sorted(loose())]
    return [*dict.fromkeys(fates[t] for t in sorted(fates)), *invented]


def breakdown(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """How common each kind of mistake is over all pictures.

    - missed_share, wrong_class_share, wrong_place_share, merged_share, split_share: the share of the true digits.
    - invented_share: digits invented for each true digit.
    - wrong_order_share: the share of the pictures.
    - invented_a_picture: digits invented in a picture, on average.
    - invented_on_blank: the same, in pictures without any digit.

    Shares of nothing are nan.
    """
    everything = [mistake for verdict in verdicts for mistake in verdict.mistakes]
    blank = [verdict for verdict in verdicts if verdict.blank]
    digits = sum(len(verdict.digits) for verdict in verdicts)
    counts: Counter[Kind] = Counter()
    for mistake in everything:
        counts[mistake.kind] += len(mistake.true) or 1
    shares = {f"{kind.replace(' ', '_')}_share": _ratio(counts[kind], digits) for kind in KINDS}
    return shares | {
        "wrong_order_share": _ratio(counts["wrong order"], len(verdicts)),
        "invented_a_picture": _ratio(counts["invented"], len(verdicts)),
        "invented_on_blank": _ratio(sum(len(verdict.mistakes) for verdict in blank), len(blank)),
    }


def text_confusion(verdicts: Iterable[Verdict]) -> IntArray:
    """Which digit was read as which, in pictures that were judged by their text alone.

    int64 (11, 11): a row for each true digit, a column for each digit read. The last column counts the digits missed,
    the last row those invented.
    """
    confusion = np.zeros((MISSED + 1, MISSED + 1), np.int64)
    for verdict in verdicts:
        mistaken = {t for mistake in verdict.mistakes for t in mistake.true}
        for t, digit in enumerate(verdict.digits):
            confusion[int(digit), int(digit)] += t not in mistaken
        for mistake in verdict.mistakes:
            if mistake.kind != "wrong order":
                confusion[int(mistake.was or MISSED), int(mistake.became or MISSED)] += 1
    return confusion


def commonest(confusion: IntArray, max_count: int = 6) -> dict[str, str]:
    """The commonest entries of a confusion matrix (11, 11) as text, '' where there are none.

    {"confused": "7 read as 1: 23, ...", "missed": "1: 40, ...", "invented": "8: 12, ..."}
    """
    digits = range(MISSED)
    counts = {
        "confused": {f"{a} read as {b}": confusion[a, b] for a in digits for b in digits if a != b},
        "missed": {f"{digit}": confusion[digit, MISSED] for digit in digits},
        "invented": {f"{digit}": confusion[MISSED, digit] for digit in digits},
    }
    return {
        title: ", ".join(f"{name}: {count}" for name, count in Counter(rows).most_common(max_count) if count)
        for title, rows in counts.items()
    }


def in_reading_order(lines: Sequence[Line]) -> Detections:
    """The digits of lines of text, in reading order, as detections."""
    digits = [digit for line in lines for number in line.numbers for digit in number.digits]
    return Detections(
        np.array([digit.box for digit in digits], np.float32).reshape(-1, 4),
        np.array([digit.digit for digit in digits], np.int64),
        np.array([digit.score for digit in digits], np.float32),
    )


def _digit_lines(lines: Sequence[str]) -> list[str]:
    """The digits of each line; lines without any digit are left out."""
    return [digits for line in lines if (digits := "".join(filter("0123456789".__contains__, line)))]


def _reordered(true: Sequence[str], read: Sequence[str]) -> bool:
    """Whether the digits are the same, but not their order or their lines."""
    return list(true) != list(read) and sorted("".join(true)) == sorted("".join(read))


def _text(labels: IntArray) -> str:
    return "".join(map(str, labels.tolist()))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
