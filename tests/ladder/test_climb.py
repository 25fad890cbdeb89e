"""The ladder around its rungs: who attempts what, how tasks are scored, what is kept, and what the table says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import OptionError, WeightsError
from detector.ladder import plans
from detector.ladder.budget import Budget
from detector.ladder.confusion import confusion_of
from detector.ladder.evaluation import score_tasks
from detector.ladder.pictures import StripReading, draw_strip, draw_table
from detector.ladder.plans import make_plan
from detector.ladder.record import RungRecord, load_record
from detector.ladder.rungs import RUNGS, Rung, WeightsSource, choose
from detector.ladder.table import NO_VALUE, Row, as_markdown, as_record, as_text, legend, tabulate
from detector.ladder.tasks import TASKS, Task, TaskScore, score_digits, score_scenes, score_strips
from detector.ladder.training import Samples, as_labels
from detector.models import checkpoint
from detector.models.base import Detector
from detector.models.registry import DETECTORS
from detector.scoring.mistakes import MISSED
from detector.training.fit import TrainingConfig
from detector.training.runs import RunProgress
from detector.types import Detections, Page, Target

DIGIT_STRINGS = st.text("0123456789", max_size=7)


def named(name: str) -> Rung:
    return next(rung for rung in RUNGS if rung.name == name)


# Which rungs


def test_all_rungs_are_chosen_without_words_and_numbers_take_their_variants() -> None:
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


def test_missed_and_invented_digits_have_their_places() -> None:
    confusion = confusion_of([("123", "13"), ("5", "58"), ("7", "1")])
    assert confusion[2, MISSED] == confusion[MISSED, 8] == confusion[7, 1] == 1
    assert confusion[1, 1] == confusion[3, 3] == confusion[5, 5] == 1
    assert confusion.sum() == 6


# Tasks


@dataclass(frozen=True)
class Written:
    """A picture whose single bright pixels are digits: column x of row 0 holds 10 * (digit + 1)."""

    image: np.ndarray
    target: Target
    lines: tuple[str, ...] | None

    @classmethod
    def of(cls, text: str) -> Written:
        image = np.zeros((28, 140, 3), np.uint8)
        image[0, : len(text)] = np.array([10 * (int(digit) + 1) for digit in text], np.uint8).reshape(-1, 1)
        return cls(image, Target(boxes_of(len(text)), labels_of(text), np.zeros(len(text), bool)), (text,))


def boxes_of(count: int) -> np.ndarray:
    return np.array([(20 * k, 4, 20 * k + 12, 24) for k in range(count)], np.float32).reshape(-1, 4)


def labels_of(text: str) -> np.ndarray:
    return np.array([int(digit) for digit in text], np.int64)


class Eye:
    """Reads such pictures, all digits with one score, in backward order; `slips` are the texts it reads differently."""

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


def test_single_digits_are_scored_by_the_best_however_unsure() -> None:
    images = np.zeros((4, 28, 28), np.uint8)
    images[:, 0, 0] = [10, 50, 60, 0]
    outcome = score_digits(Eye({"5": "6"}, score=0.1), images, np.array([0, 4, 5, 9]))
    assert outcome.figures == {"accuracy": 0.5}
    assert outcome.confusion[0, 0] == outcome.confusion[4, 4] == outcome.confusion[5, 6] == 1
    assert outcome.confusion[9, MISSED] == 1
    assert outcome.milliseconds > 0


def test_strips_are_right_as_a_whole_or_not_at_all() -> None:
    strips = [Written.of(text) for text in ("12345", "7", "90", "31")]
    outcome = score_strips(Eye({"90": "9", "31": "371"}), strips, 4)
    assert outcome.figures == {"exact": 0.5, "cer": 0.2}
    assert outcome.confusion[0, MISSED] == outcome.confusion[MISSED, 7] == 1
    nothing = score_strips(Eye(score=0.4), strips, 4)
    assert nothing.figures == {"exact": 0.0, "cer": 1.0}


def test_scenes_are_scored_as_evaluate_does() -> None:
    scenes = [Written.of(text) for text in ("12", "7")]
    outcome = score_scenes(Eye(), scenes, 2)
    assert outcome.figures["AP50"] == pytest.approx(1)
    assert outcome.figures["exact_lines"] == 1
    assert outcome.milliseconds == outcome.figures["ms_per_picture"]


# What is kept


def some_score(accuracy: float = 0.5) -> TaskScore:
    return TaskScore({"accuracy": accuracy, "nothing": math.nan}, 1.5, np.eye(11, dtype=np.int64))


def test_a_record_comes_back_from_its_files_and_only_for_the_same_settings(tmp_path: Path) -> None:
    settings = {"sizes": (1, 2), "name": "x"}
    record = RungRecord({"sizes": [1, 2], "name": "x"}, 10, 0.5)
    record.add("T1", {"count": 3}, some_score())
    record.save(tmp_path)
    back = load_record(tmp_path, settings)
    assert back == record
    assert back.tasks["T1"].figures["nothing"] is None
    np.testing.assert_array_equal(back.tasks["T1"].matrix, np.eye(11))
    assert load_record(tmp_path, settings | {"name": "y"}) is None
    assert load_record(tmp_path / "nowhere", settings) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"tasks": 3}', '{"tasks": {"T1": {}}}'])
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "confusion.json").write_text("{}")
    (tmp_path / "result.json").write_text(content)
    assert load_record(tmp_path, {}) is None


# Plans, with data of a few pictures


class FewData:
    """Noise to learn from, and written pictures to be tested on."""

    mix: Mapping[str, float] = {"clean": 1.0}

    def digits(self, count: int) -> Samples:
        rng = np.random.default_rng(0)
        return Samples(rng.integers(0, 256, (count, 28, 28), np.uint8), rng.integers(0, 10, (count, 1)))

    def test_images(self, task: Task) -> list[Written]:
        return [Written.of("12345"), Written.of("60"), Written.of("7")]

    def source_settings(self, task: Task) -> dict[str, object]:
        return {"preset": task.preset}

    def samples(self, kind: str, count: int | None, seed: int) -> tuple[Callable[[int], Samples], Samples]:
        if kind == "digits":
            return lambda epoch: self.digits(20), self.digits(4)
        strips = Samples(
            np.stack([scene.image[..., 0] for scene in self.test_images(TASKS[1])]), as_labels(["12345", "60", "7"], 5)
        )
        return lambda epoch: strips, strips

    def scenes(self, batch_size: int, seed: int) -> tuple[object, dict[str, object]]:
        raise AssertionError("not asked for")


BUDGET = Budget(epochs=1, samples=20, digits=5, strips=3, scenes=3)


def climbed(name: str, folder: Path, budget: Budget = BUDGET) -> tuple[RungRecord, list[str], list[str]]:
    """The record, the lines that were logged, and the tasks that were scored."""
    logged: list[str] = []
    data = FewData()
    plan = make_plan(named(name), budget, data, folder)  # type: ignore[arg-type]
    record = plan.stored_record() or plan.execute(logged.append)
    tasks = score_tasks(named(name), record, budget, data, folder, lambda task: iter)  # type: ignore[arg-type]
    return record, logged, [task.key for task in tasks]


def test_a_rung_is_trained_once_and_scored_on_what_it_can_attempt(tmp_path: Path) -> None:
    record, logged, tasks = climbed("softmax", tmp_path)
    assert tasks == ["T1"] == list(record.tasks)
    assert record.parameters == 7850
    assert len(logged) == 1
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        *("weights.safetensors", "history.json", "curves.png", "confusion.png", "confusion.json", "result.json"),
    }
    matrix = json.loads((tmp_path / "confusion.json").read_text())["T1"]
    assert sum(map(sum, matrix)) == 5
    before = (tmp_path / "weights.safetensors").stat().st_mtime_ns
    again, logged, _ = climbed("softmax", tmp_path)
    assert again == record
    assert logged == []
    assert (tmp_path / "weights.safetensors").stat().st_mtime_ns == before


def test_other_pictures_are_asked_anew_without_training(tmp_path: Path) -> None:
    _, _, tasks = climbed("cells", tmp_path)
    assert tasks == ["T2", "T3", "T4"]
    more = replace(BUDGET, strips=2)
    record, logged, _ = climbed("cells", tmp_path, more)
    assert logged == []
    assert {result.settings["count"] for result in record.tasks.values()} == {2}


def test_another_recipe_trains_anew_and_forgets_the_old_scores(tmp_path: Path) -> None:
    climbed("softmax", tmp_path)
    plan = make_plan(named("softmax"), replace(BUDGET, epochs=2), FewData(), tmp_path)  # type: ignore[arg-type]
    assert plan.stored_record() is None
    logged: list[str] = []
    assert plan.execute(logged.append).tasks == {}
    assert len(logged) == 2


def test_weights_without_a_record_and_a_record_without_weights_are_not_taken(tmp_path: Path) -> None:
    climbed("softmax", tmp_path)
    data = FewData()
    (tmp_path / "weights.safetensors").unlink()
    assert make_plan(named("softmax"), BUDGET, data, tmp_path).stored_record() is None  # type: ignore[arg-type]
    climbed("softmax", tmp_path)
    (tmp_path / "result.json").unlink()
    assert make_plan(named("softmax"), BUDGET, data, tmp_path).stored_record() is None  # type: ignore[arg-type]
    climbed("softmax", tmp_path)
    make_plan(named("softmax"), BUDGET, data, tmp_path).discard()  # type: ignore[arg-type]
    assert make_plan(named("softmax"), BUDGET, data, tmp_path).stored_record() is None  # type: ignore[arg-type]


def test_a_stopped_detector_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed: list[bool] = []

    def fit(
        name: str, model: Detector, batches: object, validate: object, config: TrainingConfig, run: Path, resume: bool
    ) -> RunProgress:
        """Stopped by Ctrl-C the first two times."""
        resumed.append(resume)
        (run / "last.state").write_text("")
        checkpoint.save(run / "best.safetensors", name, model, {})
        assert config.minutes is not None
        return RunProgress(seconds=60 * config.minutes if len(resumed) > 2 else 1.0)

    monkeypatch.setattr(plans, "fit", fit)
    data = FewData()
    monkeypatch.setattr(data, "scenes", lambda batch_size, seed: ([], {}))
    for budget in (BUDGET, replace(BUDGET, seed=1)):  # of other settings nothing can be gone on from
        with pytest.raises(KeyboardInterrupt):
            make_plan(named("rcnn"), budget, data, tmp_path).execute(print)  # type: ignore[arg-type]
    plan = make_plan(named("rcnn"), replace(BUDGET, seed=1), data, tmp_path)  # type: ignore[arg-type]
    assert plan.stored_record() is None
    record = plan.execute(print)
    assert resumed == [False, False, True]
    assert record.minutes == BUDGET.minutes
    assert plan.stored_record() == record
    assert not (tmp_path / "last.state").exists()


def test_shipped_weights_are_taken_with_the_minutes_of_their_card(tmp_path: Path) -> None:
    plan = make_plan(named("faster-rcnn"), BUDGET, FewData(), tmp_path)  # type: ignore[arg-type]
    assert plan.stored_record() is None
    record = plan.execute(lambda text: None)
    assert record.minutes > 1
    assert plan.stored_record() == record


def test_missing_shipped_weights_are_named(tmp_path: Path) -> None:
    unknown = replace(named("faster-rcnn"), name="slower-rcnn")
    with pytest.raises(WeightsError, match="slower-rcnn"):
        make_plan(unknown, BUDGET, FewData(), tmp_path)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="perceptron"):
        make_plan(replace(named("mlp"), name="perceptron"), BUDGET, FewData(), tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["epochs", "samples", "minutes", "digits", "strips", "scenes"])
def test_no_effort_is_no_effort(field: str) -> None:
    with pytest.raises(OptionError, match=field.replace("scenes", "count")):
        Budget(**{field: 0})


# The table


def filled_rows() -> list[Row]:
    """All rungs, the tenth of which failed, with a figure of their own for every task."""
    rows = []
    for k, rung in enumerate(RUNGS):
        record = RungRecord({}, 1000 * k, k / 2)
        for task in TASKS:
            if rung.attempts(task.key):
                figures = dict.fromkeys(task.figures, (k + 1) / 100)
                record.add(task.key, {}, TaskScore(figures, 3.0 + k, np.zeros((11, 11), np.int64)))
        rows.append(Row(rung, None, "it failed") if rung.number == 10 else Row(rung, record))
    return rows


def test_every_cell_has_a_figure_or_a_dash_with_its_reason() -> None:
    table = tabulate(filled_rows())
    assert set(table.notes) == {
        *{rung.support.limitation for rung in RUNGS if rung.support.limitation},
        *("it failed", "shipped, by its model card"),
    }
    for row, cells in zip(filled_rows(), table.rows, strict=True):
        for task, cell in zip(TASKS, cells[6:], strict=True):
            if cell.startswith(NO_VALUE):
                number = int("".join(str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(sign)) for sign in cell[len(NO_VALUE) :]))
                assert table.notes[number - 1] == row.missing_reason(task)
            else:
                assert float(cell.split(" / ")[0]) == pytest.approx(row.figures(task)[0], abs=0.06)
    mlp = table.rows[1]
    assert mlp[:7] == ("1", "mlp", named("mlp").what, "1,000", "0.50", "4.00", "2.00")
    assert table.rows[-1][5] == "18"


def test_a_figure_of_nothing_is_a_dash_without_a_reason() -> None:
    record = RungRecord({}, 1, 1.0)
    record.add("T6", {}, TaskScore({"exact_lines": math.nan, "AP50": 0.5}, 1.0, np.zeros((11, 11), np.int64)))
    row = tabulate([Row(named("faster-rcnn"), record)]).rows[0]
    assert row[6 + 5] == f"{NO_VALUE} / 50.0"
    assert row[5] == NO_VALUE


def test_text_and_markdown_hold_the_same_cells() -> None:
    table = tabulate(filled_rows())
    below = legend({task.key: (12, 12) for task in TASKS} | {"T1": (1000, 100)})
    assert "1,000 (rungs 9-12: 100) MNIST test digits" in below[1]
    text, page = as_text(table, below), as_markdown(table, below)
    assert len({len(line) for line in page.splitlines()[2:]}) > 1
    for cells in table.rows:
        assert f"| {' | '.join(cells)} |" in page
        assert all(cell in text for cell in cells)
    for line in [*below, *table.notes]:
        assert line in text
        assert line in page
    lines = text.splitlines()
    assert lines[1].replace("─", "").strip() == ""
    assert max(map(len, lines[: len(table.rows) + 2])) <= 200


def test_an_empty_table_is_a_head() -> None:
    table = tabulate([])
    assert table.rows == table.notes == ()
    assert "rung" in as_text(table, [])
    assert "| rung |" in as_markdown(table, [])


def test_the_record_of_the_table_is_whole_and_json() -> None:
    record = json.loads(json.dumps(as_record(filled_rows())))
    assert [entry["name"] for entry in record] == [rung.name for rung in RUNGS]
    for entry, rung in zip(record, RUNGS, strict=True):
        assert entry["shipped"] == (rung.weights_source is WeightsSource.SHIPPED)
        for task in TASKS:
            known = rung.attempts(task.key) and rung.number != 10
            assert ("why_not" not in entry["tasks"][task.key]) == known


def test_pictures_are_drawn_also_of_next_to_nothing(tmp_path: Path) -> None:
    for rows in (filled_rows(), [Row(named("rcnn"), None, "it failed")]):
        draw_table(tmp_path / "table.png", rows, tabulate(rows), ["one line"])
        assert cv2.imread(str(tmp_path / "table.png")) is not None
    image = np.zeros((28, 140, 3), np.uint8)
    draw_strip(tmp_path / "strip.png", image, "123", [StripReading("rung 5", Page(140, 28, ()))])
    assert cv2.imread(str(tmp_path / "strip.png")) is not None
