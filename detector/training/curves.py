"""A training run's log as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from detector.files import appearing
from detector.training.runs import read_log

DOTS_PER_INCH = 100
NOT_LOSSES = {"step", "scenes", "seconds", "rate"}


def draw_curves(log: Path, picture: Path) -> None:
    """Losses, smoothed, and AP over the scenes seen, as a PNG."""
    records = read_log(log)
    steps = [r for r in records if "AP" not in r]
    checks = [r for r in records if "AP" in r]
    figure = Figure(figsize=(11, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    if steps:
        scenes = np.array([r["scenes"] for r in steps])
        window = max(1, len(steps) // 50)
        for term in [key for key in steps[0] if key not in NOT_LOSSES]:
            values = np.convolve([r[term] for r in steps], np.ones(window) / window, mode="valid")
            left.plot(scenes[window - 1 :], values, label=term)
        left.set(xlabel="scenes", ylabel="loss", yscale="log")
        left.legend()
    for name in ("AP", "AP50", "AP75"):
        if checks and name in checks[0]:
            right.plot([r["scenes"] for r in checks], [r[name] for r in checks], marker="o", label=name)
            right.legend()
    right.set(xlabel="scenes", ylabel="validation", ylim=(0, 1))
    with appearing(picture, "wb") as file:
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH)
