"""The clock, the machine, and the goals with their tables."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from detector.benchmark.goals import GOALS, HEAD, Goal, Report, as_markdown, as_text, goal_rows, section_text
from detector.benchmark.machine import describe, processor, was_busy
from detector.benchmark.measure import Measurement, time_in_turns

POSITIVE = st.floats(0.001, 1000)


def measurement(value: float, unit: str = "times") -> Measurement:
    return Measurement((value,), unit)


def report(**sections: dict[str, Measurement]) -> Report:
    return Report({"processor": "a fast one"}, {"repeats": 1}, True, sections)


def outcomes(found: Report) -> list[str]:
    return [row[3] for row in goal_rows(found)]


# The clock


@given(st.lists(POSITIVE, min_size=1, max_size=30))
def test_a_median_lies_between_its_quartiles(samples: list[float]) -> None:
    low, high = Measurement(tuple(samples), "ms").quartiles
    assert min(samples) <= low <= Measurement(tuple(samples), "ms").median <= high <= max(samples)


@given(st.lists(st.tuples(POSITIVE, POSITIVE, POSITIVE), min_size=1, max_size=20))
def test_a_ratio_is_free_of_what_slows_both_down(turns: list[tuple[float, float, float]]) -> None:
    ours, theirs = Measurement(tuple(a for a, _, _ in turns), "ms"), Measurement(tuple(b for _, b, _ in turns), "ms")
    slowed = [Measurement(tuple(t[i] * t[2] for t in turns), "ms") for i in (0, 1)]
    assert np.allclose(slowed[0].ratio_to(slowed[1]).samples, ours.ratio_to(theirs).samples)
    assert ours.ratio_to(ours) == Measurement((1.0,) * len(turns), "times")


def test_a_measurement_as_text_and_json() -> None:
    assert str(Measurement((1.0, 2.0, 3.0, 4.0, 5.0), "ms")) == "3.00 (2.00 to 4.00)"
    assert str(measurement(0.123)) == "0.12"
    assert str(Measurement((12345.6, 12345.6), "ms")) == "12,346 (12,346 to 12,346)"
    assert Measurement((500.0,), "ms").per_second(16, "scenes/s") == Measurement((32.0,), "scenes/s")
    assert Measurement((1.0, 3.0), "ms").as_json() == {
        "median": 2.0,
        "quartiles": [1.5, 2.5],
        "unit": "ms",
        "samples": [1.0, 3.0],
    }


@pytest.mark.parametrize(("settle", "once"), [(True, "aaabbb"), (False, "ab")])
def test_contenders_take_turns(settle: bool, once: str) -> None:
    calls: list[tuple[str, int]] = []
    waits: list[int] = []
    times = time_in_turns(
        {"a": lambda turn: calls.append(("a", turn)), "b": lambda turn: calls.append(("b", turn))},
        2,
        lambda: waits.append(len(calls)),
        settle,
        warm_up=1,
    )
    assert "".join(name for name, _ in calls) == "ab" + 2 * once
    assert {turn for _, turn in calls[2 : 2 + len(once)]} == {0}
    assert {turn for _, turn in calls[2 + len(once) :]} == {1}
    assert len(waits) == (12 if settle else 8), "before and after each that counts, and before a rest"
    assert [len(measurement.samples) for measurement in times.values()] == [2, 2]


def test_a_longer_call_takes_longer() -> None:
    times = time_in_turns({"short": lambda turn: None, "long": lambda turn: time.sleep(0.01)}, 3)
    assert times["long"].ratio_to(times["short"]).median > 1
    assert min(times["long"].samples) >= 10


def test_the_machine(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: Fast: 9000\n\nprocessor : 1\nmodel name : other\n")
    assert processor(info) == "Fast: 9000"
    assert processor(tmp_path / "none")
    described = describe(3)
    assert described["threads"] == "3"
    assert described["torch"] == torch.__version__.split("+")[0] or described["torch"] == torch.__version__
    assert all(isinstance(value, str) and value for value in described.values())
    assert was_busy({"load before": "1.1", "cores": "2"})
    assert not was_busy({"load before": "0.9", "cores": "2"})
    assert not was_busy({"cores": "1"})


# Goals


def test_without_measurements_no_goal_is_judged() -> None:
    rows = goal_rows(report())
    assert len(rows) == len(GOALS)
    assert {row[2:] for row in rows} == {("not measured", "-")}


@pytest.mark.parametrize(
    "goal", [goal for goal in GOALS if goal.at_most or goal.at_least], ids=lambda goal: goal.measurements[0]
)
def test_a_bound_is_reached_or_missed(goal: Goal) -> None:
    index, name, bound = GOALS.index(goal), goal.measurements[0], goal.at_most or goal.at_least
    assert bound is not None
    assert f"{bound:g}" in goal.bound
    assert ("least" in goal.bound) == (goal.at_least is not None)
    for factor, verdict in ((0.9, goal.at_most), (1, True), (1.1, goal.at_least)):
        found = report(**{goal.section: {name: measurement(bound * factor)}})
        assert outcomes(found)[index] == ("yes" if verdict else "no")
        found.full_size = False
        assert outcomes(found)[index] == "-"


def test_a_goal_without_a_bound_shows_figures() -> None:
    goal = next(goal for goal in GOALS if goal.at_most is None and goal.at_least is None)
    found = report(**{goal.section: {name: measurement(1.5) for name in goal.measurements}})
    shown, verdict = goal_rows(found)[GOALS.index(goal)][2:]
    assert all(name in shown for name in goal.measurements)
    assert verdict == "-"


def test_tables_and_json() -> None:
    found = report(read={"peak memory": measurement(1.2, "GB"), "folder / one at a time": measurement(2.5)})
    found.skipped["peers"] = ["YOLO11n: not here"]
    rows = goal_rows(found)
    table = as_markdown(rows).splitlines()
    assert len(table) == 2 + len(GOALS)
    assert all(line.startswith("| ") and line.count("|") == 1 + len(HEAD) for line in table)
    assert "1.20 GB" in as_markdown(rows)
    assert len(as_text(rows).splitlines()) == 1 + len(GOALS)
    lines = section_text(found.sections["read"]).splitlines()
    assert [line.split("  ")[1] for line in lines] == ["folder / one at a time", "peak memory"], "ratios first"
    assert section_text({}) == ""
    record = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert record["sections"]["read"]["peak memory"]["median"] == 1.2
    assert [goal["what"] for goal in record["goals"]] == [goal.what for goal in GOALS]
    assert record["skipped"] == found.skipped
