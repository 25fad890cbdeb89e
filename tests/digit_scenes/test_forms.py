"""Drawn digits: what a digit set must be, and that curves and forms are what they claim to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_scenes.glyphs.digits import MIN_INK_GREY, SPLITS, Split
from digit_scenes.glyphs.forms import form as forms
from digit_scenes.glyphs.forms.drawn import BLOCK_SIZE, FREQUENCY, draw_form, drawn_digits, sway_strokes
from digit_scenes.glyphs.forms.editions import EDITIONS
from digit_scenes.glyphs.forms.form import FORMS, Form, Maker, forms_of

COUNT = 400


@pytest.mark.parametrize(("split", "count"), [("train", 0), ("val", -3), ("nonsense", 10), ("", 1)])
def test_nonsense_is_refused(split: Split, count: int) -> None:
    with pytest.raises(ValueError, match="expected a split"):
        drawn_digits(split, count)
    with pytest.raises(ValueError, match="edition: expected one of"):
        drawn_digits("val", 10, 9)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("count", [1, 7, BLOCK_SIZE + 1])
@pytest.mark.parametrize("edition", EDITIONS)
def test_any_count_can_be_had(split: Split, count: int, edition: int) -> None:
    digits = drawn_digits(split, count, edition)
    assert digits.images.dtype == np.uint8
    assert digits.images.shape == (count, 28, 28)
    assert digits.labels.dtype == np.int64


def test_they_are_always_the_same_and_fewer_are_the_first_of_more() -> None:
    many, few = drawn_digits("val", BLOCK_SIZE + 300), drawn_digits("val", 90)
    np.testing.assert_array_equal(many.images[:90], few.images)
    np.testing.assert_array_equal(many.labels[:90], few.labels)
    again = draw_form(FORMS["two_plain"], np.random.default_rng(5), 4)
    np.testing.assert_array_equal(again, draw_form(FORMS["two_plain"], np.random.default_rng(5), 4))


def test_splits_and_blocks_share_no_digit() -> None:
    images = [image.tobytes() for split in SPLITS for image in drawn_digits(split, 2 * BLOCK_SIZE).images]
    assert len(set(images)) > 0.999 * len(images)


def test_an_edition_has_its_own_digits_and_the_first_none_of_the_later_forms() -> None:
    images = [image.tobytes() for edition in EDITIONS for image in drawn_digits("val", BLOCK_SIZE, edition).images]
    assert len(set(images)) > 0.999 * len(images)
    assert [sum(form.edition == edition for form in FORMS.values()) for edition in EDITIONS] == [46, 18, 16, 13, 11, 12]


@pytest.mark.parametrize("digit", range(10))
def test_forms_are_drawn_in_one_order_whichever_was_registered_first(
    digit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = forms_of(digit, 6)
    by_edition: dict[int, dict[str, Form]] = {}
    for name, form in FORMS.items():
        by_edition.setdefault(form.edition, {})[name] = form
    shuffled = {name: form for edition in (2, 6, 4, 1, 5, 3) for name, form in by_edition[edition].items()}
    monkeypatch.setattr(forms, "FORMS", shuffled)
    assert forms_of(digit, 6) == expected
    assert forms_of(digit, 1) == [form for form in expected if form.edition == 1]


def test_an_edition_is_found_by_its_index_and_no_two_share_a_rank() -> None:
    assert [edition.index for edition in EDITIONS.values()] == list(EDITIONS) == [1, 2, 3, 4, 5, 6]
    assert sorted(edition.drawing_rank for edition in EDITIONS.values()) == list(range(len(EDITIONS)))


def test_a_digits_forms_lie_in_the_file_of_its_name() -> None:
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    for form in FORMS.values():
        assert form.strokes.__module__ == f"digit_scenes.glyphs.forms.{names[form.digit]}"
        assert form.name.startswith(names[form.digit])


def test_every_digit_is_as_frequent_as_it_should_be_and_has_several_forms() -> None:
    counts = np.bincount(drawn_digits("train", BLOCK_SIZE).labels, minlength=10)
    assert np.abs(counts - np.array(FREQUENCY) / sum(FREQUENCY) * BLOCK_SIZE).max() <= 1
    ways = [sum(form.digit == digit for form in FORMS.values()) for digit in range(10)]
    assert min(ways) >= 2
    assert all(form.weight > 0 for form in FORMS.values())
    assert {form.edition for form in FORMS.values()} == set(EDITIONS)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_like_mnist(name: str) -> None:
    """Light ink on 0, about 20 pixels high, in the middle, off the border, and no blot."""
    form = FORMS[name]
    images = draw_form(form, np.random.default_rng(1), COUNT)
    assert images[:, 0].max() == images[:, -1].max() == images[:, :, 0].max() == images[:, :, -1].max() == 0
    assert (images.max((1, 2)) > 180).all()
    ink = np.asarray(images >= MIN_INK_GREY)
    assert (ink.mean((1, 2)) < 0.42).all()
    rows, columns = np.asarray(ink.any(2)), np.asarray(ink.any(1))
    heights, widths = rows.sum(1), columns.sum(1)
    assert (heights <= 22).all()
    assert (widths <= 26).all()
    assert np.median(heights) >= 18 if form.ink_height_px[0] > 15 else np.median(heights) <= 14
    for inked in (rows, columns):
        middle = (inked.argmax(1) + 28 - inked[:, ::-1].argmax(1)) / 2
        assert np.abs(middle - 14).max() <= 1


@pytest.mark.parametrize("name", FORMS)
def test_samples_of_a_form_differ(name: str) -> None:
    images = draw_form(FORMS[name], np.random.default_rng(2), COUNT)
    assert len(np.unique(images.reshape(COUNT, -1), axis=0)) == COUNT


def catmull_rom(points: list[tuple[float, float]], piece: int, t: float) -> tuple[float, float]:
    """The cubic Hermite curve whose tangent in a point is half the way between its neighbours."""
    at = [points[min(max(piece + k, 0), len(points) - 1)] for k in (-1, 0, 1, 2)]

    def along(axis: int) -> float:
        a, b, c, d = (point[axis] for point in at)
        h00, h10, h01, h11 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, 3 * t**2 - 2 * t**3, t**3 - t**2
        return h00 * b + h10 * (c - a) / 2 + h01 * c + h11 * (d - b) / 2

    return along(0), along(1)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=2, max_size=9))
def test_curves_are_catmull_roms_and_go_through_their_points(points: list[tuple[float, float]]) -> None:
    curve = Maker(np.random.default_rng(0), 3).curve(*points)
    assert (curve == curve[0]).all()
    steps = (curve.shape[1] - 1) // (len(points) - 1)
    np.testing.assert_allclose(curve[0, ::steps], points, atol=1e-12)
    expected = [catmull_rom(points, p, k / steps) for p in range(len(points) - 1) for k in range(steps)]
    np.testing.assert_allclose(curve[0, :-1], expected, atol=1e-9)


def test_arcs_lie_on_their_ellipse() -> None:
    m = Maker(np.random.default_rng(0), 2)
    arc = m.arc(1.0, 2.0, 0.5, 0.25, 0.75, 1.5, 7)
    assert all(((x - 1) / 0.5) ** 2 + ((y - 2) / 0.25) ** 2 == pytest.approx(1) for x, y in arc)
    assert arc[0] == pytest.approx((1.0, 1.75))  # its top
    assert arc[-1] == pytest.approx((0.5, 2.0))  # its left end


@pytest.mark.parametrize(
    "name",
    [
        n
        for n, form in FORMS.items()
        if form.edition == 1 and form.digit in (1, 7) and n not in ("one_looped", "seven_like_t")
    ],
)
def test_a_flag_descends_and_a_bar_does_not(name: str) -> None:
    """What parts 1 from 7: the stroke that ends in the stem's top falls steeply to the left, or hardly at all."""
    strokes = FORMS[name].strokes(Maker(np.random.default_rng(3), COUNT))
    if name == "one_bare":
        assert len(strokes) == 1
        return
    flag = name.startswith("one")
    left = strokes[0][:, 0 if flag else strokes[0].shape[1] // 2]  # a bar's middle: its left may be a hook
    corner = strokes[0][:, -1]
    np.testing.assert_allclose(corner, strokes[1][:, 0], atol=1e-9)
    fall = np.degrees(np.arctan2(left[:, 1] - corner[:, 1], corner[:, 0] - left[:, 0]))
    assert (fall > 30).all() if flag else (fall < 28).all()


@pytest.mark.parametrize("name", ["zero_open", "zero_overlapping", "zero_small"])
def test_zeros_go_round_in_one_stroke(name: str) -> None:
    (stroke,) = FORMS[name].strokes(Maker(np.random.default_rng(4), COUNT))
    centre = (stroke.min(1) + stroke.max(1)) / 2
    x, y = np.moveaxis(stroke - centre[:, None], 2, 0)  # (N, points) each
    turned = np.abs(np.unwrap(np.arctan2(y, x), axis=1)[:, -1] - np.arctan2(y[:, 0], x[:, 0])) / (2 * np.pi)
    assert (turned > 0.85).all()


def test_a_looped_1_has_one_stroke_and_a_7_without_a_bar_is_crossed() -> None:
    (stroke,) = FORMS["one_looped"].strokes(Maker(np.random.default_rng(3), COUNT))
    assert (stroke[:, -1, 1] > stroke[:, 0, 1]).all()  # down at the end, from higher up
    *_, cross = FORMS["seven_like_t"].strokes(Maker(np.random.default_rng(3), COUNT))
    assert (cross[:, -1, 0] - cross[:, 0, 0] > 0.4).all()
    assert (np.abs(cross[:, -1, 1] - cross[:, 0, 1]) < 0.2).all()


def test_unsteadier_hands_write_wider_and_narrower() -> None:
    widths = []
    for unsteadiness in (1.0, 1.5):
        ink = draw_form(FORMS["two_plain"], np.random.default_rng(6), COUNT, unsteadiness) >= MIN_INK_GREY
        widths.append(np.std(ink.any(1).sum(1) / ink.any(2).sum(1)))
    assert widths[1] > 1.2 * widths[0]


def test_strokes_that_sway_part_from_each_other_and_stay_about_where_they_were() -> None:
    """The two of a roof meet at its top, until each goes its own way."""
    form, gaps, moved = FORMS["one_like_roof"], [], []
    for sway in (0.01, 0.03):
        strokes = form.strokes(Maker(np.random.default_rng(7), COUNT))
        np.testing.assert_array_equal(strokes[0][:, -1], strokes[1][:, 0])
        swayed = sway_strokes(np.random.default_rng(8), strokes, sway)
        gaps.append(np.linalg.norm(swayed[0][:, -1] - swayed[1][:, 0], axis=1).mean())
        moved.append(np.std([after - before for after, before in zip(swayed, strokes, strict=True)]) / sway)
    assert gaps[1] == pytest.approx(3 * gaps[0], rel=1e-6)
    assert gaps[1] > 0.02
    assert moved == pytest.approx([1, 1], rel=0.25)


def test_a_steady_hand_draws_as_if_there_were_no_sway() -> None:
    still, swayed = (draw_form(FORMS["four_crossing"], np.random.default_rng(9), 8, 1.5, sway) for sway in (0, 0.03))
    np.testing.assert_array_equal(still, draw_form(FORMS["four_crossing"], np.random.default_rng(9), 8, 1.5))
    assert (still != swayed).any(axis=(1, 2)).all()


@pytest.mark.parametrize("name", ["one_bowed", "seven_plain"])
def test_a_1_with_a_round_top_is_no_7(name: str) -> None:
    """The flag of the one falls steeply, the bar of the other hardly."""
    (stroke, *_) = FORMS[name].strokes(Maker(np.random.default_rng(3), COUNT))
    step = stroke.shape[1] // 20
    left, right = stroke[:, 0], stroke[:, step + 6]
    fall = np.degrees(np.arctan2(left[:, 1] - right[:, 1], right[:, 0] - left[:, 0]))
    assert (fall > 30).all() if name == "one_bowed" else (fall < 30).all()
