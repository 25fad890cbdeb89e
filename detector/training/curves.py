"""A training run's log as a figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from detector.files import appearing
from detector.training.runs import read_log

DOTS_PER_INCH = 100
NOT_LOSSES = {"step", "scenes", "seconds", "rate"}
"""What else a step's record has; all other keys are terms of the loss."""


def draw_curves(log: Path, picture: Path) -> None:
    """Draw the losses, smoothed, and the AP of validations over the scenes trained on, as a PNG file.

    log: a run's log.jsonl. Raises OptionError where the picture cannot be written.
    """
    records = read_log(log)
    steps = [record for record in records if "AP" not in record]
    validations = [record for record in records if "AP" in record]
    figure = Figure(figsize=(11, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    if steps:
        scenes = np.array([record["scenes"] for record in steps])
        window = max(1, len(steps) // 50)
        for term in [key for key in steps[0] if key not in NOT_LOSSES]:
            means = np.convolve([record[term] for record in steps], np.ones(window) / window, mode="valid")
            left.plot(scenes[window - 1 :], means, label=term)
        left.set(xlabel="scenes", ylabel="loss", yscale="log")
        left.legend()
    for name in ("AP", "AP50", "AP75"):
        if validations and name in validations[0]:
            right.plot(
                [record["scenes"] for record in validations],
                [record[name] for record in validations],
                marker="o",
                label=name,
            )
            right.legend()
    right.set(xlabel="scenes", ylabel="validation", ylim=(0, 1))
    with appearing(picture, "wb") as file:
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH)
