"""Records and plans: what is stored of a rung, what is trained, and what is not trained again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.errors import OptionError, WeightsError
from detector.ladder import plans
from detector.ladder.budget import Budget
from detector.ladder.evaluation import score_tasks
from detector.ladder.plans import make_plan
from detector.ladder.record import RungRecord, load_record
from detector.ladder.rungs import RUNGS, Rung
from detector.ladder.samples import Samples, as_labels
from detector.ladder.tasks import TASKS, Task, TaskScore
from detector.models import checkpoint
from detector.models.base import Detector
from detector.scoring.validation import ValidationSet
from detector.training.fit import TrainingConfig
from detector.training.runs import RunProgress
from detector.types import BatchSource
from tests.ladder.written import Written


def named(name: str) -> Rung:
    return next(rung for rung in RUNGS if rung.name == name)


def some_score(accuracy: float = 0.5) -> TaskScore:
    return TaskScore({"accuracy": accuracy, "nothing": math.nan}, 1.5, np.eye(11, dtype=np.int64))


# Records


def test_a_record_is_loaded_only_for_the_same_settings(tmp_path: Path) -> None:
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

    def scenes(self, batch_size: int, seed: int) -> tuple[BatchSource, dict[str, ValidationSet]]:
        raise AssertionError("not asked for")


BUDGET = Budget(epochs=1, samples=20, digits=5, strips=3, scenes=3)


def climbed(name: str, folder: Path, budget: Budget = BUDGET) -> tuple[RungRecord, list[str], list[str]]:
    """The record, the lines that were logged, and the tasks that were scored."""
    logged: list[str] = []
    data = FewData()
    plan = make_plan(named(name), budget, data, folder)
    record = plan.stored_record() or plan.execute(logged.append)
    tasks = score_tasks(named(name), record, budget, data, folder, lambda task: iter)
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


def test_other_test_images_are_scored_without_training_again(tmp_path: Path) -> None:
    _, _, tasks = climbed("cells", tmp_path)
    assert tasks == ["T2", "T3", "T4"]
    more = replace(BUDGET, strips=2)
    record, logged, _ = climbed("cells", tmp_path, more)
    assert logged == []
    assert {result.settings["count"] for result in record.tasks.values()} == {2}


def test_another_recipe_trains_again_and_drops_the_old_scores(tmp_path: Path) -> None:
    climbed("softmax", tmp_path)
    plan = make_plan(named("softmax"), replace(BUDGET, epochs=2), FewData(), tmp_path)
    assert plan.stored_record() is None
    logged: list[str] = []
    assert plan.execute(logged.append).tasks == {}
    assert len(logged) == 2


def test_weights_without_a_record_and_a_record_without_weights_are_not_used(tmp_path: Path) -> None:
    climbed("softmax", tmp_path)
    data = FewData()
    (tmp_path / "weights.safetensors").unlink()
    assert make_plan(named("softmax"), BUDGET, data, tmp_path).stored_record() is None
    climbed("softmax", tmp_path)
    (tmp_path / "result.json").unlink()
    assert make_plan(named("softmax"), BUDGET, data, tmp_path).stored_record() is None
    climbed("softmax", tmp_path)
    make_plan(named("softmax"), BUDGET, data, tmp_path).discard()
    assert make_plan(named("softmax"), BUDGET, data, tmp_path).stored_record() is None


def test_a_stopped_training_of_a_detector_continues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    for budget in (BUDGET, replace(BUDGET, seed=1)):  # a training of other settings is not continued
        with pytest.raises(KeyboardInterrupt):
            make_plan(named("rcnn"), budget, data, tmp_path).execute(print)
    plan = make_plan(named("rcnn"), replace(BUDGET, seed=1), data, tmp_path)
    assert plan.stored_record() is None
    record = plan.execute(print)
    assert resumed == [False, False, True]
    assert record.minutes == BUDGET.minutes
    assert plan.stored_record() == record
    assert not (tmp_path / "last.state").exists()


def test_shipped_weights_have_the_minutes_of_their_card(tmp_path: Path) -> None:
    plan = make_plan(named("faster-rcnn"), BUDGET, FewData(), tmp_path)
    assert plan.stored_record() is None
    record = plan.execute(lambda text: None)
    assert record.minutes > 1
    assert plan.stored_record() == record


def test_missing_shipped_weights_are_named(tmp_path: Path) -> None:
    unknown = replace(named("faster-rcnn"), name="slower-rcnn")
    with pytest.raises(WeightsError, match="slower-rcnn"):
        make_plan(unknown, BUDGET, FewData(), tmp_path)
    with pytest.raises(OptionError, match="perceptron"):
        make_plan(replace(named("mlp"), name="perceptron"), BUDGET, FewData(), tmp_path)


@pytest.mark.parametrize("field", ["epochs", "samples", "minutes", "digits", "strips", "scenes"])
def test_a_budget_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(OptionError, match=field.replace("scenes", "count")):
        Budget(**{field: 0})
