"""The tables of README.md and docs/ say what the model cards and the code say; and no line of prose is long."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from detector.benchmark.goals import GOALS, HEAD
from detector.benchmark.measure import Measurement
from detector.ladder.rungs import RUNGS
from detector.ladder.table import tabulate
from detector.ladder.tasks import TASKS
from digit_scenes.category_names import ALIASES
from digit_scenes.presets import PRESETS
from tests.test_architecture import ROWS

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results.md"
DEFAULT_COUNT = 1000
"""Scenes that `evaluate.py` looks at where no --count is named."""
MOST_README_LINES = 150
MOST_README_COLUMNS = 120
MOST_COLUMNS = 160
UNREAD = {".venv", "out", "runs", "build", "node_modules"}
MARKDOWN = [path for path in sorted(ROOT.rglob("*.md")) if not UNREAD & set(path.relative_to(ROOT).parts)]
COLUMNS = {
    "AP50": ("AP50", 3, ""),
    "AP": ("AP", 3, ""),
    "exact lines": ("exact_lines", 1, " %"),
    "character errors": ("cer", 1, " %"),
    "ms": ("ms_per_picture", 0, ""),
}
"""Column of a table -> figure of the model card, decimal places, and unit."""
CARD_ROUNDING = 0.00005
"""Cards are rounded to four decimals, before tables round what was measured."""


def generated(path: Path, name: str) -> str:
    """What stands between <!-- name --> and <!-- /name -->."""
    match = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", path.read_text(encoding="utf-8"), re.DOTALL)
    assert match, f"{path.name} has no block {name}"
    return match[1]


def table(path: Path, name: str) -> list[dict[str, str]]:
    """The rows of the first table of a block, by the heads of their columns."""
    rows = [line.strip().strip("|").split("|") for line in generated(path, name).splitlines() if line.startswith("|")]
    head, _, *body = [[cell.strip() for cell in row] for row in rows]
    return [dict(zip(head, row, strict=True)) for row in body]


def test_names_of_categories_are_those_that_are_known() -> None:
    rows = table(ROOT / "docs" / "training.md", "names")
    told = {row["category"].strip("`"): row["other names of it"].replace("`", "").split(", ") for row in rows}
    assert told == {name: list(words) for name, words in ALIASES.items()}


@pytest.mark.parametrize(("block", "model"), [("figures", "faster-rcnn"), ("baseline", "sliding-window")])
def test_figures_are_those_of_the_model_card(block: str, model: str) -> None:
    card = json.loads((ROOT / "detector" / "weights" / f"{model}.json").read_text(encoding="utf-8"))["figures"]
    rows = table(RESULTS, block)
    assert {row["set"] for row in rows} == set(card)
    for row in rows:
        figures = card[row["set"]]
        for column, (name, places, unit) in COLUMNS.items():
            if row[column] == "-":  # on purpose: the note below the table says why
                continue
            value, factor = figures.get(name), 100 if unit else 1
            assert (row[column] == "") == (value is None)
            if value is not None:
                assert re.fullmatch(rf"\d+(\.\d{{{places}}})?{unit}", row[column])
                apart = abs(float(row[column].removesuffix(unit)) - factor * value)
                assert apart <= 0.5 * 10**-places + factor * CARD_ROUNDING + 1e-9, f"{row['set']}, {column}"
        command = row["command (`python tools/...`)"]
        if row["set"] in PRESETS:
            assert f"--preset {row['set']}" in command
            count = re.search(r"--count (\d+)", command)
            assert figures["pictures"] == (int(count[1]) if count else DEFAULT_COUNT)
        assert ("--model sliding-window" in command) == (model == "sliding-window")


def test_readme_shows_rows_of_the_results() -> None:
    results = {row["set"]: row for row in table(RESULTS, "figures")}
    shown = table(ROOT / "README.md", "figures")
    assert len(shown) == 10
    for row in shown:
        assert row.items() <= results[row["set"]].items()


def test_speeds_are_judged_by_the_goals() -> None:
    rows = table(RESULTS, "speed")
    assert [(row[HEAD[0]], row[HEAD[1]]) for row in rows] == [(goal.what, goal.bound) for goal in GOALS]
    for row, goal in zip(rows, GOALS, strict=True):
        if goal.at_most is None and goal.at_least is None:
            assert row[HEAD[3]] == "-"
            continue
        median = re.match(r"[0-9.]+", row[HEAD[2]])
        assert median
        reached = goal.is_reached_by(Measurement((float(median[0]),), ""))
        assert row[HEAD[3]] == ("yes" if reached else "no"), goal.what


def test_the_ladder_has_the_rungs_of_the_code() -> None:
    path = ROOT / "docs" / "ladder.md"
    rows = table(path, "ladder")
    assert list(rows[0]) == list(tabulate(()).head)
    assert [(row["rung"], row["name"], row["what it is"]) for row in rows] == [
        (str(rung.number), rung.name, rung.what) for rung in RUNGS
    ]
    for task in TASKS:
        assert f"\n{task.key} {task.title}: " in generated(path, "ladder")
    assert len(re.findall(r"^\d+\. ", path.read_text(encoding="utf-8"), re.MULTILINE)) == RUNGS[-1].number


def test_all_presets_are_described() -> None:
    rows = table(ROOT / "docs" / "scenes.md", "presets")
    height_and_width = [preset.size for preset in PRESETS.values()]
    assert [row["preset"] for row in rows] == [f"`{name}`" for name in PRESETS]
    assert [row["pictures"] for row in rows] == [f"{width}x{height}" for height, width in height_and_width]


def test_contributing_has_the_rows_of_the_architecture() -> None:
    unnamed = {"weights", "detector", "__main__"}  # no code, or the ways in
    expected = [", ".join(f"`{name}`" for name in row if name not in unnamed) for row in ROWS]
    rows = table(ROOT / "CONTRIBUTING.md", "imports")
    assert [row["may be imported by the rows below it"] for row in rows] == expected


def prose(text: str) -> list[str]:
    """Lines outside of code and tables, without the targets of their links."""
    outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line.rstrip() for line in outside.splitlines() if not line.startswith("|")]
    return [re.sub(r"\]\([^)\s]*\)|<?https?://\S+", "]", line) for line in lines]


def test_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_README_LINES
    assert [line for line in prose(text) if len(line) > MOST_README_COLUMNS] == []


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_prose_is_wrapped(path: Path) -> None:
    assert [line for line in prose(path.read_text(encoding="utf-8")) if len(line) > MOST_COLUMNS] == []


def test_prose_is_told_from_code_and_tables() -> None:
    text = "a [b](c)\n```sh\nmake\n```\n| d |\n  ```\n  e\n  ```\nf https://g\n"
    assert [line for line in prose(text) if line.strip()] == ["a [b]", "f ]"]
