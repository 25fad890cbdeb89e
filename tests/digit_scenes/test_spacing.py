"""Pages of boxes alone: the same for a seed, in all ways of spacing, and true to what they say."""

from __future__ import annotations

import numpy as np

from detector.categories import CATEGORIES
from detector.scoring.risk import true_numbers
from digit_scenes.spacing import spaced_page

PAGES = [spaced_page(seed) for seed in range(120)]


def test_the_same_seed_is_the_same_page_and_another_one_another() -> None:
    one, same, other = spaced_page(7), spaced_page(7), spaced_page(8)
    np.testing.assert_array_equal(one.found.boxes, same.found.boxes)
    np.testing.assert_array_equal(one.found.ruled, same.found.ruled)
    assert one.lines == same.lines != other.lines


def test_boxes_spell_the_numbers() -> None:
    for page in PAGES:
        numbers = true_numbers(page.target, page.lines)
        assert numbers is not None
        assert list(map(len, numbers)) == [len(word) for line in page.lines for word in line.split()]


def test_most_digits_are_found_nearly_where_they_are() -> None:
    true = sum(len(page.target) for page in PAGES)
    found = sum(len(page.found.digits()) for page in PAGES)
    assert 0.97 * true < found < 1.02 * true


def test_there_are_signs_writing_rulings_and_single_digits() -> None:
    labels = {CATEGORIES[label] for page in PAGES for label in page.found.labels.tolist()}
    assert {".", ",", "/", "+", "writing"} < labels
    assert any(len(page.found.ruled) for page in PAGES)
    assert any("1" in page.lines[0].split() for page in PAGES if page.lines)
