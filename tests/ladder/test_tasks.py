"""The rungs, the tasks, and how a reader is scored on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.categories import CATEGORIES, WRITING
from detector.errors import OptionError
from detector.ladder.confusion import confusion_of
from detector.ladder.rungs import RUNGS, choose
from detector.ladder.tasks import score_digits, score_scenes, score_strips
from detector.models.registry import DETECTORS
from detector.scoring.mistakes import MISSED
from detector.types import Detections
from tests.ladder.written import Written, boxes_of, labels_of

DIGIT_STRINGS = st.text("0123456789", max_size=7)


# Which rungs


def test_no_words_choose_all_rungs_and_a_number_chooses_its_variants() -> None:
    assert choose(()) == RUNGS
    assert [rung.name for rung in choose(["mlp", "7", "3"])] == [
        "mlp",
        "two-conv-cnn",
        "modern-cnn",
        "five-softmax",
        "five-softmax-length",
    ]
    for word in ("", "13", "perceptron"):
        with pytest.raises(OptionError, match="--only"):
            choose(["1", word])


def test_rungs_climb_from_1_to_12_and_the_registry_has_them_all() -> None:
    assert sorted({rung.number for rung in RUNGS}) == list(range(1, 13))
    assert [rung.number for rung in RUNGS] == sorted(rung.number for rung in RUNGS)
    assert {rung.name for rung in RUNGS} == set(DETECTORS)
    supported = [len(rung.support.tasks) for rung in RUNGS]
    assert supported == sorted(supported), "a higher rung attempts at least as much"


# Confusion


@given(st.lists(st.tuples(DIGIT_STRINGS, DIGIT_STRINGS), max_size=4))
def test_a_confusion_counts_every_true_and_every_read_digit_once(readings: list[tuple[str, str]]) -> None:
    confusion = confusion_of(readings)
    for digit in range(10):
        assert confusion[digit].sum() == sum(true.count(str(digit)) for true, _ in readings)
        assert confusion[:, digit].sum() == sum(read.count(str(digit)) for _, read in readings)
    assert confusion[MISSED, MISSED] == 0


def test_missed_and_invented_digits_are_counted_last() -> None:
    confusion = confusion_of([("123", "13"), ("5", "58"), ("7", "1")])
    assert confusion[2, MISSED] == confusion[MISSED, 8] == confusion[7, 1] == 1
    assert confusion[1, 1] == confusion[3, 3] == confusion[5, 5] == 1
    assert confusion.sum() == 6


# Tasks


class FakeReader:
    """Reads such pictures, all digits with one score, from right to left. slips: texts that it reads differently."""

    min_score = 0.5

    def __init__(self, slips: Mapping[str, str] | None = None, score: float = 0.9) -> None:
        self.slips, self.score = slips or {}, score

    def detect(self, image: np.ndarray) -> Detections:
        text = "".join(str(value // 10 - 1) for value in image[0, :, 0].tolist() if value)
        text = self.slips.get(text, text)
        scores = np.full(len(text), self.score, np.float32)
        return Detections(boxes_of(len(text)), labels_of(text), scores)[::-1]

    def detect_many(self, images: Sequence[np.ndarray]) -> list[Detections]:
        return [self.detect(image) for image in images]


def test_of_a_single_digit_the_highest_score_counts_however_low() -> None:
    images = np.zeros((4, 28, 28), np.uint8)
    images[:, 0, 0] = [10, 50, 60, 0]
    outcome = score_digits(FakeReader({"5": "6"}, score=0.1), images, np.array([0, 4, 5, 9]))
    assert outcome.figures == {"accuracy": 0.5}
    assert outcome.confusion[0, 0] == outcome.confusion[4, 4] == outcome.confusion[5, 6] == 1
    assert outcome.confusion[9, MISSED] == 1
    assert outcome.milliseconds > 0


class SeesLetters(FakeReader):
    """Takes every digit for a letter, too, and with a higher score."""

    def detect(self, image: np.ndarray) -> Detections:
        found = super().detect(image)
        letters = np.full(len(found), CATEGORIES.index(WRITING)), np.full(len(found), 0.99, np.float32)
        columns = zip(letters, (found.labels, found.scores), strict=True)
        return Detections(np.tile(found.boxes, (2, 1)), *(np.concatenate(column) for column in columns))


def test_a_letter_is_no_digit_however_high_its_score() -> None:
    images = np.zeros((3, 28, 28), np.uint8)
    images[:, 0, 0] = [10, 50, 60]
    assert score_digits(SeesLetters(score=0.1), images, np.array([0, 4, 5])).figures == {"accuracy": 1.0}


def test_a_strip_is_right_as_a_whole_or_wrong() -> None:
    strips = [Written.of(text) for text in ("12345", "7", "90", "31")]
    outcome = score_strips(FakeReader({"90": "9", "31": "371"}), strips, 4)
    assert outcome.figures == {"exact": 0.5, "cer": 0.2}
    assert outcome.confusion[0, MISSED] == outcome.confusion[MISSED, 7] == 1
    nothing = score_strips(FakeReader(score=0.4), strips, 4)
    assert nothing.figures == {"exact": 0.0, "cer": 1.0}


def test_scenes_are_scored_by_evaluate() -> None:
    scenes = [Written.of(text) for text in ("12", "7")]
    outcome = score_scenes(FakeReader(), scenes, 2)
    assert outcome.figures["AP50"] == pytest.approx(1)
    assert outcome.figures["exact_lines"] == 1
    assert outcome.milliseconds == outcome.figures["ms_per_picture"]
