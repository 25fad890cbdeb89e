"""The ladder as pictures: the table in colour, and one strip as several rungs read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from detector.ladder.table import NO_VALUE, SUPERSCRIPT_DIGITS, Row, Table
from detector.ladder.tasks import TASKS
from detector.scoring.plots import save_figure
from detector.types import Page

RIGHT_COLOUR, WRONG_COLOUR, BOX_COLOUR = "#1a7f37", "#c1121f", "#ffb000"


def draw_table(path: Path, rows: Sequence[Row], table: Table, caption: Sequence[str]) -> None:
    """Draw the scores as coloured cells, a row for each rung. A cell without a score is white."""
    scores = np.full((len(rows), len(TASKS)), np.nan)
    for i, row in enumerate(rows):
        for j, task in enumerate(TASKS):
            scores[i, j] = (row.figures(task) or [np.nan])[0]
    figure = Figure(figsize=(15, 1.6 + 0.42 * len(rows) + 0.2 * len(caption)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(scores, cmap="RdYlGn", vmin=0, vmax=100, aspect="auto", alpha=0.75)
    axes.set_xticks(range(len(TASKS)), [f"{task.key}\n{task.title}" for task in TASKS])
    axes.xaxis.tick_top()
    axes.set_yticks(
        range(len(rows)),
        [f"{cells[0]}  {cells[1]}: {cells[2]}" for cells in table.rows],
    )
    axes.tick_params(length=0)
    first = len(table.head) - len(TASKS)
    for i, cells in enumerate(table.rows):
        for j, text in enumerate(cells[first:]):
            axes.text(j, i, NO_VALUE if text.startswith(NO_VALUE) else text, ha="center", va="center", fontsize=9)
        if rows[i].record:
            costs = f"{cells[3]:>10}  {cells[4].rstrip(SUPERSCRIPT_DIGITS):>6} min  {cells[5]:>5} ms"
            axes.text(len(TASKS) - 0.4, i, costs, va="center", fontsize=9, family="monospace")
    axes.text(len(TASKS) - 0.4, -0.75, "parameters, training, one picture", va="center", fontsize=9)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.supxlabel("\n".join(caption), fontsize=8, x=0.01, ha="left")
    save_figure(figure, path)


@dataclass(frozen=True)
class StripReading:
    """One rung's reading of the strip."""

    name: str
    """Of the rung."""
    page: Page
    """What it read."""


def draw_strip(path: Path, image: np.ndarray, truth: str, readings: Sequence[StripReading]) -> None:
    """Draw one strip uint8 (H, W, 3) for each reading, one above the other: boxes, digits, and the string."""
    figure = Figure(figsize=(9, 0.6 + 1.75 * len(readings)), layout="constrained")
    figure.suptitle(f"One strip, {truth}, as five rungs read it" if len(readings) == 5 else f"One strip, {truth}")
    height, width = image.shape[:2]
    for axes, reading in zip(figure.subplots(len(readings), 1, squeeze=False)[:, 0], readings, strict=True):
        axes.imshow(image, interpolation="nearest", extent=(0, width, height, 0))
        for line in reading.page.lines:
            for number in line.numbers:
                for digit in number.digits:
                    x0, y0, x1, y1 = digit.box
                    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, ec=BOX_COLOUR, lw=1.5))
                    axes.text((x0 + x1) / 2, -0.5, digit.digit, ha="center", va="bottom", color="#9a6700", fontsize=11)
        text = reading.page.text.replace("\n", "").replace(" ", "")
        axes.set_title(f"{reading.name}\n", loc="left", fontsize=11)
        verdict, colour = ("right", RIGHT_COLOUR) if text == truth else ("wrong", WRONG_COLOUR)
        axes.set_title(f"reads {text or 'nothing'}: {verdict}\n", loc="right", fontsize=11, color=colour)
        axes.set(xlim=(-1, width + 1), ylim=(height, -1))
        axes.set_axis_off()
    save_figure(figure, path)
