"""What pages look like: a page recipe is all that tells one preset of pages from another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageRecipe:
    """What pages look like; probabilities are shares of scenes.

    size: height and width, pixels. heights: of digits, pixels, log-uniform over pages. lines, lengths: fewest and most
    lines a page and digits a number. slope: most degrees either way. perspective: most relative shift of a corner.
    steadiness: see Hand.random. light_on_dark, redrawn, embellished, furnished (rulings, boxes), patterned, desks, lit,
    photographed, spilled (text over the borders), scattered, blank: probabilities. clutter: most things beside digits.
    The rest only later recipes have. numbers: fewest and most a line. separated, joined, slanted: shares of hands, see
    Hand.hurried. grey: of pictures without colour. textured: of pictures of the world, around a page and without one.
    far: how much smaller than the picture the page may be. worded: share of clutter that is words.
    creased (folds, crumples), shown_through (writing of the other side), screened (photographs of displays, which have
    neither), broken (dry or hollow strokes): probabilities. fine: share of pens as thin as a hair. faint: of inks
    hardly other than their paper. rounded: share of numbers that end in 0s. alike: of hands whose equal digits are.
    ended: of hands that put points, commas and dashes with the stroke of their digits, see `endings`.
    """

    size: tuple[int, int]
    heights: tuple[float, float]
    lines: tuple[int, int]
    lengths: tuple[int, int]
    most_digits: int
    slope: float
    perspective: float
    steadiness: float
    light_on_dark: float
    redrawn: float
    embellished: float
    furnished: float
    patterned: float
    desks: float
    lit: float
    photographed: float
    spilled: float
    scattered: float
    blank: float
    clutter: int
    numbers: tuple[int, int] = (1, 4)
    separated: float = 0.0
    joined: float = 0.0
    slanted: float = 0.0
    grey: float = 0.0
    textured: float = 0.0
    far: float = 0.0
    worded: float = 0.0
    creased: float = 0.0
    shown_through: float = 0.0
    screened: float = 0.0
    broken: float = 0.0
    fine: float = 0.0
    faint: float = 0.0
    rounded: float = 0.0
    alike: float = 0.0
    ended: float = 0.0

    @property
    def hurried(self) -> bool:
        """Whether its numbers are written as amounts are."""
        return self.separated + self.joined + self.slanted > 0
