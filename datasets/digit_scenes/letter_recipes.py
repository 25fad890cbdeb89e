"""Recipes of pages that are mostly no numbers: writing, single words, and printed matter."""

from __future__ import annotations

from dataclasses import replace

from digit_scenes.composed import ComposedRecipe
from digit_scenes.recipe import CameraRecipe, HandRecipe, PageRecipe, PaperRecipe, PenRecipe, TextRecipe

WRITTEN_LETTERS = {"hands": 0.62, "skeletons": 0.1, "sheet-print": 0.12, "print": 0.06, "scripts": 0.1}
"""Weights of sources of letters, where most is written."""
PRINTED_LETTERS = {"sheet-print": 0.65, "print": 0.3, "scripts": 0.05}
"""The same where it is printed."""
PAGES_OF_WRITING = PageRecipe(
    text=TextRecipe(
        digit_heights=(13, 64), line_counts=(1, 8), number_lengths=(1, 4), max_digits=60, blank=0.03, max_clutter=3
    ),
    hand=HandRecipe(steadiness=1.0, joined=0.2, slanted=0.2),
    pen=PenRecipe(redrawn=0.8, embellished=0.3, broken=0.12, faint=0.1),
    paper=PaperRecipe(
        light_on_dark=0.12, patterned=0.1, furnished=0.35, on_desk=0.15, creased=0.12, shown_through=0.12
    ),
    camera=CameraRecipe(
        size=(384, 512),
        max_slope=10,
        max_perspective=0.1,
        spilled=0.2,
        lit=0.5,
        screened=0.06,
        photographed=0.8,
        grey=0.2,
    ),
)
CLEAN = {
    "pen": {"redrawn": 0.0, "broken": 0.0, "faint": 0.0},
    "paper": {"patterned": 0.0, "furnished": 0.0, "on_desk": 0.0, "creased": 0.0, "shown_through": 0.0},
    "camera": {
        "max_slope": 0.0,
        "max_perspective": 0.0,
        "lit": 0.0,
        "screened": 0.0,
        "photographed": 0.25,
        "grey": 0.1,
    },
}
"""What of a page is different where it is drawn on a screen, and never was paper."""


def _clean(recipe: ComposedRecipe, weight: float) -> ComposedRecipe:
    """The same on a screen."""
    return replace(recipe, page=recipe.page.changed(**CLEAN), flat=1.0, weight=weight)


WRITTEN = (
    ComposedRecipe(
        PAGES_OF_WRITING,
        struck=0.04,
        kinds={"paragraphs": 0.45, "letter": 0.15, "listing": 0.2, "jottings": 0.15, "crossword": 0.05},
        letters=WRITTEN_LETTERS,
        own_digits=0.8,
        pens={"hair": 0.15, "usual": 0.75, "felt": 0.1},
        hard=0.03,
    ),
)
WRITING = (*WRITTEN, _clean(WRITTEN[0], 0.08))
"""Pages of words with few numbers or none."""
WORDS = (
    ComposedRecipe(
        PAGES_OF_WRITING.changed(
            text={"digit_heights": (28, 84), "blank": 0.03, "max_clutter": 0},
            pen={"faint": 0.2},
            paper={"light_on_dark": 0.06, "patterned": 0.35, "furnished": 0.1, "on_desk": 0.02},
            camera={"size": (96, 320), "max_slope": 5, "max_perspective": 0.06, "spilled": 0.35, "screened": 0.02},
        ),
        kinds={"lone-words": 0.54, "marks-of-a-pen": 0.16, "value": 0.3},
        letters={"hands": 0.7, "skeletons": 0.12, "sheet-print": 0.1, "print": 0.05, "scripts": 0.03},
        own_digits=0.6,
        pens={"hair": 0.12, "usual": 0.73, "felt": 0.15},
        hard=0.03,
    ),
)
"""Crops of a word or of a mark, of which a few hold a number."""
PRINTED_MATTER = PAGES_OF_WRITING.changed(
    text={"digit_heights": (14, 90), "blank": 0.03, "max_clutter": 2},
    hand={"joined": 0.1, "slanted": 0.1},
    pen={"broken": 0.06, "faint": 0.06},
    paper={"light_on_dark": 0.35, "patterned": 0.06, "furnished": 0.05, "on_desk": 0.35, "textured": 0.3},
    camera={"size": (384, 384), "spilled": 0.12, "screened": 0.1, "max_perspective": 0.12},
)
PRINTED = (
    ComposedRecipe(
        PRINTED_MATTER.changed(paper={"light_on_dark": 0.05, "on_desk": 0.1}),
        struck=0.05,
        kinds={"form": 1.0},
        letters=PRINTED_LETTERS,
        second={"hands": 0.75, "skeletons": 0.25},
        own_digits=0.6,
        weight=0.35,
    ),
    ComposedRecipe(
        PRINTED_MATTER,
        kinds={
            "price-tags": 0.16,
            "package": 0.2,
            "plate": 0.14,
            "sign": 0.2,
            "poster": 0.12,
            "logo": 0.1,
            "keyboard": 0.05,
            "keypad": 0.03,
        },
        letters={"sheet-print": 0.6, "print": 0.25, "hands": 0.12, "scripts": 0.03},
        own_digits=0.85,
        weight=0.65,
    ),
)
LABELS = (*PRINTED, _clean(PRINTED[0], 0.04), _clean(PRINTED[1], 0.12))
"""Printed matter with words, units and numbers: forms filled in by hand, tags, packages, plates, signs and keys."""
