"""Composed pages: their labels, boxes and text agree, whatever is composed, and they are always the same."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from detector.categories import CATEGORIES, DIGIT_COUNT, SIGNS
from detector.reading.reading_order import read_lines
from detector.types import Detections
from digit_scenes.composed import MIN_CONTRAST_GREY, ComposedRecipe, composed_scene
from digit_scenes.compositions import CELLS, RECORDS, SUMS
from digit_scenes.glyphs.digits import DigitSet, load_digits
from digit_scenes.glyphs.signs import DRAWN_SIGNS
from digit_scenes.ink.composition.numbers import numbers_in
from digit_scenes.ink.composition.scribe import label_of
from digit_scenes.ink.pens import Ink
from digit_scenes.scene import Scene
from digit_scenes.surface.sheet import Sheet

ALL = {"sums": SUMS, "records": RECORDS, "cells": CELLS}
OWN_KINDS = sorted({kind for recipes in ALL.values() for recipe in recipes for kind in recipe.kinds})


@lru_cache(maxsize=1)
def digits() -> DigitSet:
    return load_digits("val")


def drawn(seed: int, *recipes: ComposedRecipe) -> Scene:
    return composed_scene(np.random.default_rng(seed), digits(), "val", recipes)


def check(scene: Scene) -> None:
    """What holds for every composed scene."""
    target, found = scene.target, scene.target.digits()
    height, width = scene.image.shape[:2]
    assert ((target.labels >= 0) & (target.labels < len(CATEGORIES))).all()
    for boxes in (target.boxes, target.untold):
        assert (boxes >= 0).all()
        assert (boxes[:, [0, 2]] <= width).all()
        assert (boxes[:, [1, 3]] <= height).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
    if scene.lines is None:
        assert scene.written is None
        return
    assert not found.ignore.any()
    assert sorted("".join(scene.lines).replace(" ", "")) == sorted(map(str, found.labels.tolist()))
    assert scene.written is not None
    assert tuple(re.sub(r"[^\d ]", "", line) for line in scene.written) == scene.lines


@pytest.mark.parametrize("kind", OWN_KINDS)
def test_boxes_labels_and_text_agree(kind: str) -> None:
    recipe = replace(next(r for recipes in ALL.values() for r in recipes if kind in r.kinds), kinds={kind: 1.0})
    scenes = [drawn(seed, recipe) for seed in range(12)]
    for scene in scenes:
        check(scene)
    assert sum(len(scene.target) > 0 for scene in scenes) >= 9
    if kind not in ("powers", "all-digits", "practice", "worksheet"):  # of which nobody can say how they are read
        assert sum(scene.lines is not None for scene in scenes) >= 6


@pytest.mark.parametrize("preset", ALL)
def test_a_reader_of_the_true_boxes_finds_the_lines_in_their_order(preset: str) -> None:
    for seed in range(25):
        scene = drawn(seed, *ALL[preset])
        if scene.lines is None:
            continue
        found = scene.target.digits()
        lines = read_lines(Detections(found.boxes, found.labels, np.ones(len(found), np.float32)))
        assert [line.text.replace(" ", "") for line in lines] == [line.replace(" ", "") for line in scene.lines]


def test_the_same_rng_gives_the_same_scene() -> None:
    for recipes in ALL.values():
        first, again = drawn(3, *recipes), drawn(3, *recipes)
        np.testing.assert_array_equal(first.image, again.image)
        np.testing.assert_array_equal(first.target.boxes, again.target.boxes)
        assert first.written == again.written


def test_all_signs_are_written_and_labelled() -> None:
    practice = replace(SUMS[0], kinds={"practice": 1.0})
    labels = {int(label) for seed in range(40) for label in drawn(seed, practice).target.labels}
    assert labels >= set(range(len(CATEGORIES) - 1))
    assert {CATEGORIES[label_of(sign)] for sign in SIGNS} == set(SIGNS)
    for character in "xAOil[]{}<>√✓&ж\u0915":
        assert CATEGORIES[label_of(character)] == "writing"
    assert CATEGORIES[label_of("\u2212")] == "-"
    assert set(SIGNS) <= set(DRAWN_SIGNS)


def test_drawings_on_a_canvas_are_of_two_colours() -> None:
    canvas = replace(SUMS[2], hard=1.0, letters={"skeletons": 1.0}, kinds={"canvas": 1.0})
    clean = replace(canvas, page=canvas.page.changed(camera={"max_slope": 0.0, "lit": 0.0, "photographed": 0.0}))
    for seed in range(8):
        scene = drawn(seed, clean)
        marks = [
            box.astype(int) for box, label in zip(scene.target.boxes, scene.target.labels, strict=True) if label > 9
        ]
        for x0, y0, x1, y1 in marks:
            assert len(np.unique(scene.image[y0:y1, x0:x1].reshape(-1, 3), axis=0)) <= 2 + 254 * (y1 - y0 < 3)


def test_points_can_be_seen_however_small_the_digits_are() -> None:
    small = replace(
        CELLS[0],
        kinds={"cell": 1.0},
        page=CELLS[0].page.changed(text={"digit_heights": (13, 15), "blank": 0.0}, camera={"spilled": 0.0}),
    )
    sizes = []
    for seed in range(60):
        target = drawn(seed, small).target
        points = target.boxes[np.isin(target.labels, [CATEGORIES.index("."), CATEGORIES.index(",")]) & ~target.ignore]
        sizes.extend((points[:, 2:] - points[:, :2]).min(1).tolist())
    assert len(sizes) > 10
    assert min(sizes) >= 1
    assert np.mean(np.array(sizes) >= 2) > 0.8


def test_digits_of_a_folder_stand_alone() -> None:
    """Beside print, too, and where some are lacking: then nothing is told of how a page is read."""
    some = digits().labels >= 4
    own = DigitSet(digits().images[some], digits().labels[some], alone=True)
    printed = replace(SUMS[0], letters={"print": 1.0}, kinds={"numbers": 0.5, "column-sum": 0.5})
    scenes = [composed_scene(np.random.default_rng(seed), own, "val", [printed]) for seed in range(12)]
    for scene in scenes:
        check(scene)
        assert (scene.target.labels >= 4).all()
    assert any(len(scene.target) for scene in scenes)


def test_ink_that_peeps_in_is_untold() -> None:
    scenes = [drawn(seed, *RECORDS) for seed in range(40)]
    for scene in scenes:
        check(scene)
    assert sum(len(scene.target.untold) > 0 for scene in scenes) >= 6
    cells = [len(scene.target.labels[scene.target.labels < DIGIT_COUNT]) for scene in scenes]
    assert 0 in cells  # blank ones, ticks and dashes


def test_ink_that_nobody_could_make_out_is_ignored() -> None:
    sheet = Sheet((40, 90))
    for index in range(3):
        sheet.write_digit(Ink(np.full((20, 10), 255, np.uint8), 10 + 30 * index, 10), index)
    picture = np.full((40, 90, 3), 200, np.uint8)
    picture[10:30, 10:20] = 198  # hardly darker
    picture[10:30, 40:50] = (200, 200, 120)  # in one channel alone
    picture[10:30, 70:80] = 30
    np.testing.assert_allclose(sheet.contrasts(picture), [2, 80, 170], atol=0.5)
    faint = sheet.contrasts(picture) < MIN_CONTRAST_GREY
    assert sheet.target(faint).ignore.tolist() == [True, False, False]
    assert not sheet.target().ignore.any()
    assert len(Sheet((8, 8)).contrasts(picture[:8, :8])) == 0


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("12.5", ["12.5"]),
        ("1.250,00", ["1.250,00"]),
        ("-3", ["-3"]),
        ("$5.00", ["$5.00"]),
        ("5 €", ["5€"]),
        ("12 %", ["12%"]),
        ("110,000/-", ["110,000/-"]),
        ("12/05/1998", ["12/05/1998"]),
        ("06-05-22", ["06-05-22"]),
        ("10:45", ["10:45"]),
        ("3-4", ["3", "4"]),
        ("3×4=12", ["3", "4", "12"]),
        ("A4", ["4"]),
        ("H2O", ["2"]),
        ("11.", ["11"]),
        ("12,-", ["12"]),
        ("(2", ["2"]),
        ("2x", ["2"]),
        ("N/A", []),
        ("-", []),
    ],
)
def test_numbers_in_text(text: str, written: list[str]) -> None:
    found = numbers_in(text)
    assert [number.written for number in found] == written
    assert [number.digits for number in found] == [re.sub(r"\D", "", number) for number in written]


def test_a_number_struck_out_is_writing_and_on_no_line() -> None:
    whole = [replace(recipe, struck=0.0, kinds={"equations": 1.0}) for recipe in SUMS[:1]]
    void = [replace(recipe, struck=1.0) for recipe in whole]
    for seed in range(6):
        scene = drawn(seed, *void)
        check(scene)
        assert not len(scene.target.digits())
        assert not scene.lines
    assert any(len(drawn(seed, *whole).target.digits()) for seed in range(6))
