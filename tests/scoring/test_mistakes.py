"""Kinds of mistakes: cases worked out by hand, laws that hold whatever was found, plainer ways to count."""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.reading.reading_order import read_lines
from detector.scoring.matching import match, pairwise_overlap
from detector.scoring.metrics import digit_scores
from detector.scoring.mistakes import (
    MISSED,
    Mistake,
    Verdict,
    box_mistakes,
    breakdown,
    commonest,
    in_reading_order,
    judge,
    text_confusion,
    text_mistakes,
)
from detector.scoring.string_metrics import aligned, levenshtein
from detector.types import Detections, Line, Target

DIGITS = st.text("012", max_size=7)


def truth(*digits: tuple[float, float, float, float, int], ignore: tuple[int, ...] = ()) -> Target:
    rows = np.array(digits, np.float32).reshape(-1, 5)
    return Target(rows[:, :4].copy(), rows[:, 4].astype(np.int64), np.isin(np.arange(len(rows)), ignore))


def found(*digits: tuple[float, float, float, float, int, float]) -> Detections:
    rows = np.array(digits, np.float32).reshape(-1, 6)
    return Detections(rows[:, :4].copy(), rows[:, 4].astype(np.int64), rows[:, 5].copy())


def kinds(target: Target, page: Detections) -> list[str]:
    return [mistake.words for mistake in box_mistakes(target, page)]


def lines_of(*texts: str) -> tuple[Line, ...]:
    """Digits of 10 x 20 pixels in rows, read as these lines."""
    rows = [
        (20 * i, 60 * y, 20 * i + 10, 60 * y + 20, int(c), 0.9)
        for y, text in enumerate(texts)
        for i, c in enumerate(text)
    ]
    lines = read_lines(found(*rows))
    assert [line.text.replace(" ", "") for line in lines] == list(texts)
    return lines


@st.composite
def pages(draw: st.DrawFn) -> tuple[Target, Detections]:
    """Crowded pages, where digits overlap and anything may be found."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, extra = int(rng.integers(0, 7)), int(rng.integers(0, 5))
    corners = rng.uniform(0, 60, (n + extra, 2))
    boxes = np.hstack([corners, corners + rng.uniform(4, 40, (n + extra, 2))]).astype(np.float32)
    target = Target(boxes[:n], rng.integers(0, 3, n), rng.uniform(size=n) < 0.25)
    moved = boxes + rng.normal(0, 4, boxes.shape).astype(np.float32)
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 1)
    scores = (rng.integers(1, 5, n + extra) / 4).astype(np.float32)  # many are equal
    return target, Detections(moved, rng.integers(0, 3, n + extra), scores)


# Where boxes are known


def test_nothing_true_and_nothing_found_is_no_mistake() -> None:
    assert box_mistakes(Target.empty(), Detections.empty()) == []
    assert kinds(truth((0, 0, 10, 10, 4)), Detections.empty()) == ["4 missed"]
    assert kinds(Target.empty(), found((0, 0, 10, 10, 4, 0.9))) == ["4 invented"]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ([(0, 0, 10, 20, 3, 0.9)], []),
        ([(0, 0, 10, 20, 8, 0.9)], ["3 read as 8"]),
        ([(6, 0, 16, 20, 3, 0.9)], ["3 in the wrong place"]),  # IoU 0.25
        ([(6, 0, 16, 20, 8, 0.9)], ["3 missed", "8 invented"]),
        ([(9, 0, 19, 20, 3, 0.9)], ["3 missed", "3 invented"]),  # IoU 0.05
        ([(0, 0, 10, 20, 3, 0.9), (2, 10, 9, 19, 0, 0.8)], ["3 split to 3 and 0"]),
        ([(0, 0, 10, 9, 1, 0.9), (0, 11, 10, 20, 7, 0.8)], ["3 split to 1 and 7"]),  # neither at IoU 0.5
        ([(0, 0, 10, 9, 3, 0.9), (0, 11, 10, 20, 7, 0.8)], ["3 split to 3 and 7"]),
        ([(0, 0, 10, 20, 3, 0.9), (0, 0, 30, 60, 0, 0.8)], ["0 invented"]),  # around it
    ],
)
def test_one_digit_and_what_may_become_of_it(
    page: list[tuple[float, float, float, float, int, float]], words: list[str]
) -> None:
    assert kinds(truth((0, 0, 10, 20, 3)), found(*page)) == words


def test_one_box_over_several_digits_merges_those_that_nothing_else_was_found_for() -> None:
    target = truth((0, 0, 10, 20, 1), (12, 0, 22, 20, 2), (24, 0, 34, 20, 3))
    assert box_mistakes(target, found((0, 0, 34, 20, 8, 0.9))) == [Mistake("merged", (0, 1, 2), (0,), "123", "8")]
    beside = found((0, 0, 34, 20, 8, 0.9), (12, 0, 22, 20, 2, 0.5))
    assert kinds(target, beside) == ["1 and 3 merged to 8"]
    assert kinds(target, found((0, 0, 22, 20, 1, 0.9))) == ["1 and 2 merged to 1", "3 missed"]
    parts = found((0, 0, 34, 20, 8, 0.9), (0, 0, 10, 9, 7, 0.8), (0, 11, 10, 20, 7, 0.8))
    assert kinds(target, parts) == ["1 and 2 and 3 merged to 8", "7 invented", "7 invented"]


def test_a_digit_of_its_own_is_no_part_of_the_digit_that_it_lies_on() -> None:
    target = truth((0, 0, 20, 40, 8), (4, 4, 12, 16, 1))
    assert kinds(target, found((0, 0, 20, 40, 8, 0.9), (4, 4, 12, 16, 1, 0.8))) == []
    assert kinds(target, found((0, 0, 20, 40, 8, 0.9), (4, 4, 12, 16, 7, 0.8))) == ["1 read as 7"]


def test_ignored_digits_count_neither_way() -> None:
    target = truth((0, 0, 10, 20, 1), (20, 0, 30, 20, 2), ignore=(1,))
    right = (0.0, 0.0, 10.0, 20.0, 1, 0.9)
    for page in (found(right), found(right, (20, 0, 30, 20, 7, 0.9)), found(right, (21, 0, 29, 9, 7, 0.9))):
        assert kinds(target, page) == []
    assert kinds(target, found((0, 0, 30, 20, 1, 0.9))) == ["1 in the wrong place"]
    assert kinds(target, found()) == ["1 missed"]


@settings(max_examples=150, deadline=None)
@given(pages())
def test_each_true_digit_has_one_fate_and_each_found_one_at_most_one_mistake(page: tuple[Target, Detections]) -> None:
    target, digits = page
    mistakes = box_mistakes(target, digits)
    true = [t for mistake in mistakes for t in mistake.true]
    used = [d for mistake in mistakes for d in mistake.found]
    assert len(set(true)) == len(true)
    assert len(set(used)) == len(used)
    assert not target.ignore[true].any()
    owner = match(target, digits)
    right = sum(int(target.labels[t] == digits.labels[d]) for d, t in enumerate(owner) if t >= 0)
    split_though_right = sum(
        any(owner[d] == mistake.true[0] and digits.labels[d] == target.labels[owner[d]] for d in mistake.found)
        for mistake in mistakes
        if mistake.kind == "split"
    )
    assert right - split_though_right == int((~target.ignore).sum()) - len(true)
    assert right == digit_scores([target], [digits], 0.0).metrics["correct"]
    for mistake in mistakes:
        assert mistake.was == "".join(str(target.labels[t]) for t in mistake.true)
        assert mistake.became == "".join(str(digits.labels[d]) for d in mistake.found)


@settings(max_examples=60, deadline=None)
@given(pages(), st.integers(0, 2**32 - 1))
def test_the_order_of_what_was_found_makes_no_difference(page: tuple[Target, Detections], seed: int) -> None:
    target, digits = page
    shuffled = digits[np.random.default_rng(seed).permutation(len(digits))]
    words = [Counter((m.kind, m.true, *sorted(m.became)) for m in box_mistakes(target, d)) for d in (digits, shuffled)]
    assert words[0] == words[1]


@settings(max_examples=60, deadline=None)
@given(pages())
def test_a_perfect_reader_makes_no_mistake_and_a_blind_one_misses_all(page: tuple[Target, Detections]) -> None:
    target, _ = page
    perfect = Detections(target.boxes, target.labels, np.linspace(1, 0.5, len(target), dtype=np.float32))
    assert box_mistakes(target, perfect[~target.ignore]) == []
    assert all(m.kind == "missed" for m in box_mistakes(target, Detections.empty()))
    assert len(box_mistakes(target, Detections.empty())) == (~target.ignore).sum()


@settings(max_examples=60, deadline=None)
@given(pages())
def test_overlaps_are_those_of_plain_arithmetic(page: tuple[Target, Detections]) -> None:
    target, digits = page
    iou, of_found, of_true = pairwise_overlap(digits.boxes, target.boxes)
    for d, a in enumerate(digits.boxes.astype(float)):
        for t, b in enumerate(target.boxes.astype(float)):
            width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
            shared = width * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
            area_a, area_b = ((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
            expected = shared / (area_a + area_b - shared), shared / area_a, shared / area_b
            assert (iou[d, t], of_found[d, t], of_true[d, t]) == pytest.approx(expected)


# Where only the text is known


@pytest.mark.parametrize(
    ("true", "read", "words"),
    [
        ([], [], []),
        ([], ["7"], ["7 invented"]),
        (["12"], [], ["1 missed", "2 missed"]),
        (["123"], ["173"], ["2 read as 7"]),
        (["12"], ["21"], ["wrong order"]),
        (["12", "34"], ["34", "12"], ["wrong order"]),
        (["1234"], ["12", "34"], ["wrong order"]),
        (["1", "23"], ["123", "4"], ["4 invented"]),
    ],
)
def test_mistakes_of_text(true: list[str], read: list[str], words: list[str]) -> None:
    assert [mistake.words for mistake in text_mistakes(true, read)] == words


@given(DIGITS, DIGITS)
def test_an_alignment_spells_both_texts_with_the_fewest_edits(true: str, read: str) -> None:
    @lru_cache(None)
    def edits(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(edits(i - 1, j) + 1, edits(i, j - 1) + 1, edits(i - 1, j - 1) + (true[i - 1] != read[j - 1]))

    pairs = aligned(true, read)
    assert ("".join(a for a, _ in pairs), "".join(b for _, b in pairs)) == (true, read)
    assert all(a or b for a, b in pairs)
    assert sum(a != b for a, b in pairs) == edits(len(true), len(read))


@given(DIGITS, DIGITS)
def test_mistakes_of_text_are_as_many_as_edits_and_point_at_their_digits(true: str, read: str) -> None:
    mistakes = text_mistakes([true] if true else [], [read] if read else [])
    if sorted(true) == sorted(read):
        assert len(mistakes) == (true != read)
        return
    assert len(mistakes) == levenshtein(true, read)
    counts = Counter(mistake.kind for mistake in mistakes)
    assert len(true) - counts["missed"] == len(read) - counts["invented"]
    for mistake in mistakes:
        assert "".join(true[i] for i in mistake.true) == mistake.was
        assert "".join(read[j] for j in mistake.found) == mistake.became


@given(st.lists(st.tuples(DIGITS, DIGITS), max_size=4))
def test_a_confusion_by_text_counts_every_true_and_every_read_digit_once(readings: list[tuple[str, str]]) -> None:
    verdicts = [judge(None, [true], lines_of(*([read] if read else []))) for true, read in readings]
    confusion = text_confusion(verdicts)
    for digit in range(10):
        assert confusion[digit].sum() == sum(true.count(str(digit)) for true, _ in readings)
        assert confusion[:, digit].sum() == sum(read.count(str(digit)) for _, read in readings)
    assert confusion[MISSED, MISSED] == 0


# Verdicts, and what they come to


def test_boxes_are_asked_before_text_and_spaces_do_not_count() -> None:
    lines = lines_of("12", "3")
    digits = in_reading_order(lines)
    assert digits.labels.tolist() == [1, 2, 3]
    target = Target(digits.boxes, digits.labels, np.zeros(3, bool))
    assert judge(target, ["1 2", " 3 "], lines) == Verdict("123", (), 0, False, False)
    assert judge(target, None, lines) == Verdict("123", (), None, False, False)
    assert judge(target, ["3", "12"], lines) == Verdict("123", (Mistake("wrong order"),), 2, False, False)
    assert judge(None, ["3", "12"], lines) == Verdict("312", (Mistake("wrong order"),), 2, False, True)
    assert judge(Target.empty(), [], ()) == Verdict("", (), 0, True, False)
    assert judge(None, [""], ()) == Verdict("", (), 0, True, True)
    seen = Target(target.boxes, target.labels, np.array([False, False, True]))
    extra = judge(seen, ["12"], lines)  # a digit read that nobody asks for spoils the text, and is no mistake
    assert (extra.digits, extra.mistakes, extra.edits, extra.wrong) == ("12", (), 1, True)


def test_the_breakdown_of_nothing_is_nan() -> None:
    assert all(math.isnan(value) for value in breakdown([]).values())
    blank = breakdown([Verdict("", (), 0, True, True)])
    assert math.isnan(blank["missed_share"])
    assert (blank["invented_on_blank"], blank["invented_a_picture"], blank["wrong_order_share"]) == (0, 0, 0)


def test_a_breakdown_worked_out_by_hand() -> None:
    invented = Mistake("invented", (), (0,), "", "8")
    first = (Mistake("merged", (0, 1), (0,), "12", "8"), Mistake("missed", (2,), (), "3"), invented)
    verdicts = [
        Verdict("1234", first, 3, False, False),
        Verdict("5678", (Mistake("wrong order"),), 2, False, False),
        Verdict("", (invented, invented), 2, True, False),
        Verdict("", (), 0, True, False),
    ]
    assert breakdown(verdicts) == {
        "missed_share": 1 / 8,
        "invented_share": 3 / 8,
        "wrong_class_share": 0,
        "wrong_place_share": 0,
        "merged_share": 2 / 8,
        "split_share": 0,
        "wrong_order_share": 1 / 4,
        "invented_a_picture": 3 / 4,
        "invented_on_blank": 2 / 2,
    }


def test_the_commonest_confusions_in_words() -> None:
    confusion = np.diag(np.arange(11))
    assert commonest(confusion) == {"confused": "", "missed": "", "invented": ""}
    confusion[7, 1], confusion[4, 9], confusion[1, MISSED], confusion[MISSED, 8] = 23, 2, 5, 1
    assert commonest(confusion) == {"confused": "7 read as 1: 23, 4 read as 9: 2", "missed": "1: 5", "invented": "8: 1"}
    assert commonest(confusion, 1)["confused"] == "7 read as 1: 23"
