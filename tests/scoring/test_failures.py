"""Pictures of what was read wrongly: none, tiny and huge ones, their order, and what is drawn where."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from detector.errors import OptionError
from detector.reading.reader import Reader
from detector.scoring.evaluation import ImageResult, evaluate
from detector.scoring.failures import COLUMNS, TRUE, WRONG, draw_failure, save_failures, worst_first
from detector.scoring.mistakes import Verdict
from detector.types import Target
from tests.fakes import FakeDetector, blank, draw_blobs

Failure = tuple[ImageResult, Verdict]


@dataclass(frozen=True)
class Labelled:
    """A picture and what is said to be true of it."""

    image: NDArray[np.uint8]
    target: Target | None
    lines: tuple[str, ...] | None
    written: tuple[str, ...] | None = None


def scene(digits: str, truth: str | None = None, *, size: tuple[int, int] = (60, 300), boxes: bool = True) -> Labelled:
    """A line of blobs that are read as `digits`, of which the truth is said to be something else."""
    truth = digits if truth is None else truth
    places = [[20 + 30 * i, 20, 40 + 30 * i, 50] for i in range(max(len(digits), len(truth)))]
    image = draw_blobs(blank(*size), places[: len(digits)], [int(digit) for digit in digits])
    target = Target(
        np.array(places[: len(truth)], np.float32).reshape(-1, 4),
        np.array([int(digit) for digit in truth], np.int64),
        np.zeros(len(truth), bool),
    )
    return Labelled(image, target if boxes else None, (truth,) if truth else ())


def failures_of(*scenes: Labelled) -> list[Failure]:
    return worst_first(evaluate(Reader(FakeDetector()), scenes, len(scenes)).image_results)


def save(folder: Path, scenes: list[Labelled], most: int = 200) -> int:
    results = evaluate(Reader(FakeDetector()), scenes, len(scenes)).image_results
    return save_failures(folder, results, scenes, lambda index: f"images/p{index}.jpg", most)


def table(folder: Path) -> list[list[str]]:
    with (folder / "failures.csv").open(newline="") as file:
        return list(csv.reader(file))


def has(image: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((image == np.array(colour, np.uint8)).all(-1).any())


def test_where_nothing_is_wrong_there_is_an_empty_table(tmp_path: Path) -> None:
    assert save(tmp_path, [scene("123"), scene("")]) == 0
    assert table(tmp_path) == [list(COLUMNS)]
    assert [path.name for path in tmp_path.iterdir()] == ["failures.csv"]


def test_the_worst_come_first_and_the_table_has_all(tmp_path: Path) -> None:
    scenes = [scene("1234"), scene("7", "1"), scene("12", "8345"), scene("5", ""), scene("66", "77", boxes=False)]
    assert save(tmp_path, scenes, most=3) == 4
    assert {path.name for path in tmp_path.iterdir()} == {
        *("failures.csv", "failures.png", "001_p2.png", "002_p4.png", "003_p1.png")
    }
    assert table(tmp_path)[1:] == [
        ["1", "images/p2.jpg", "8345", "12", "8 read as 1, 3 read as 2, 4 missed, 5 missed"],
        ["2", "images/p4.jpg", "77", "66", "7 read as 6 (2 times)"],
        ["3", "images/p1.jpg", "1", "7", "1 read as 7"],
        ["4", "images/p3.jpg", "", "5", "5 invented"],
    ]
    for path in tmp_path.glob("*.png"):
        with Image.open(path) as image:
            image.load()


def test_where_the_text_is_not_known_mistakes_stand_for_edits() -> None:
    plain = [scene("1", "7"), scene("123", "456"), scene("12", "34")]
    scattered = [
        Labelled(plain[0].image, plain[0].target, plain[0].lines),
        *(Labelled(s.image, s.target, None) for s in plain[1:]),
    ]
    assert [(result.index, verdict.edits) for result, verdict in failures_of(*scattered)] == [
        (1, None),
        (2, None),
        (0, 1),
    ]


def test_pictures_of_an_earlier_call_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "007_bond.png").write_bytes(b"mine")
    scenes = [scene("7", "1"), scene("4", "9")]
    save(tmp_path / "a", scenes)
    (tmp_path / "a" / "notes.png").write_bytes(b"mine too")
    save(tmp_path / "a", scenes[:1])
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        *("001_p0.png", "failures.csv", "failures.png", "notes.png")
    ]
    save(tmp_path, scenes)
    assert (tmp_path / "007_bond.png").exists()


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="cannot be written"):
        save(tmp_path / "file", [scene("7", "1")])


def test_the_truth_is_on_the_left_and_what_was_read_on_the_right() -> None:
    wrong = scene("19", "14")
    ((result, verdict),) = failures_of(wrong)
    before = wrong.image.copy()
    drawn = draw_failure(wrong.image, result, verdict, "1  name")
    np.testing.assert_array_equal(wrong.image, before)
    left, right = drawn[:, : drawn.shape[1] // 2], drawn[:, drawn.shape[1] // 2 :]
    assert has(left, TRUE)
    assert not has(right, TRUE)
    assert has(left, WRONG)
    assert has(right, WRONG)


def test_only_what_is_wrong_is_framed() -> None:
    """By text alone the truth has no boxes; a picture that lies on its own has none of the colour of mistakes."""
    ((result, verdict),) = failures_of(scene("19", "14", boxes=False))
    drawn = draw_failure(scene("19").image, result, verdict)
    assert not has(drawn, TRUE)
    picture = drawn[10 : drawn.shape[0] // 2, drawn.shape[1] // 2 :]
    columns = np.flatnonzero((picture == np.array(WRONG, np.uint8)).all(-1).any(0))
    assert columns.size
    assert columns[0] > 0.1 * picture.shape[1]  # the 9 stands from 50 on, of 300


@pytest.mark.parametrize("size", [(60, 300), (3000, 60), (2500, 4000), (52, 61)])
def test_huge_pictures_are_shrunk_and_tiny_ones_enlarged(size: tuple[int, int]) -> None:
    wrong = scene("1", "7", size=size)
    ((result, verdict),) = failures_of(wrong)
    drawn = draw_failure(wrong.image, result, verdict, "a long title " * 40)
    assert 340 <= drawn.shape[1] <= 2020
    assert drawn.shape[0] <= 1000 + 2 * 24 * 14


def test_texts_without_end_are_cut() -> None:
    wrong = scene("1", "7")
    ((result, verdict),) = failures_of(wrong)
    long = ImageResult(**{**result.__dict__, "true_lines": ("123456789 " * 50,) * 50})
    assert draw_failure(wrong.image, long, verdict).shape[0] < 700


def test_scenes_without_text_are_drawn_too() -> None:
    plain = scene("1", "7")
    scattered = Labelled(plain.image, plain.target, None)
    ((result, verdict),) = failures_of(scattered)
    assert verdict.edits is None
    assert has(draw_failure(scattered.image, result, verdict), TRUE)
