"""Reading pictures of every size with a detector of which it is known what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event, Lock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from detector.categories import DIGITS
from detector.errors import ImageError, OptionError, WeightsError
from detector.images import Picture, Source
from detector.reading import prefetch
from detector.reading.loading import load
from detector.reading.reader import BATCH_PX, Reader
from detector.reading.tiles import MAX_ENLARGEMENT, MAX_TILED_DIGIT_PX, TILE_PX
from detector.types import Detections, Page
from tests.fakes import FakeDetector, blank, draw_blobs


def sorted_rows(found: Detections) -> list[tuple[float, ...]]:
    """Box and label of each, sorted."""
    return sorted((*box, label) for box, label in zip(found.boxes.tolist(), found.labels.tolist(), strict=True))


def expect_digits(found: Detections, boxes: list[list[int]], digits: list[int], within: float) -> None:
    """Each digit once, its sides to within a share of its height, nothing besides."""
    assert len(found) == len(boxes), f"expected {len(boxes)} digits, got {len(found)}"
    left = list(range(len(found)))
    for box, digit in zip(boxes, digits, strict=True):
        one = left.pop(int(np.abs(found.boxes[left] - box).max(axis=1).argmin()))  # the nearest of those left
        assert found.labels[one] == digit
        np.testing.assert_allclose(found.boxes[one], box, atol=within * (box[3] - box[1]) + 0.01)


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), "a.png", None]
)
def test_what_is_no_picture_for_detect(bad: object) -> None:
    with pytest.raises(ImageError):
        Reader(FakeDetector()).detect(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("min_score", [-0.1, 1.5, float("nan")])
def test_thresholds_that_make_no_sense(min_score: float) -> None:
    with pytest.raises(OptionError, match="min_score"):
        Reader(FakeDetector(), min_score=min_score)


def test_no_picture_at_all() -> None:
    assert Reader(FakeDetector()).detect_many([]) == []
    assert list(Reader(FakeDetector()).read_many([])) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (16, 16), (28, 140), (700, 700), (5000, 40)])
def test_empty_paper_of_any_size(size: tuple[int, int]) -> None:
    page = Reader(FakeDetector()).page(blank(*size))
    assert (page.height, page.width) == size
    assert page.text == ""


@pytest.mark.parametrize("size", [(28, 140), (300, 300), (384, 384), (512, 512), (TILE_PX, TILE_PX), (20, TILE_PX)])
def test_a_small_picture_takes_a_pass_enlarged_and_one_at_half_of_that(size: tuple[int, int]) -> None:
    detector = FakeDetector()
    boxes = [[3, 2, 10, 18], [14, 2, 20, 18]]
    found = Reader(detector).detect(draw_blobs(blank(*size), boxes, [4, 7]))
    factor = min(MAX_ENLARGEMENT, TILE_PX / max(size))
    height, width = round(size[0] * factor), round(size[1] * factor)
    *half, whole = sorted(detector.calls)
    assert whole == (height, width)
    assert half in ([], [(-(-height // 2), -(-width // 2))])
    assert len(detector.batches) == 1
    expect_digits(found, boxes, [4, 7], within=0.1)


def test_a_small_picture_is_read_just_as_the_detector_sees_it() -> None:
    image = draw_blobs(blank(TILE_PX, TILE_PX), [[0, 0, 5, 5], [50, 50, 140, 160]], [3, 5])
    direct = FakeDetector().predict([torch.from_numpy(image).permute(2, 0, 1) / 255])[0]
    assert sorted_rows(Reader(FakeDetector()).detect(image)) == sorted_rows(direct)


@pytest.mark.parametrize("size", [(300, 300), (640, 480), (900, 1000), (3000, 2000)])
def test_a_digit_as_high_as_the_picture(size: tuple[int, int]) -> None:
    box = [size[1] // 4, 2, size[1] * 3 // 4, size[0] - 2]
    found = Reader(FakeDetector(largest=200)).detect(draw_blobs(blank(*size), [box], [6]))
    expect_digits(found, [box], [6], within=0.03)


def test_all_heights_on_one_large_page() -> None:
    """Each only seen at some scales, as by a detector trained on digits of 9 to 160 pixels."""
    boxes, digits, y = [], [], 30
    for i, height in enumerate((10, 14, 20, 40, 80, 119, 121, 160, 240, 480, 900)):
        boxes.append([40, y, 40 + height // 2, y + height])
        digits.append(i % 10)
        y += height + 60
    image = draw_blobs(blank(3200, 2400), boxes, digits)
    found = Reader(FakeDetector(smallest=9, largest=160)).detect(image)
    expect_digits(found, boxes, digits, within=0.05)


@settings(max_examples=25, deadline=None)
@given(st.integers(641, 1500), st.integers(30, 1500), st.integers(0, 10**6))
def test_seams_neither_cut_nor_double_digits(width: int, height: int, seed: int) -> None:
    """A grid of digits over the whole page, so that every seam of every level has some on it."""
    rng = np.random.default_rng(seed)
    h, gap = int(rng.integers(12, MAX_TILED_DIGIT_PX - 20)), int(rng.integers(6, 20))
    w = max(6, int(h * rng.uniform(0.2, 0.9)))
    boxes = [
        [x, y, x + w, y + h]
        for y in range(gap, height - h - gap, h + gap)
        for x in range(gap, width - w - gap, w + gap)
    ]
    digits = [int(d) for d in rng.integers(0, 10, len(boxes))]
    found = Reader(FakeDetector(smallest=9, largest=160)).detect(draw_blobs(blank(height, width), boxes, digits))
    expect_digits(found, boxes, digits, within=0.2)


def test_a_page_of_48_million_pixels_is_read_where_there_is_something() -> None:
    detector = FakeDetector(smallest=9, largest=160)
    boxes = [[5000 + 14 * i, 7000, 5008 + 14 * i, 7012] for i in range(6)] + [[100, 100, 1100, 2500]]
    image = draw_blobs(blank(8000, 6000), boxes, [1, 2, 3, 4, 5, 6, 7])
    reader = Reader(detector)
    expect_digits(reader.detect(image), boxes, [1, 2, 3, 4, 5, 6, 7], within=0.1)
    assert max(max(size) for size in detector.calls) <= TILE_PX
    assert len(detector.calls) < 60  # of 280 tiles: white paper is passed over


@settings(max_examples=6, deadline=None)
@given(st.lists(st.sampled_from([(300, 300), (28, 140), (800, 900), (700, 50), (16, 16), (1200, 1000)]), max_size=9))
def test_no_answer_depends_on_the_company(sizes: list[tuple[int, int]]) -> None:
    rng = np.random.default_rng(len(sizes))
    images = []
    for size in sizes:
        x, y = int(rng.integers(1, size[1] - 8)), int(rng.integers(1, size[0] - 14))
        images.append(draw_blobs(blank(*size), [[x, y, x + 6, y + 12]], [int(rng.integers(10))]))
    alone = [sorted_rows(Reader(FakeDetector()).detect(image)) for image in images]
    together = Reader(FakeDetector()).detect_many(images)
    assert [sorted_rows(found) for found in together] == alone
    reader = Reader(FakeDetector())
    assert list(reader.read_many(images)) == [reader.page(image) for image in images]


def test_both_looks_at_small_pictures_of_one_size_go_through_together() -> None:
    detector = FakeDetector()
    images = [draw_blobs(blank(100, 120), [[9, 9, 19, 30]], [i]) for i in range(10)]
    assert [int(found.labels[0]) for found in Reader(detector).detect_many(images)] == list(range(10))
    assert detector.batches == [20]


def test_batches_are_bounded_by_pixels() -> None:
    detector = FakeDetector()
    Reader(detector).detect_many([blank(700, 700)] * 5)
    calls = iter(detector.calls)
    for count in detector.batches:
        assert sum(height * width for height, width in (next(calls) for _ in range(count))) <= BATCH_PX


def test_read_only_and_reversed_arrays() -> None:
    image = draw_blobs(blank(50, 50), [[5, 5, 15, 30]], [0])
    image.flags.writeable = False
    assert Reader(FakeDetector()).page(image).text == "0"
    assert Reader(FakeDetector()).page(image[:, ::-1, ::-1]).text == "0"


def lines_page() -> Picture:
    """12 34 over 5."""
    boxes = [[10, 10, 22, 40], [28, 10, 40, 40], [100, 12, 112, 42], [118, 12, 130, 42], [10, 60, 22, 90]]
    return draw_blobs(blank(120, 150), boxes, [1, 2, 3, 4, 5])


def test_a_page_has_lines_numbers_digits() -> None:
    page = Reader(FakeDetector(score=0.8)).page(lines_page())
    assert page.text == "12 34\n5"
    assert (page.width, page.height) == (150, 120)
    number = page.lines[0].numbers[1]
    assert number.text == "34"
    assert number.score == pytest.approx(0.64)
    assert number.digits[0].box == (100.0, 12.0, 112.0, 42.0)


@pytest.mark.parametrize(("score", "text"), [(0.49, ""), (0.51, "12 34\n5")])
def test_unlikely_digits_are_detected_but_not_read(score: float, text: str) -> None:
    reader = Reader(FakeDetector(score), min_score=0.5)
    assert len(reader.detect(lines_page())) == 5
    assert reader.page(lines_page()).text == text


def test_every_source_is_read_and_errors_stand_in_the_place_of_pages(tmp_path: Path) -> None:
    path, bad = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(lines_page()).save(path)
    bad.write_bytes(b"no picture")
    reader = Reader(FakeDetector())
    with path.open("rb") as stream:
        read = list(reader.read_many([path, bad, str(path), path.read_bytes(), stream, lines_page(), Image.open(path)]))
    assert isinstance(read[1], ImageError)
    assert all(page == read[0] for page in read[2:])
    with pytest.raises(ImageError, match=r"b\.png"):
        reader.read(bad)


def test_one_bad_picture_among_many(tmp_path: Path) -> None:
    sources: list[Source] = [lines_page()] * 40
    sources[7] = tmp_path / "missing.png"
    read = list(Reader(FakeDetector()).read_many(sources))
    assert [i for i, page in enumerate(read) if isinstance(page, ImageError)] == [7]
    assert {page.text for page in read if isinstance(page, Page)} == {"12 34\n5"}


class Sociable(FakeDetector):
    """Answers its first call only when there is a second one beside it, or after a while."""

    at_once = 2
    categories = DIGITS

    def __init__(self) -> None:
        super().__init__()
        self.running, self.most = 0, 0
        self.lock, self.in_company = Lock(), Event()

    def predict(self, images: Sequence[Tensor]) -> list[Detections]:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
            if self.most > 1:
                self.in_company.set()
        self.in_company.wait(20)
        found = super().predict(images)
        with self.lock:
            self.running -= 1
        return found


def test_as_many_groups_are_looked_at_as_the_network_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    """And pages come in the order of their pictures all the same."""
    monkeypatch.setattr(prefetch, "MAX_GROUP_PICTURES", 1)
    images = [draw_blobs(blank(60, 60 + 8 * n), [(8, 8, 24, 40)], [n % 10]) for n in range(12)]
    sociable, alone = Sociable(), FakeDetector()
    pages = list(Reader(sociable).read_many(images))
    assert sociable.most == 2
    assert pages == [Reader(alone).page(image) for image in images]
    assert len({page.width for page in pages if isinstance(page, Page)}) == 12


def test_pages_come_with_their_pictures() -> None:
    image = lines_page()
    ((shown, page),) = (pair for pair in Reader(FakeDetector()).read_and_show([image]) if isinstance(pair, tuple))
    np.testing.assert_array_equal(shown, image)
    assert page.text == "12 34\n5"


def test_load_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no-such-model"):
        load(model="no-such-model")
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        load(tmp_path / "none.safetensors")
    with pytest.raises(OptionError, match="toaster"):
        load(device="toaster")


def test_load_gives_back_what_was_saved(tmp_path: Path) -> None:
    from detector.models import checkpoint
    from detector.models.registry import DETECTORS

    design = DETECTORS["faster-rcnn"]
    path = tmp_path / "tiny.safetensors"
    checkpoint.save(path, "faster-rcnn", design.build(design.config()), {})
    reader = load(path, min_score=0.25)
    assert reader.min_score == 0.25
    assert load(str(path), model="faster-rcnn").page(blank(40, 40)).width == 40
    with pytest.raises(WeightsError, match="other-model"):
        load(path, model="other-model")
