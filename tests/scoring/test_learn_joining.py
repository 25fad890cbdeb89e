"""Learning where numbers are parted: made-up rules are found again, and ways of spacing told apart."""

from __future__ import annotations

import numpy as np

from detector.categories import CATEGORIES
from detector.reading.gaps import FEATURES
from detector.scoring.learn_joining import Gaps, learn
from detector.scoring.risk import true_numbers
from digit_scenes.spacing import spaced_page


def gaps_of(seed: int) -> Gaps:
    page = spaced_page(seed)
    numbers = true_numbers(page.target, page.lines)
    assert numbers is not None
    return Gaps.of(page.target, numbers, page.found.digits(), page.found, CATEGORIES)


def test_a_rule_that_was_made_up_is_found_and_the_same_pictures_teach_the_same() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4000, len(FEATURES)))
    parted = features[:, 0] + 0.5 * features[:, 3] * features[:, 5] > 0.2
    pictures = [Gaps(features[k : k + 40], parted[k : k + 40]) for k in range(0, 4000, 40)]
    joining = learn(pictures)
    assert joining is not None
    assert ((joining(features) > 0.5) == parted).mean() > 0.95
    assert joining == learn(pictures)


def test_nothing_is_learnt_of_nothing_or_of_one_kind_alone() -> None:
    assert learn([]) is None
    assert learn([Gaps(np.zeros((90, len(FEATURES))), np.zeros(90, np.bool_))]) is None


def test_gaps_at_digits_that_are_not_true_tell_nothing() -> None:
    page = spaced_page(3)
    numbers = true_numbers(page.target, page.lines)
    assert numbers is not None
    all_digits = Gaps.of(page.target, numbers, page.found.digits(), page.found, CATEGORIES)
    none = Gaps.of(page.target, [], page.found.digits(), page.found, CATEGORIES)
    assert len(none) == 0 < len(all_digits)
    assert not len(Gaps.of(page.target, numbers, page.found[:0], page.found, CATEGORIES))


def test_pages_teach_more_than_the_width_of_a_gap() -> None:
    joining = learn([gaps_of(seed) for seed in range(150)])
    assert joining is not None
    held = [gaps_of(seed) for seed in range(1000, 1040)]
    features, parted = np.concatenate([g.features for g in held]), np.concatenate([g.parted for g in held])
    wrong = ((joining(features) > 0.5) != parted).mean()
    by_width = min(((features[:, 0] > limit) != parted).mean() for limit in np.linspace(0.1, 1.5, 15))
    assert wrong < 0.75 * by_width
