"""What pages with tables and forms look like."""

from __future__ import annotations

from digit_scenes.composed import ComposedRecipe
from digit_scenes.recipe import CameraRecipe, HandRecipe, PageRecipe, PaperRecipe, PenRecipe, TextRecipe

TABLES = (
    ComposedRecipe(
        PageRecipe(
            text=TextRecipe(
                digit_heights=(11, 46),
                line_counts=(1, 6),
                number_lengths=(1, 6),
                max_digits=200,
                blank=0.02,
                max_clutter=2,
                worded=0.5,
            ),
            hand=HandRecipe(steadiness=1.0, joined=0.05, slanted=0.1),
            pen=PenRecipe(redrawn=0.75, embellished=0.15, broken=0.15),
            paper=PaperRecipe(
                light_on_dark=0.12, patterned=0.05, furnished=0.04, on_desk=0.2, creased=0.2, shown_through=0.15
            ),
            camera=CameraRecipe(
                size=(384, 512),
                max_slope=10,
                max_perspective=0.1,
                spilled=0.06,
                lit=0.6,
                screened=0.1,
                photographed=0.8,
                grey=0.1,
            ),
        ),
        kinds={
            "marks": 0.14,
            "logbook": 0.12,
            "prices": 0.08,
            "timetable": 0.07,
            "grid": 0.2,
            "sudoku": 0.1,
            "calendar": 0.05,
            "bingo": 0.05,
            "wordy table": 0.08,
            "combs": 0.11,
        },
        letters={"hands": 0.35, "skeletons": 0.2, "print": 0.25, "sheet-print": 0.2},
    ),
)
"""Numbers in rows and columns: mark sheets, logbooks, price lists, sudokus, and forms with a box for each digit."""
