"""Figures of an evaluation as PNG files. Uses matplotlib's figures without pyplot: no display, no global state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from detector.files import appearing
from detector.scoring.risk import Claims, RiskCurve, bins_of, calibration_error
from detector.types import IntArray

DOTS_PER_INCH = 120

IOU_INDEX = {0.5: 0, 0.75: 5}
"""The index of an IoU threshold in COCO's list of ten."""


def save_pr_curves(path: Path, precision: NDArray[np.float64]) -> None:
    """Draw precision over recall for each digit and for their mean, at IoU 0.5 and 0.75.

    precision: float64 (10, 101, 10), as in `scoring.metrics.CocoScores`. Raises OptionError where the file cannot be
    written.
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    recall = np.linspace(0, 1, precision.shape[1])
    for axes, (iou, index) in zip(figure.subplots(1, 2, sharey=True), IOU_INDEX.items(), strict=True):
        curves = {digit: curve for digit, curve in enumerate(precision[index].T) if curve[0] >= 0}  # each (101,)
        for digit, curve in curves.items():
            axes.plot(recall, curve, lw=1, color=f"C{digit}", label=f"{digit}  {curve.mean():.3f}")
        if curves:
            mean = np.mean(list(curves.values()), axis=0)  # (101,)
            axes.plot(recall, mean, lw=2.5, color="black", label=f"all  {mean.mean():.3f}")
            axes.legend(title="AP", loc="lower left", fontsize=8)
        axes.set(title=f"IoU {iou}", xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
        axes.grid(alpha=0.3)
    save_figure(figure, path)


def save_confusion(path: Path, confusion: IntArray) -> None:
    """Draw a confusion matrix (11, 11), as in `scoring.metrics.DigitScores`. Shades are shares of a row.

    Raises OptionError where the file cannot be written.
    """
    figure = Figure(figsize=(7.5, 7), layout="constrained")
    _draw_confusion(figure.subplots(), confusion)
    save_figure(figure, path)


def save_confusions(path: Path, confusions: Mapping[str, IntArray]) -> None:
    """Draw several confusion matrices, at least one, each under its name; see `save_confusion`."""
    columns = min(len(confusions), 4)
    rows = -(-len(confusions) // columns)
    figure = Figure(figsize=(6.5 * columns, 6.5 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, confusion) in zip(panels, confusions.items(), strict=False):
        _draw_confusion(axes, confusion)
        axes.set_title(name)
    for axes in panels[len(confusions) :]:
        axes.set_axis_off()
    save_figure(figure, path)


def _draw_confusion(axes: Axes, confusion: IntArray) -> None:
    shares = confusion / confusion.sum(1, keepdims=True).clip(min=1)  # (11, 11)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    digits = [str(digit) for digit in range(10)]
    axes.set_xticks(range(11), [*digits, "missed"])
    axes.set_yticks(range(11), [*digits, "invented"])
    axes.set(xlabel="read", ylabel="true")
    for (row, column), count in np.ndenumerate(confusion):
        if count:
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=8, color=colour)


def save_risk_coverage(path: Path, curve: RiskCurve, numbers: Claims, digits: Claims | None) -> None:
    """Draw risk over coverage of the numbers; and, bin by bin, the share that is right over the score.

    curve: that of `numbers`. digits: None where boxes are not known. Raises OptionError where the file cannot be
    written.
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    risk, trust = figure.subplots(1, 2)
    risk.step(curve.coverage, curve.risk, where="post", lw=2, color="C0", label=f"area {curve.area:.3f}")
    for right, colour in ((0.95, "C1"), (0.99, "C2")):
        at = curve.coverage_at(right)
        risk.axhline(1 - right, color=colour, lw=0.8, ls="--")
        risk.plot([at], [1 - right], "o", color=colour, label=f"{right:.0%} right: {at:.1%} are read")
    highest = max(0.1, float(curve.risk.max(initial=0)))
    risk.set(title="numbers, the surest first", xlabel="coverage: share of the numbers that is read")
    risk.set(ylabel="risk: share of those that is wrong", xlim=(0, 1.01), ylim=(0, min(1.01, 1.1 * highest)))
    risk.legend(loc="upper left")
    trust.plot([0, 1], [0, 1], color="black", lw=0.8, ls="--")
    for name, claims, colour in (("digits", digits, "C3"), ("numbers", numbers, "C0")):
        if claims is not None and len(claims.scores):
            bins = bins_of(claims.scores)
            shares = np.array([(claims.scores[bin].mean(), claims.right[bin].mean()) for bin in bins])  # (K, 2)
            trust.plot(*shares.T, marker="o", color=colour, label=f"{name}  {calibration_error(claims):.3f}")
            trust.legend(title="calibration error", loc="upper left")
    trust.set(
        title="is a score a chance?", xlabel="score", ylabel="share that is right", xlim=(0, 1.01), ylim=(0, 1.01)
    )
    for axes in (risk, trust):
        axes.grid(alpha=0.3)
    save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file, whole or not at all. Raises OptionError where it cannot be written."""
    with appearing(path, "wb") as file:
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH)
