"""A plot of how the time for one picture grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from detector.benchmark.measure import Measurement
from detector.scoring.plots import save_figure


def save_growth(
    path: Path, by_side: Mapping[str, Mapping[int, Measurement]], by_digits: Mapping[str, Mapping[int, Measurement]]
) -> None:
    """Draw how the milliseconds for one picture grow with its area and with its digits, as a PNG.

    by_side, by_digits: as in `benchmark.inference.Growth`.
    """
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    area, digits = figure.subplots(1, 2)
    for name, measurements in by_side.items():
        _draw_times(area, [side**2 / 1e6 for side in measurements], list(measurements.values()), name)
    for name, measurements in by_digits.items():
        _draw_times(digits, list(measurements), list(measurements.values()), name)
    area.set(title="with its area", xlabel="megapixels", ylabel="ms a picture", xscale="log", yscale="log")
    digits.set(title="with its digits, the area stays", xlabel="digits", ylabel="ms a picture", ylim=(0, None))
    for axes in (area, digits):
        axes.legend()
        axes.grid(alpha=0.3)
    save_figure(figure, path)


def _draw_times(axes: Axes, xs: Sequence[float], measurements: Sequence[Measurement], name: str) -> None:
    """Medians, and bars from quartile to quartile."""
    medians = np.array([measurement.median for measurement in measurements])
    quartiles = np.array([measurement.quartiles for measurement in measurements]).T  # (2, K)
    axes.errorbar(xs, medians, np.abs(quartiles - medians), marker="o", capsize=3, label=name)
