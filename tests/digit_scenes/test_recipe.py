"""Recipes: what is changed in a copy, and that shares of 0 leave older scenes as they were."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from digit_scenes.chance import happens, happens_no_draw_at_zero
from digit_scenes.page_recipes import HANDS, LINES, PAPER


def test_a_changed_recipe_differs_in_the_named_fields_alone() -> None:
    changed = PAPER.changed(text={"blank": 1.0, "max_digits": 3}, pen={"fine": 0.5})
    before, after = asdict(PAPER), asdict(changed)
    assert (after["text"].pop("blank"), after["text"].pop("max_digits"), after["pen"].pop("fine")) == (1.0, 3, 0.5)
    for record, field in (("text", "blank"), ("text", "max_digits"), ("pen", "fine")):
        del before[record][field]
    assert before == after
    assert PAPER.changed() == PAPER


def test_misspelt_records_and_fields_are_refused() -> None:
    with pytest.raises(AttributeError, match="pens"):
        PAPER.changed(pens={"fine": 0.5})
    with pytest.raises(TypeError, match="finest"):
        PAPER.changed(pen={"finest": 0.5})


def test_hurried_hands_are_those_that_join_slant_or_separate() -> None:
    assert HANDS.hand.hurried
    assert not LINES.hand.hurried
    assert LINES.changed(hand={"slanted": 0.1}).hand.hurried


def test_a_share_of_zero_draws_no_number_where_it_says_so() -> None:
    rng, other, untouched = (np.random.default_rng(4) for _ in range(3))
    assert not happens_no_draw_at_zero(rng, 0.0)
    assert rng.bit_generator.state == untouched.bit_generator.state
    assert not happens(other, 0.0)
    assert other.bit_generator.state != untouched.bit_generator.state
    assert [happens_no_draw_at_zero(rng, 0.5) for _ in range(20)] == [x < 0.5 for x in untouched.uniform(size=20)]
    assert happens(rng, 1.0)
