"""Names of categories: known words, the user's own, their order, and labels that follow a detector's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.categories import CATEGORIES, DIGITS, WRITING, checked
from detector.types import Target
from digit_scenes.category_names import ALIASES, category_of, extended, in_order, relabelled

names = st.lists(st.sampled_from([*CATEGORIES, "kWh", "unit", "A"]), unique=True)


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("7", "7"),
        (" 7 ", "7"),
        (".", "."),
        ("Decimal-Point", "."),
        ("decimal_point", "."),
        ("COMMA", ","),
        ("hyphen", "-"),
        ("\u2212", "-"),
        ("×", "×"),
        ("letter", WRITING),
        ("Writing", WRITING),
        ("kWh", "kWh"),
        ("sub_total", "sub_total"),
    ],
)
def test_a_name_is_known_in_many_spellings(name: str, category: str) -> None:
    assert category_of(name) == category


def test_every_sign_has_words_and_no_word_two_meanings() -> None:
    assert set(ALIASES) == set(CATEGORIES[len(DIGITS) :])
    words = [word for own in ALIASES.values() for word in own]
    assert len(set(words)) == len(words)
    assert not set(words) & set(CATEGORIES)
    assert all(category_of(word.upper()) == name for name, own in ALIASES.items() for word in own)


@given(names)
def test_digits_come_first_and_own_names_last(own: list[str]) -> None:
    ordered = checked(in_order(own))
    assert set(ordered) == {*DIGITS, *own}
    known = [name for name in ordered if name in CATEGORIES]
    assert known == sorted(known, key=CATEGORIES.index)
    assert list(ordered[len(known) :]) == sorted(ordered[len(known) :])
    assert in_order(reversed(own)) == ordered


@given(names, names)
def test_a_detector_keeps_its_labels_when_it_learns_more(first: list[str], more: list[str]) -> None:
    before = in_order(first)
    after = checked(extended(before, more))
    assert after[: len(before)] == before
    assert set(after) == {*before, *more}


@given(names, names, st.integers(0, 99))
def test_labels_follow_names(theirs: list[str], own: list[str], seed: int) -> None:
    old, new = in_order(theirs), (*DIGITS, *(name for name in own if name not in DIGITS))
    labels = np.random.default_rng(seed).integers(0, len(old), 20)
    boxes = np.arange(80, dtype=np.float32).reshape(20, 4)
    target = relabelled(Target(boxes, labels, labels % 2 == 0, boxes[:3]), old, new)
    kept = [i for i, label in enumerate(labels) if old[label] in new]
    assert [new[label] for label in target.labels] == [old[labels[i]] for i in kept]
    np.testing.assert_array_equal(target.boxes, boxes[kept])
    np.testing.assert_array_equal(target.ignore, (labels % 2 == 0)[kept])
    assert len(target.untold) == 3
