"""The recipes of composed presets. As other recipes, they never change once weights were trained on them."""

from __future__ import annotations

from digit_scenes.composed import ComposedRecipe
from digit_scenes.recipe import CameraRecipe, HandRecipe, PageRecipe, PaperRecipe, PenRecipe, TextRecipe

HANDS = {"print": 0.03, "sheet-print": 0.02, "skeletons": 0.55, "hands": 0.4}
"""Sources of letters: nearly all of them hands."""
PRINTS = {"print": 0.5, "sheet-print": 0.5}
"""Sources of letters: what forms say."""
HANDS_AND_PRINTS = {"print": 0.07, "sheet-print": 0.05, "skeletons": 0.38, "hands": 0.5}
"""Sources of letters: mostly hands."""
NOTE = PageRecipe(
    text=TextRecipe(
        digit_heights=(14, 110),
        line_counts=(1, 8),
        number_lengths=(1, 6),
        max_digits=60,
        blank=0.05,
        max_clutter=2,
        worded=0.5,
    ),
    hand=HandRecipe(steadiness=0.8, joined=0.1, slanted=0.12),
    pen=PenRecipe(redrawn=0.4, embellished=0.25, faint=0.12, broken=0.08),
    paper=PaperRecipe(
        light_on_dark=0.12, patterned=0.03, furnished=0.5, on_desk=0.12, creased=0.12, shown_through=0.08
    ),
    camera=CameraRecipe(
        size=(384, 384),
        max_slope=8,
        max_perspective=0.06,
        spilled=0.03,
        lit=0.5,
        screened=0.05,
        photographed=0.7,
        grey=0.15,
    ),
)
"""A page of an exercise book, a note, a blackboard."""
SUMS = (
    ComposedRecipe(
        NOTE,
        struck=0.03,
        kinds={
            "equations": 0.26,
            "unknowns": 0.16,
            "column-sum": 0.1,
            "worksheet": 0.06,
            "long-division": 0.07,
            "fractions": 0.08,
            "system": 0.05,
            "powers": 0.05,
            "numbers": 0.09,
            "worded": 0.08,
            "all-digits": 0.05,
            "practice": 0.07,
        },
        letters=HANDS_AND_PRINTS,
        ruled=0.3,
        weight=0.62,
    ),
    ComposedRecipe(
        NOTE.changed(
            text={"digit_heights": (30, 130), "line_counts": (1, 4), "blank": 0.03, "max_clutter": 0},
            pen={"faint": 0.0, "broken": 0.0},
            paper={"light_on_dark": 0.0, "furnished": 0.0, "patterned": 0.0, "creased": 0.0, "shown_through": 0.0},
            camera={"max_slope": 4, "lit": 0.7, "photographed": 0.9},
        ),
        kinds={"equations": 0.5, "unknowns": 0.2, "numbers": 0.1, "fractions": 0.1, "all-digits": 0.1},
        letters=HANDS_AND_PRINTS,
        pens={"usual": 0.5, "felt": 0.5},
        weight=0.14,
    ),
    ComposedRecipe(
        PageRecipe(
            text=TextRecipe(
                digit_heights=(40, 150), line_counts=(1, 2), number_lengths=(1, 3), max_digits=20, blank=0.04
            ),
            hand=HandRecipe(steadiness=1.0),
            pen=PenRecipe(redrawn=0.0, embellished=0.15),
            paper=PaperRecipe(light_on_dark=0.35),
            camera=CameraRecipe(size=(384, 384), max_slope=2, max_perspective=0.0),
        ),
        kinds={"canvas": 0.75, "all-digits": 0.04, "equations": 0.12, "practice": 0.09},
        letters={"skeletons": 0.8, "hands": 0.2},
        own_digits=0.15,
        pens={"hair": 0.15, "usual": 0.5, "felt": 0.35},
        hard=0.5,
        flat=1.0,
        weight=0.24,
    ),
)
"""Arithmetic and algebra: in exercise books and notes, on whiteboards, and drawn on a blank canvas."""

CELL = PageRecipe(
    text=TextRecipe(digit_heights=(24, 64), line_counts=(1, 1), number_lengths=(1, 6), max_digits=20, blank=0.03),
    hand=HandRecipe(steadiness=1.0, joined=0.3, slanted=0.3),
    pen=PenRecipe(redrawn=0.6, embellished=0.3, faint=0.3, broken=0.1),
    paper=PaperRecipe(light_on_dark=0.03, patterned=0.12, furnished=0.15, creased=0.06, shown_through=0.1),
    camera=CameraRecipe(
        size=(80, 288), max_slope=4, max_perspective=0.03, spilled=0.2, lit=0.35, photographed=0.6, grey=0.5
    ),
)
"""A cell of a form."""
RECORDS = (
    ComposedRecipe(
        CELL,
        struck=0.02,
        kinds={"cell": 1.0},
        letters=HANDS,
        second=PRINTS,
        own_digits=0.25,
        pens={"hair": 0.2, "usual": 0.72, "felt": 0.08},
        bordered=0.55,
        ruled=0.2,
        copied=0.35,
    ),
)
"""Single numbers as people fill them in, in wide cells."""
CELLS = (
    ComposedRecipe(
        CELL.changed(
            text={"digit_heights": (14, 34), "number_lengths": (1, 4)},
            pen={"faint": 0.2},
            paper={"creased": 0.0},
            camera={"size": (44, 80), "photographed": 0.5},
        ),
        kinds={"cell": 1.0},
        letters=HANDS,
        second=PRINTS,
        own_digits=0.25,
        pens={"hair": 0.15, "usual": 0.77, "felt": 0.08},
        bordered=0.55,
        ruled=0.2,
        copied=0.3,
    ),
)
"""The same in crops so small that a point is two pixels."""
