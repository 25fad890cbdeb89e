"""The recipes of presets of numbers alone. A recipe never changes: weights were trained and figures measured on it."""

from __future__ import annotations

from digit_scenes.recipe import CameraRecipe, HandRecipe, PageRecipe, PaperRecipe, PenRecipe, TextRecipe

LINES = PageRecipe(
    text=TextRecipe(digit_heights=(14, 64), line_counts=(1, 4), number_lengths=(1, 10), max_digits=60),
    hand=HandRecipe(steadiness=0.7),
    pen=PenRecipe(redrawn=0.3),
    paper=PaperRecipe(light_on_dark=0.3),
    camera=CameraRecipe(size=(384, 384), max_slope=8, max_perspective=0.04, lit=0.5, photographed=0.3),
)
"""Lines of numbers, in steady hands on plain paper."""
PAPER = PageRecipe(
    text=TextRecipe(
        digit_heights=(11, 130),
        line_counts=(1, 8),
        number_lengths=(1, 10),
        max_digits=60,
        blank=0.06,
        scattered=0.2,
        max_clutter=12,
    ),
    hand=HandRecipe(steadiness=1.0),
    pen=PenRecipe(redrawn=0.75, embellished=0.3),
    paper=PaperRecipe(light_on_dark=0.25, patterned=0.2, furnished=0.5, on_desk=0.15),
    camera=CameraRecipe(size=(512, 512), max_slope=15, max_perspective=0.12, spilled=0.12, lit=0.6, photographed=0.85),
)
"""Whole pages as phones photograph them: rulings, patterns, clutter, scattered digits, a desk."""
AMOUNTS = PageRecipe(
    text=TextRecipe(
        digit_heights=(30, 88), line_counts=(1, 1), number_lengths=(1, 9), max_digits=20, blank=0.02, max_clutter=3
    ),
    hand=HandRecipe(steadiness=1.0),
    pen=PenRecipe(redrawn=0.8, embellished=0.4),
    paper=PaperRecipe(light_on_dark=0.12, patterned=0.55, furnished=0.6, on_desk=0.03),
    camera=CameraRecipe(size=(96, 320), max_slope=5, max_perspective=0.06, spilled=0.4, lit=0.4, photographed=0.8),
)
"""One amount a picture, as in the field of a form or a cheque."""
HANDS = PageRecipe(
    text=TextRecipe(
        digit_heights=(28, 68),
        line_counts=(1, 1),
        number_counts=(1, 1),
        number_lengths=(1, 9),
        max_digits=20,
        blank=0.015,
        max_clutter=2,
    ),
    hand=HandRecipe(steadiness=1.0, joined=0.35, slanted=0.35, separated=0.55),
    pen=PenRecipe(redrawn=0.88),
    paper=PaperRecipe(light_on_dark=0.04, patterned=0.65, furnished=0.3, on_desk=0.02),
    camera=CameraRecipe(
        size=(72, 256), max_slope=4, max_perspective=0.05, spilled=0.35, lit=0.35, photographed=0.8, grey=0.5
    ),
)
"""Amounts in hurried hands: nested, joined, slanted, grouped by threes."""
PAGES = PAPER.changed(
    text={"blank": 0.1, "worded": 0.5},
    hand={"joined": 0.2, "slanted": 0.15, "separated": 0.5},
    pen={"embellished": 0.0},
)
"""Whole pages in hurried hands, with words."""
PLACES = PAGES.changed(
    text={
        "digit_heights": (10, 150),
        "line_counts": (1, 3),
        "number_lengths": (1, 6),
        "blank": 0.45,
        "scattered": 0.08,
        "max_clutter": 14,
    },
    paper={"patterned": 0.1, "furnished": 0.2, "on_desk": 0.9, "textured": 0.85},
    camera={"size": (384, 384), "spilled": 0.0, "max_shrink": 0.65},
)
"""Small pages in pictures of the world, and the world without any digit."""
SCRIPTS = HANDS.changed(
    text={"digit_heights": (24, 68), "number_lengths": (3, 9)},
    hand={"joined": 0.45, "slanted": 0.4},
    pen={"broken": 0.15},
    paper={"creased": 0.1, "shown_through": 0.15},
    camera={"lit": 0.45, "screened": 0.03},
)
"""Amounts on worn paper, in dry pens."""
NOTES = PAGES.changed(
    pen={"broken": 0.2},
    paper={"creased": 0.25, "shown_through": 0.2},
    camera={"screened": 0.12},
)
"""Whole pages on worn paper and on displays."""
SIGNS = PLACES.changed(
    text={"digit_heights": (36, 190), "line_counts": (1, 2), "number_lengths": (1, 4), "blank": 0.2, "max_clutter": 5},
    paper={"on_desk": 0.5},
    camera={"size": (256, 256), "max_shrink": 0.35},
)
"""Few large numbers in pictures of the world."""
HAIRLINES = NOTES.changed(
    text={
        "digit_heights": (36, 210),
        "line_counts": (1, 3),
        "number_lengths": (1, 7),
        "max_digits": 24,
        "blank": 0.03,
        "max_clutter": 4,
    },
    pen={"redrawn": 1.0, "fine": 0.75, "broken": 0.05},
    paper={
        "light_on_dark": 0.3,
        "patterned": 0.1,
        "furnished": 0.2,
        "on_desk": 0.3,
        "creased": 0.1,
        "shown_through": 0.08,
    },
    camera={
        "size": (320, 448),
        "max_slope": 8,
        "max_perspective": 0.08,
        "spilled": 0.05,
        "photographed": 0.7,
        "grey": 0.4,
    },
)
"""Large digits in pens as thin as a hair."""
FREEHAND = SCRIPTS.changed(
    text={"number_lengths": (2, 9)},
    hand={"slanted": 0.5},
    pen={"fine": 0.15},
    paper={"light_on_dark": 0.08, "furnished": 0.35},
)
"""Amounts in thin pens and with a strong slant, also light on dark."""
DRAFTS = FREEHAND.changed(
    text={"digit_heights": (26, 76), "number_lengths": (2, 8)},
    pen={"fine": 0.05, "faint": 0.35, "broken": 0.1},
    paper={"patterned": 0.75},
    camera={"spilled": 0.5, "lit": 0.5},
)
"""Amounts in pale ink, often cut by the picture's border."""
PHONES = HAIRLINES.changed(
    text={"digit_heights": (14, 60), "line_counts": (1, 5), "number_lengths": (4, 13), "max_digits": 70, "blank": 0.02},
    pen={"fine": 0.65, "faint": 0.15},
    paper={"light_on_dark": 0.15, "on_desk": 0.2},
    camera={"size": (320, 512)},
)
"""Long numbers in thin pens."""
LEDGERS = DRAFTS.changed(
    text={"number_lengths": (2, 9)},
    hand={"joined": 0.6, "separated": 0.6, "rounded": 0.5, "alike": 0.6},
    pen={"fine": 0.0, "faint": 0.25, "broken": 0.08},
)
"""Round amounts, joined and separated, whose equal digits are alike."""
INVOICES = LEDGERS.changed(
    text={"digit_heights": (26, 72), "number_lengths": (2, 7)},
    hand={"joined": 0.5, "separated": 0.75, "rounded": 0.35, "alike": 0.5, "ended": 0.85},
    camera={"size": (80, 288)},
)
"""Amounts that end in points and dashes of the same stroke."""
