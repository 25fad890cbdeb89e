"""What pages look like: a page recipe is all that tells one preset of pages from another.

A *share* is a probability in [0, 1]. Shares that a recipe leaves out are 0: nothing of the kind happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class TextRecipe:
    """What stands on a page: how many numbers, how large, and what else."""

    digit_heights: tuple[float, float]
    """Lowest and highest digits, pixels; log-uniform over pages."""
    line_counts: tuple[int, int]
    """Fewest and most lines a page."""
    number_lengths: tuple[int, int]
    """Fewest and most digits a number."""
    max_digits: int
    """Most digits a page."""
    number_counts: tuple[int, int] = (1, 4)
    """Fewest and most numbers a line."""
    blank: float = 0.0
    """Share of pages without any digit."""
    scattered: float = 0.0
    """Share of pages whose digits lie anywhere, in no lines."""
    max_clutter: int = 0
    """Most things beside digits, see `ink.clutter`."""
    worded: float = 0.0
    """Share of the clutter that is words, see `ink.writing`."""


@dataclass(frozen=True)
class HandRecipe:
    """How a page's writer sets digits one after the other, see `ink.hand.Hand`."""

    steadiness: float
    """How far hands stray from a steady, upright one: 1 as anybody's do, 0 not at all."""
    joined: float = 0.0
    """Share of hands whose digits touch."""
    slanted: float = 0.0
    """Share of hands with a strong slant."""
    separated: float = 0.0
    """Share of hands that group digits by threes and put signs in and beside numbers."""
    rounded: float = 0.0
    """Share of numbers that end in 0s."""
    alike: float = 0.0
    """Share of hands whose equal digits are all the same one."""
    ended: float = 0.0
    """Share of hands whose points, commas and dashes have the stroke of their digits, see `ink.endings`."""

    @property
    def hurried(self) -> bool:
        """Whether numbers are written as amounts are filled in: nested, and maybe joined, slanted or separated."""
        return self.separated + self.joined + self.slanted > 0


@dataclass(frozen=True)
class PenRecipe:
    """Which pens write, and how they fail."""

    redrawn: float
    """Share of writers whose pen has a thickness of its own, of those who bend digits, and of pale inks."""
    embellished: float = 0.0
    """Share of writers who cross their 7s, flag their 1s and slash their 0s."""
    fine: float = 0.0
    """Share of pens as thin as a hair."""
    faint: float = 0.0
    """Share of inks hardly other than their paper."""
    broken: float = 0.0
    """Share of dry or hollow strokes."""


@dataclass(frozen=True)
class PaperRecipe:
    """What is written on, and what lies around it."""

    light_on_dark: float
    """Share of papers darker than their ink."""
    patterned: float = 0.0
    """Share of papers with a security pattern."""
    furnished: float = 0.0
    """Share of papers with rulings or with boxes around their numbers."""
    on_desk: float = 0.0
    """Share of papers whose edges are seen, with something else beyond."""
    textured: float = 0.0
    """Share of pictures of the world, see `surface.textures`: beyond a page's edges, or alone where it is blank."""
    creased: float = 0.0
    """Share of papers that were folded or crumpled."""
    shown_through: float = 0.0
    """Share of papers through which the writing of the other side is seen."""


@dataclass(frozen=True)
class CameraRecipe:
    """How a page is photographed."""

    size: tuple[int, int]
    """Height and width of the picture, pixels."""
    max_slope: float
    """Most degrees that a page is turned, either way."""
    max_perspective: float
    """Most that a corner moves by perspective, relative to the picture."""
    spilled: float = 0.0
    """Share of pages that reach over the picture's borders, text and all."""
    max_shrink: float = 0.0
    """How much smaller than the picture a page may be, 0 to 1. Above 0, no page spills."""
    lit: float = 0.0
    """Share of pages under uneven light."""
    screened: float = 0.0
    """Share of photographs of displays, which have neither creases nor another side."""
    photographed: float = 0.0
    """Share of pictures with a camera's blur, noise and compression."""
    grey: float = 0.0
    """Share of pictures without colour."""


@dataclass(frozen=True)
class PageRecipe:
    """What pages look like, in the order in which they come about."""

    text: TextRecipe
    """What stands on them."""
    hand: HandRecipe
    """How it is set."""
    pen: PenRecipe
    """What it is written with."""
    paper: PaperRecipe
    """What it is written on."""
    camera: CameraRecipe
    """How it is seen."""

    def changed(self, **records: Mapping[str, Any]) -> PageRecipe:
        """The recipe with other values of some fields: `PAPER.changed(text={"blank": 0.1}, pen={"redrawn": 1.0})`.

        Raises AttributeError for a record and TypeError for a field that a recipe does not have.
        """
        new = {name: replace(getattr(self, name), **fields) for name, fields in records.items()}
        return replace(self, **new)
