"""Scenes: the truth they carry, and that they are always the same."""

from __future__ import annotations

import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import OptionError
from detector.types import Target
from digit_scenes import PRESET_NAMES, SceneBatches, Scenes, get_preset
from digit_scenes.glyphs.digits import SPLITS, DigitSet, Split, load_digits
from digit_scenes.glyphs.forms.drawn import drawn_digits
from digit_scenes.ink.pens import Ink
from digit_scenes.page_recipes import HANDS, LINES, PAPER
from digit_scenes.presets import MAX_DIGITS, mixed_digits
from digit_scenes.scene import page_scene
from digit_scenes.stream import Zoomed, zoom
from digit_scenes.surface import paper
from digit_scenes.surface.sheet import Sheet, blend
from tests.digit_scenes.test_digits import write_set

STRIPS = ("strips", "short-strips", "loose-strips")


@given(st.integers(0, 10_000), st.sampled_from([0.0, 1.0]))
def test_faded_ink_is_paler_and_of_the_same_kind(seed: int, light_on_dark: float) -> None:
    rng = np.random.default_rng(seed)
    page, ink = paper.colours(rng, light_on_dark)
    before, after = (ink - page).mean(), (paper.faded(rng, page, ink) - page).mean()
    assert abs(after) <= min(90, abs(before)) + 1e-6
    assert abs(after) >= min(45, abs(before)) - 1e-6
    assert after * before >= 0


def fingerprint(job: tuple[str, int]) -> int:
    scene = Scenes(job[0], "test")[job[1]]
    truth = (
        scene.target.boxes.tobytes(),
        scene.target.labels.tobytes(),
        scene.target.ignore.tobytes(),
        repr(scene.lines).encode(),
    )
    return zlib.crc32(b"".join((scene.image.tobytes(), *truth)))


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_every_preset_keeps_the_contract(name: str) -> None:
    scenes = Scenes(name, "val", seed=3)
    height, width = get_preset(name).size
    for i in range(25):
        scene = scenes[i]
        assert scene.image.dtype == np.uint8
        assert scene.image.shape == (height, width, 3)
        boxes = scene.target.boxes
        assert (boxes >= 0).all()
        assert (boxes[:, 2] <= width).all()
        assert (boxes[:, 3] <= height).all()
        if scene.lines is not None:
            assert not scene.target.digits().ignore.any()
            text = "".join(scene.lines).replace(" ", "")
            assert sorted(text) == sorted(map(str, scene.target.digits().labels))


def test_scenes_do_not_depend_on_order_or_process() -> None:
    jobs = [(name, i) for name in PRESET_NAMES for i in (0, 7)]
    here = [fingerprint(job) for job in jobs]
    assert len(set(here)) == len(jobs)
    assert [fingerprint(job) for job in reversed(jobs)] == here[::-1]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(fingerprint, jobs)) == here


def test_seeds_and_splits_give_other_scenes() -> None:
    pictures = {Scenes("lines", split, seed)[5].image.tobytes() for split in SPLITS for seed in (0, 1)}
    assert len(pictures) == 6


def test_the_benchmark_scenes_are_frozen() -> None:
    """The truth of the first test scenes: labels come from the rng alone, so this holds on any machine."""
    assert Scenes("strips", "test")[0].lines == ("95025",)
    assert Scenes("clean", "test")[0].target.labels.tolist() == [5, 9, 9, 6, 1]
    assert Scenes("lines", "test")[0].lines == ("964008 4 4", "418397")
    assert Scenes("paper", "test")[0].lines == ("672416 61970745", "6085631", "1 0 24")
    assert [Scenes("amounts", "test")[i].lines for i in range(3)] == [("42300",), ("222464",), ("923145",)]
    assert [Scenes("hands", "test")[i].lines for i in range(4)] == [("0",), ("5",), ("840815",), ("080",)]
    assert Scenes("places", "test")[2].lines == ("13619 03 801578 9575", "782 2")


@pytest.mark.parametrize(
    ("split", "others"), [("train", ("val", "test")), ("val", ("train", "test")), ("test", ("train", "val"))]
)
def test_a_split_shows_its_own_digits_only(split: Split, others: tuple[Split, Split]) -> None:
    own = {image.tobytes() for image in load_digits(split).images}
    foreign = {image.tobytes() for other in others for image in load_digits(other).images}
    for i in range(60):
        strip = Scenes("strips", split)[i].image[..., 0]
        cells = {np.ascontiguousarray(strip[:, k * 28 : k * 28 + 28]).tobytes() for k in range(5)}
        assert cells <= own
        assert not cells & foreign


def test_clean_boxes_hold_all_ink_and_overlap_little() -> None:
    for i in range(40):
        scene = Scenes("clean", "val")[i]
        assert 1 <= len(scene.target) <= 20
        assert not scene.target.ignore.any()
        outside = scene.image[..., 0].copy()
        for x0, y0, x1, y1 in scene.target.boxes.astype(int):
            outside[y0:y1, x0:x1] = 0
        assert outside.max() < 2 * 64  # fainter than ink, twice where two edges are added


def test_boxes_are_those_of_the_ink_after_slope_and_perspective() -> None:
    plain = LINES.changed(
        text={"digit_heights": (40, 90), "line_counts": (1, 1), "number_lengths": (1, 1)},
        camera={"max_slope": 15, "max_perspective": 0.12, "lit": 0.0, "photographed": 0.0},
    )
    digits = load_digits("val")
    checked = 0
    for seed in range(60):
        scene = page_scene(np.random.default_rng(seed), digits, plain)
        if len(scene.target) != 1:
            continue
        corner = scene.image[0, 0].astype(int)
        ink = (
            (np.abs(scene.image.astype(int) - corner).max(2) > 0)
            if (scene.image[:3] == scene.image[0, 0]).all()
            else None
        )
        if ink is None or ink.sum() > 0.5 * ink.size:
            continue  # mottled paper
        ys, xs = np.nonzero(
            np.abs(scene.image.astype(int) - corner).max(2) > 0.35 * np.abs(scene.image.astype(int) - corner).max()
        )
        found = [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
        np.testing.assert_allclose(scene.target.boxes[0], found, atol=2)
        checked += 1
    assert checked > 10


def square(x: int, y: int, side: int = 10) -> Ink:
    return Ink(np.full((side, side), 255, np.uint8), x, y)


def test_signs_touch_digits_but_neither_cover_them_nor_are_boxed() -> None:
    sheet = Sheet((40, 40))
    sheet.write_digit(square(10, 10), 4)
    before = sheet.target()
    assert sheet.write_sign(square(18, 10))  # a fifth of it lies on the 4
    assert not sheet.write_sign(square(12, 12))
    assert not sheet.write_sign(square(60, 60))
    assert not sheet.write_sign(None)
    assert sheet.written[15, 25] == 255
    np.testing.assert_array_equal(sheet.target().boxes, before.boxes)
    assert not sheet.target().ignore.any()


def test_shares_of_digits_are_as_asked_and_none_is_mnist_alone(tmp_path: Path) -> None:
    mnist = load_digits("val")
    np.testing.assert_array_equal(mixed_digits("val", 0.0, 0.0).images, mnist.images)
    mixed = mixed_digits("val", 0.4, 0.0)
    np.testing.assert_array_equal(mixed.images[: len(mnist)], mnist.images)
    np.testing.assert_array_equal(mixed.images[len(mnist) :], drawn_digits("val", len(mixed) - len(mnist)).images)
    assert len(mnist) / len(mixed) == pytest.approx(0.6, abs=1e-3)
    many = mixed_digits("train", drawn=0.9)  # as many drawn ones as all of MNIST would ask for are too many
    assert len(many) == MAX_DIGITS
    tenth = MAX_DIGITS // 10
    assert np.mean(many.images[:tenth] == load_digits("train").images[:tenth]) == 1
    write_set(tmp_path)
    own = Scenes("hands", "train", mnist_dir=tmp_path).digits
    np.testing.assert_array_equal(own.images, load_digits("train", tmp_path).images)


def test_ties_and_signs_put_ink_outside_of_boxes() -> None:
    """Of clean black pages: 0s that are tied, and numbers that are grouped, against the same hand without."""
    plain = HANDS.changed(
        text={"max_clutter": 0, "number_lengths": (4, 6)},
        pen={"redrawn": 0.0},
        paper={"patterned": 0.0, "furnished": 0.0, "on_desk": 0.0},
        camera={"spilled": 0.0, "lit": 0.0, "photographed": 0.0},
    )
    zeros = drawn_digits("val", 2000)
    zeros = DigitSet(zeros.images[zeros.labels == 0], zeros.labels[zeros.labels == 0])
    outside = {}
    for name, shares in {"signs": (1.0, 0.0), "neither": (0.0, 0.0), "ties": (0.0, 1.0)}.items():
        recipe = plain.changed(hand={"separated": shares[0], "joined": shares[1], "slanted": 0.01})
        found = []
        for seed in range(40):
            picture, target = (scene := page_scene(np.random.default_rng(seed), zeros, recipe)).image, scene.target
            ink = np.abs(picture.astype(int) - np.median(picture, (0, 1))).max(2) > 60
            for x0, y0, x1, y1 in target.boxes.astype(int):
                ink[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1] = False
            found.append(np.count_nonzero(ink))
        outside[name] = np.array(found)
    assert np.mean(outside["neither"] > 0) < 0.35  # stains of the paper
    assert np.mean(outside["signs"] > 0) > 0.6
    assert np.mean(outside["ties"] > 0) > np.mean(outside["neither"] > 0)


def test_grey_pictures_have_no_colour_and_the_same_truth() -> None:
    digits = load_digits("val")
    for seed in range(5):
        recipes = [HANDS.changed(camera={"grey": share}) for share in (0.0, 1.0)]
        scenes = [page_scene(np.random.default_rng(seed), digits, recipe) for recipe in recipes]
        np.testing.assert_array_equal(scenes[0].target.boxes, scenes[1].target.boxes)
        assert (np.ptp(scenes[1].image, axis=2) == 0).all()


def test_less_than_half_visible_is_ignored() -> None:
    sheet = Sheet((40, 40))
    assert sheet.write_digit(square(-4, 0), 1)  # 60 of 100 pixels on the canvas
    assert sheet.write_digit(square(34, 20), 2)  # 60, too
    assert sheet.write_digit(square(36, 5), 3)  # 40
    assert sheet.write_digit(square(10, 10), 4)
    assert sheet.write_digit(square(14, 10), 5)  # leaves 40 of the 4
    assert not sheet.write_digit(square(41, 41), 6)
    assert not sheet.write_digit(None, 7)
    target = sheet.target()
    assert target.labels.tolist() == [1, 2, 3, 4, 5]
    assert target.ignore.tolist() == [False, False, True, True, False]
    assert target.boxes[0].tolist() == [0, 0, 6, 10]


def test_a_digit_wholly_under_later_ink_is_gone() -> None:
    sheet = Sheet((40, 40))
    sheet.write_digit(square(5, 5), 1)
    sheet.write_digit(square(3, 3, 20), 2)
    assert sheet.target().labels.tolist() == [2]


@pytest.mark.parametrize("size", [(height, width) for height in range(1, 6) for width in range(1, 6)])
def test_ink_and_sheets_of_a_few_pixels(size: tuple[int, int]) -> None:
    """OpenCV takes an array of 4x1 for a scalar, and raises."""
    sheet = Sheet((20, 20))
    assert sheet.write_digit(Ink(np.full(size, 255, np.uint8), 2, 2), 3)
    assert sheet.target().boxes.tolist() == [[2, 2, 2 + size[1], 2 + size[0]]]
    assert Sheet(size).write_digit(square(-5, -5, 30), 3)
    picture = np.full((20, 20, 3), 200, np.uint8)
    blend(picture, sheet.written, np.array([10.0, 20, 30]))
    assert (picture != 200).any(2).sum() == size[0] * size[1]


def test_an_empty_sheet_is_an_empty_target() -> None:
    assert len(Sheet((8, 8)).target()) == 0


def test_blank_pages_have_no_text_and_scattered_ones_none_to_speak_of() -> None:
    digits = load_digits("val")
    blank = page_scene(np.random.default_rng(0), digits, PAPER.changed(text={"blank": 1.0}))
    assert blank.lines == ()
    assert len(blank.target) == 0
    anywhere = PAPER.changed(text={"blank": 0.0, "scattered": 1.0})
    scattered = page_scene(np.random.default_rng(0), digits, anywhere)
    assert scattered.lines is None


@pytest.mark.parametrize("size", [(16, 16), (17, 400), (400, 17), (1000, 700)])
def test_canvases_of_any_size(size: tuple[int, int]) -> None:
    digits = load_digits("val")
    for seed in range(12):
        scene = page_scene(np.random.default_rng(seed), digits, PAPER.changed(camera={"size": size}))
        assert scene.image.shape == (*size, 3)


def test_batches_are_of_one_size_and_follow_the_weights() -> None:
    batches = SceneBatches({"strips": 3.0, "clean": 1.0}, batch_size=2, seed=5)
    widths = []
    for step in range(120):
        images, targets = batches[step]
        assert len(images) == len(targets) == 2
        assert len({image.shape for image in images}) == 1
        widths.append(images[0].shape[1])
    assert 0.6 < np.mean(np.array(widths) == 140) < 0.88
    again = SceneBatches({"strips": 3.0, "clean": 1.0}, batch_size=2, seed=5)[17][0]
    assert all((a == b).all() for a, b in zip(again, batches[17][0], strict=True))


def test_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nonsense"):
        get_preset("nonsense")
    with pytest.raises(OptionError, match="weights"):
        SceneBatches({"clean": -1.0}, 2, 0)
    with pytest.raises(OptionError, match="weights"):
        SceneBatches({}, 2, 0)
    with pytest.raises(OptionError, match="batch-size"):
        SceneBatches({"clean": 1.0}, 0, 0)
    with pytest.raises(IndexError, match="-1"):
        Scenes("clean", "test")[-1]


@settings(deadline=None, max_examples=20)
@given(st.floats(0.3, 3.0), st.integers(0, 50))
def test_zoomed_boxes_stay_on_their_ink(factor: float, index: int) -> None:
    """Of black scenes: what is bright lies in the boxes before and after, up to what interpolation spreads."""
    scene = Scenes("strips", "val", 3)[index]
    image, target = zoom(scene.image, scene.target, factor)
    height, width = scene.image.shape[:2]
    assert image.shape == (max(1, round(height * factor)), max(1, round(width * factor)), 3)
    assert image.dtype == np.uint8
    assert np.array_equal(target.labels, scene.target.labels)
    outside = image.max(axis=2).astype(int)
    for x0, y0, x1, y1 in target.boxes:
        assert 0 <= x0 < x1 <= image.shape[1] + 1e-3
        assert 0 <= y0 < y1 <= image.shape[0] + 1e-3
        spread = 1 + factor
        rows = slice(max(0, int(y0 - spread)), int(y1 + spread + 1))
        outside[rows, max(0, int(x0 - spread)) : int(x1 + spread + 1)] = 0
    assert outside.max() < 64


def test_a_zoomed_batch_depends_on_its_index_alone() -> None:
    batches = SceneBatches({"strips": 1.0}, 2, 0)
    zoomed = Zoomed(batches, (1.0, 2.0, 0.5), seed=4)
    sizes = {zoomed[step][0][0].shape[0] for step in range(20)}
    assert sizes == {28, 56, 14}
    assert all(
        np.array_equal(a, b) for a, b in zip(zoomed[7][0], Zoomed(batches, (1.0, 2.0, 0.5), 4)[7][0], strict=True)
    )
    plain = Zoomed(batches, (1.0,), 0)[3]
    assert all(np.array_equal(a, b) for a, b in zip(plain[0], batches[3][0], strict=True))
    for factors in ((), (0.0,), (float("nan"),), (1.0, 99.0)):
        with pytest.raises(OptionError, match="--zoom"):
            Zoomed(batches, factors, 0)


def test_large_pictures_are_not_enlarged() -> None:
    target = Target(np.array([[10, 10, 40, 60]], np.float32), np.array([3]), np.zeros(1, np.bool_))
    for side, expected in ((500, 750), (600, 768), (900, 900)):
        image, moved = zoom(np.zeros((side // 2, side, 3), np.uint8), target, 1.5)
        assert image.shape == (expected // 2, expected, 3)
        np.testing.assert_allclose(moved.boxes, target.boxes * (expected / side), rtol=1e-3)
    assert zoom(np.zeros((900, 900, 3), np.uint8), target, 0.5)[0].shape == (450, 450, 3)
