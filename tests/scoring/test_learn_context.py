"""Learning what surroundings say: 0s and 1s are told from letters, and nothing comes of nothing."""

from __future__ import annotations

import numpy as np

from detector.categories import CATEGORIES
from detector.reading.context import FEATURES
from detector.scoring.calibrating import LabelledDetections, calibrate
from detector.scoring.learn_context import Surroundings, learn_context
from detector.scoring.risk import Claims, calibration_error, digit_claims, log_loss
from tests.scoring.simulated import told_page


def test_words_and_numbers_tell_what_looks_the_same_apart() -> None:
    context = learn_context([Surroundings.of(*told_page(seed), CATEGORIES) for seed in range(120)])
    assert context is not None
    pages = [told_page(seed) for seed in range(1000, 1060)]
    before = Claims.of(digit_claims(target, found) for target, found in pages)
    after = Claims.of(digit_claims(target, context(found, CATEGORIES)) for target, found in pages)
    wrong = [((claims.scores > 0.5) != claims.right).mean() for claims in (before, after)]
    assert wrong[1] < 0.3 * wrong[0]
    assert log_loss(after) < 0.4 * log_loss(before)
    assert calibration_error(after) < 0.03


def test_a_rule_that_was_made_up_is_found() -> None:
    rng = np.random.default_rng(0)
    features, logits = rng.normal(size=(20_000, len(FEATURES))), rng.normal(0, 2, 20_000)
    right = rng.random(20_000) < 1 / (1 + np.exp(-(0.6 * logits + 2 * features[:, 3] - 0.5)))
    context = learn_context([Surroundings(1 / (1 + np.exp(-logits)), features, right)])
    assert context is not None
    assert abs(context.slope - 0.6) < 0.06
    assert abs(context.weights[3] - 2) < 0.15
    assert abs(context.offset + 0.5) < 0.1
    assert max(abs(weight) for i, weight in enumerate(context.weights) if i != 3) < 0.12


def test_scores_that_say_the_contrary_keep_their_order() -> None:
    scores = np.linspace(0.01, 0.99, 500)
    context = learn_context([Surroundings(scores, np.zeros((500, len(FEATURES))), scores < 0.5)])
    assert context is not None
    assert 0 < context.slope <= 0.05


def test_nothing_is_learnt_of_nothing_or_of_digits_alone() -> None:
    assert learn_context([]) is None
    target, found = told_page(1)
    assert learn_context([Surroundings.of(target, found[:0], CATEGORIES)] * 60) is None
    pages = [told_page(seed) for seed in range(5)]
    digits = [LabelledDetections(target, None, found.digits()) for target, found in pages]
    assert calibrate(digits, CATEGORIES).context is None
    assert calibrate([LabelledDetections(t, None, f) for t, f in pages], CATEGORIES).context is not None
