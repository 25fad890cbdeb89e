"""Levels, tiles and merging, without any detector."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.reading.tiles import (
    INSIDE_AREA_SHARE,
    MAX_ENLARGEMENT,
    MAX_TILED_DIGIT_PX,
    MIN_DIGIT_PX_AFTER_ONE_TILE,
    MIN_DIGIT_PX_AFTER_TILES,
    MIN_HALVED_PX,
    SAME_DIGIT_HEIGHT_SHARE,
    SAME_DIGIT_IOU,
    THUMBNAIL_PX,
    TILE_OVERLAP_PX,
    TILE_PX,
    Level,
    Tile,
    merge,
    pyramid_levels,
    tiles_around,
    tiles_of,
    trusted,
)
from detector.types import Detections


def found(*rows: tuple[float, float, float, float, int, float]) -> Detections:
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Detections(table[:, :4].astype(np.float32), table[:, 4].astype(np.int64), table[:, 5].astype(np.float32))


def level(depth: int, height: int = 2000, width: int = 2000) -> Level:
    rows, columns = -(-height // 2**depth), -(-width // 2**depth)
    scale = np.array([width / columns, height / rows] * 2, np.float32)
    return Level(np.zeros((rows, columns, 3), np.uint8), depth, scale, MIN_DIGIT_PX_AFTER_TILES if depth else 0)


def rows(detections: Detections) -> list[tuple[int, float]]:
    return [(int(d), round(float(s), 2)) for d, s in zip(detections.labels, detections.scores, strict=True)]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 700))
def test_levels_halve_down_to_a_thumbnail(long: int, short: int) -> None:
    image = np.zeros((short, long, 3), np.uint8)
    all_levels = list(pyramid_levels(image))
    factor = max(1.0, min(MAX_ENLARGEMENT, TILE_PX / max(long, short)))
    first = all_levels[0].image
    assert max(first.shape[:2]) == max(round(long * factor), round(short * factor))
    assert factor > 1 or first is image
    for index, one in enumerate(all_levels):
        assert one.depth == pytest.approx(index - math.log2(factor))
        assert one.image.shape[:2] == (-(-first.shape[0] // 2**index), -(-first.shape[1] // 2**index))
        np.testing.assert_allclose(one.scale * (one.image.shape[1::-1] * 2), [long, short] * 2, rtol=1e-5)
        smallest = MIN_DIGIT_PX_AFTER_TILES if index and all_levels[index - 1].tiled else MIN_DIGIT_PX_AFTER_ONE_TILE
        assert one.smallest == (smallest if index else 0)
    last = all_levels[-1].image.shape[:2]
    assert max(last) <= THUMBNAIL_PX or min(last) < MIN_HALVED_PX


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2000), st.integers(1, 2000), st.data())
def test_every_trusted_box_is_whole_in_a_tile(height: int, width: int, data: st.DataObject) -> None:
    """Wherever a digit lies, one tile finds it, at its own place."""
    image = np.zeros((height, width, 3), np.uint8)
    image[::2, ::2] = 255  # detail everywhere
    one = Level(image, 0, np.ones(4, np.float32), 0)
    cut = list(tiles_of(one))
    assert all(max(tile.image.shape[:2]) <= TILE_PX for tile in cut)
    w, h = (data.draw(st.integers(1, min(MAX_TILED_DIGIT_PX, side))) for side in (width, height))
    x, y = data.draw(st.integers(0, width - w)), data.draw(st.integers(0, height - h))
    results = []
    for tile in cut:
        rows, columns = tile.image.shape[:2]
        box = np.array([x - tile.x, y - tile.y, x + w - tile.x, y + h - tile.y], np.float32).clip(
            0, [columns, rows, columns, rows]
        )
        if (box[2:] > box[:2]).all():
            seen = Detections(box[None].astype(np.float32), np.zeros(1, np.int64), np.ones(1, np.float32))
            results += trusted(seen, tile, one).boxes.tolist()
    assert results
    assert all(result == [x, y, x + w, y + h] for result in results)


@settings(max_examples=20, deadline=None)
@given(st.integers(40, 1500), st.integers(40, 1500), st.integers(0, 10**6))
def test_what_is_wanted_is_shown_whole_and_little_else(height: int, width: int, seed: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    image[::2, ::2] = 255  # detail everywhere
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, [width, height], (int(rng.integers(0, 4)), 2))
    boxes = np.concatenate([corners, np.minimum(corners + 20, [width, height])], axis=1).astype(np.float32)
    cut = tiles_around(Level(image, 0, np.ones(4, np.float32), 0), boxes)
    assert sum(tile.image.size // 3 for tile in cut) <= len(boxes) * 192 * 192 * 4
    for x0, y0, x1, y1 in boxes:
        assert any(
            tile.x <= x0 and tile.y <= y0 and x1 <= tile.x + tile.image.shape[1] and y1 <= tile.y + tile.image.shape[0]
            for tile in cut
        )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.integers(0, 10**6))
def test_doubles_are_those_that_comparing_one_by_one_finds(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners, spans = rng.uniform(0, 150, (count, 2)), rng.uniform(10, 60, (count, 2))
    boxes, scores = np.concatenate([corners, corners + spans], axis=1).astype(np.float32), rng.uniform(0, 0.4, count)
    kept: list[int] = []
    for i in np.argsort(-scores):
        for j in kept:
            sides = np.minimum(boxes[i, 2:], boxes[j, 2:]) - np.maximum(boxes[i, :2], boxes[j, :2])
            shared = sides.clip(0).prod()
            areas, heights = sorted((spans[i].prod(), spans[j].prod())), sorted((spans[i, 1], spans[j, 1]))
            if shared > SAME_DIGIT_IOU * (sum(areas) - shared) or (
                shared > INSIDE_AREA_SHARE * areas[0] and heights[0] > SAME_DIGIT_HEIGHT_SHARE * heights[1]
            ):
                break
        else:
            kept.append(int(i))
    merged = merge([(level(0), Detections(boxes, np.zeros(count, np.int64), scores.astype(np.float32)))])
    np.testing.assert_array_equal(merged.boxes, boxes[kept])


def test_flat_and_blurred_tiles_are_passed_over_but_never_the_only_one() -> None:
    smooth = np.linspace(0, 255, 2000).astype(np.uint8)[None, :, None].repeat(1500, 0).repeat(3, 2)
    assert list(tiles_of(Level(smooth, 0, np.ones(4, np.float32), 0))) == []
    assert len(list(tiles_of(Level(smooth[:TILE_PX, :TILE_PX], 0, np.ones(4, np.float32), 0)))) == 1
    smooth = smooth.copy()
    smooth[700:710, 900:902] = 0  # a 1, ten pixels high
    corners = [(tile.x, tile.y) for tile in tiles_of(Level(smooth, 0, np.ones(4, np.float32), 0))]
    assert corners
    assert all(x <= 900 < x + TILE_PX and y <= 700 < y + TILE_PX for x, y in corners)


@pytest.mark.parametrize("noise", [1, 3])
def test_the_noise_of_a_camera_is_no_detail(noise: float) -> None:
    grain = np.random.default_rng(0).normal(128, noise, (1300, 1300, 3)).clip(0, 255).astype(np.uint8)
    assert list(tiles_of(Level(grain, 0, np.ones(4, np.float32), 0))) == []


def test_what_a_tile_cannot_judge_is_left_out() -> None:
    fine, coarse = level(0), level(1)
    tile = Tile(fine.image[:TILE_PX, :TILE_PX], 300, 0)
    box = (100.0, 100.0, 120.0, 130.0, 3, 0.9)
    assert len(trusted(found(box), tile, fine)) == 1
    for cut in (
        (2.0, 100.0, 20.0, 130.0),
        (TILE_PX - 20.0, 100.0, TILE_PX - 1.0, 130.0),
        (100.0, TILE_PX - 30.0, 120.0, float(TILE_PX)),
    ):
        assert len(trusted(found((*cut, 3, 0.9)), tile, fine)) == 0
    assert len(trusted(found((100.0, 0.0, 120.0, 30.0, 3, 0.9)), tile, fine)) == 1  # the edge of the picture itself
    assert len(trusted(found((100.0, 100.0, 140.0, 101.0 + MAX_TILED_DIGIT_PX, 3, 0.9)), tile, fine)) == 0
    tiny = found((100.0, 100.0, 103.0, 106.0, 3, 0.9))
    assert len(trusted(tiny, tile, fine)) == 1
    assert len(trusted(tiny, tile, coarse)) == 0
    np.testing.assert_allclose(trusted(found(box), tile, coarse).boxes, [[800, 200, 840, 260]])


def test_merging_nothing() -> None:
    assert len(merge([])) == 0
    assert len(merge([(level(0), Detections.empty())])) == 0


def test_doubles_go_and_the_best_comes_first() -> None:
    first, second = found((0, 0, 20, 30, 3, 0.7)), found((1, 0, 21, 30, 3, 0.9), (50, 0, 70, 30, 4, 0.8))
    assert rows(merge([(level(0), first), (level(1), second)])) == [(3, 0.9), (4, 0.8)]


def test_touching_digits_are_not_lost_to_one_seen_by_a_coarse_level() -> None:
    pair = found((0, 0, 30, 50, 1, 0.8), (30, 0, 60, 50, 2, 0.8))
    blob = found((0, 0, 60, 50, 0, 0.95))
    assert rows(merge([(level(0), pair), (level(2), blob)])) == [(1, 0.8), (2, 0.8)]


def test_strokes_of_a_large_digit_are_no_digits() -> None:
    big = found((0, 0, 400, 600, 8, 0.9))
    strokes = found((10, 10, 60, 120, 1, 0.97), (300, 400, 380, 500, 7, 0.99), (700, 10, 750, 100, 5, 0.9))
    assert sorted(rows(merge([(level(0), strokes), (level(2), big)]))) == [(5, 0.9), (8, 0.9)]


def test_a_slim_box_removes_no_other_digit_than_the_1() -> None:
    edge = found((0, 0, 40, 600, 1, 0.9))
    column = found((5, 20, 35, 70, 7, 0.9), (5, 120, 35, 170, 3, 0.8), (10, 220, 30, 270, 1, 0.7))
    assert sorted(rows(merge([(level(0), column), (level(2), edge)]))) == [(1, 0.9), (3, 0.8), (7, 0.9)]


def test_a_page_taken_for_a_digit_loses_to_what_is_on_it() -> None:
    page = found((0, 0, 900, 1400, 1, 0.99))
    digits = found(*((100 + 40 * i, 300, 125 + 40 * i, 330, i, 0.9) for i in range(5)))
    assert sorted(rows(merge([(level(0), digits), (level(3), page)]))) == [(i, 0.9) for i in range(5)]


def test_a_part_about_as_high_as_the_whole_is_the_same_digit() -> None:
    ones = found((0, 0, 30, 100, 1, 0.9), (2, 10, 11, 90, 7, 0.8), (5, 55, 25, 95, 2, 0.7))
    assert rows(merge([(level(0), ones)])) == [(1, 0.9), (2, 0.7)]


def test_a_small_digit_inside_another_of_its_level_stays() -> None:
    nested = found((0, 0, 100, 110, 7, 0.9), (50, 60, 70, 90, 2, 0.8))
    assert rows(merge([(level(0), nested)])) == [(7, 0.9), (2, 0.8)]


def test_an_unlikely_large_box_removes_nothing() -> None:
    big, small = found((0, 0, 400, 600, 8, 0.3)), found((10, 10, 60, 110, 1, 0.9))
    assert rows(merge([(level(0), small), (level(2), big)])) == [(1, 0.9), (8, 0.3)]


def test_tiles_overlap_by_more_than_what_is_trusted() -> None:
    assert MAX_TILED_DIGIT_PX < TILE_OVERLAP_PX < TILE_PX


@pytest.mark.parametrize(("label", "score", "fine"), [(3, 0.7, True), (2, 0.7, False), (3, 0.4, False)])
def test_the_box_of_a_digit_is_the_finest_level_s_that_is_sure_of_it(label: int, score: float, fine: bool) -> None:
    here, there = (10.0, 10.0, 30.0, 50.0), (9.0, 9.0, 31.0, 52.0)
    merged = merge([(level(0), found((*here, label, score))), (level(1), found((*there, 3, 0.9)))])
    assert rows(merged) == [(3, 0.9)]
    np.testing.assert_allclose(merged.boxes, [here if fine else there])


def test_a_box_told_as_digit_and_as_sign_is_one_thing() -> None:
    """The likelier twin stands for both where boxes are compared; both are moved to the finer box."""
    coarse = found((10, 10, 30, 40, 25, 0.7), (10, 10, 30, 40, 0, 0.2), (60, 10, 80, 40, 3, 0.9))
    fine = found((11, 10, 31, 41, 25, 0.6), (11, 10, 31, 41, 0, 0.3))
    merged = merge([(level(0), fine), (level(1), coarse)])
    assert rows(merged) == [(3, 0.9), (25, 0.7), (0, 0.2)]
    assert merged.boxes[1:].tolist() == [[11, 10, 31, 41]] * 2


def test_digits_alone_are_merged_as_if_there_were_no_signs_elsewhere() -> None:
    digits = found((10, 10, 30, 40, 3, 0.9), (12, 10, 32, 40, 5, 0.4), (60, 10, 80, 40, 8, 0.8))
    alone = merge([(level(0), digits)])
    beside = merge([(level(0), digits), (level(0), found((200, 10, 210, 40, 12, 0.95)))])
    assert rows(beside) == [(12, 0.95), *rows(alone)]
    np.testing.assert_array_equal(beside.boxes[1:], alone.boxes)
