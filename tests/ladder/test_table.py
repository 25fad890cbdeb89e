"""The table of the ladder as text, Markdown, JSON and pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.ladder.pictures import StripReading, draw_strip, draw_table
from detector.ladder.record import RungRecord
from detector.ladder.rungs import RUNGS, WeightsSource, choose
from detector.ladder.table import NO_VALUE, Row, as_markdown, as_record, as_text, legend, tabulate
from detector.ladder.tasks import TASKS, TaskScore
from detector.types import Page


def filled_rows() -> list[Row]:
    """All rungs with a different figure for every task; the tenth failed."""
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
    assert mlp[:7] == ("1", "mlp", choose(["mlp"])[0].what, "1,000", "0.50", "4.00", "2.00")
    assert table.rows[-1][5] == "18"


def test_an_undefined_figure_is_a_dash_without_a_reason() -> None:
    record = RungRecord({}, 1, 1.0)
    record.add("T6", {}, TaskScore({"exact_lines": math.nan, "AP50": 0.5}, 1.0, np.zeros((11, 11), np.int64)))
    row = tabulate([Row(choose(["faster-rcnn"])[0], record)]).rows[0]
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


def test_the_table_for_json_has_every_task() -> None:
    record = json.loads(json.dumps(as_record(filled_rows())))
    assert [entry["name"] for entry in record] == [rung.name for rung in RUNGS]
    for entry, rung in zip(record, RUNGS, strict=True):
        assert entry["shipped"] == (rung.weights_source is WeightsSource.SHIPPED)
        for task in TASKS:
            known = rung.attempts(task.key) and rung.number != 10
            assert ("why_not" not in entry["tasks"][task.key]) == known


def test_pictures_are_drawn_also_of_almost_nothing(tmp_path: Path) -> None:
    for rows in (filled_rows(), [Row(choose(["rcnn"])[0], None, "it failed")]):
        draw_table(tmp_path / "table.png", rows, tabulate(rows), ["one line"])
        assert cv2.imread(str(tmp_path / "table.png")) is not None
    image = np.zeros((28, 140, 3), np.uint8)
    draw_strip(tmp_path / "strip.png", image, "123", [StripReading("rung 5", Page(140, 28, ()))])
    assert cv2.imread(str(tmp_path / "strip.png")) is not None
