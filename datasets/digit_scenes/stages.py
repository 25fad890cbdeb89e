"""What pages of numbers and composed pages share: where they lie, paper, wear of the ink, light and camera.

Every step draws random numbers, always in its order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from digit_scenes.chance import happens, happens_no_draw_at_zero
from digit_scenes.ink.perspective import PaperPlacement, place_page
from digit_scenes.recipe import CameraRecipe, PageRecipe
from digit_scenes.surface import paper, screens, textures, wear
from digit_scenes.surface.augment import photograph
from digit_scenes.surface.paper import Colour, Colours, Picture
from digit_scenes.surface.sheet import Sheet, blend

Frame = tuple[float, float, float, float]
"""A box of a form on the page: x0, y0, x1, y1, pixels."""
INNER_SPILL = -0.03
"""Spill of a page that lies within the picture: a little smaller than it, see `place_page`."""
BRIGHT_GREY = 120
"""Papers brighter than that, of 255, are light: they let the other side through, and bear deep shadows."""
WHITE_GREY = 200
"""Papers brighter than that, of 255, are white."""
MARGIN_ON_DESK, MARGIN_BEYOND_PICTURE = 0.04, 0.45
"""How far paper goes on beyond the page, relative to it: with its edges in the picture, and far outside."""
MIN_SHADE, MIN_SHADE_LIGHT_ON_DARK = 0.35, 0.6
"""The least that is left of the light; more where ink is lighter than its paper, so that it stays readable."""


def lay_page(rng: np.random.Generator, camera: CameraRecipe) -> PaperPlacement:
    """Where the page lies in the picture."""
    spill = float(rng.uniform(0.02, 0.2)) if happens(rng, camera.spilled) else INNER_SPILL
    if camera.max_shrink:
        spill = -float(rng.uniform(0.0, camera.max_shrink))
    slope = float(rng.uniform(-1, 1)) * camera.max_slope * (1.0 if happens(rng, 0.6) else 0.2)
    return place_page(rng, camera.size, slope, float(rng.uniform(0, camera.max_perspective)), spill)


def choose_colours(rng: np.random.Generator, recipe: PageRecipe) -> Colours:
    """A paper, and an ink that can be told from it."""
    colours = paper.colours(rng, recipe.paper.light_on_dark)
    if not happens_no_draw_at_zero(rng, recipe.pen.faint):
        return colours
    ground, ink = colours
    if ground.mean() > WHITE_GREY:  # light from the side would leave nothing of a pale ink on white paper
        ground = ground * rng.uniform(0.5, 0.85)
    return Colours(ground, paper.faded(rng, ground, ink))


def prepare_paper(
    rng: np.random.Generator,
    recipe: PageRecipe,
    page: PaperPlacement,
    colours: Colours,
    height: float,
    written: bool,
    frames: Callable[[], list[Frame]] | None,
) -> tuple[Picture, PaperPlacement]:
    """The paper before anything is written, with what lies around it, and how far it reaches beyond the page.

    height: of digits, pixels. written: whether anything will stand on it. frames: where form boxes may go, on the page;
    None where there is nothing to be framed.
    """
    size = recipe.camera.size
    world = textures.texture(rng, size) if happens_no_draw_at_zero(rng, recipe.paper.textured) else None
    picture = paper.blank(rng, size, colours.paper) if written or world is None else world
    if happens(rng, recipe.paper.patterned):
        paper.security_pattern(rng, picture, colours)
    if happens(rng, recipe.paper.furnished):
        if frames is None or happens(rng, 0.6):
            paper.rulings(rng, picture, page, colours, height)
        else:
            paper.form_boxes(rng, picture, frames(), page, colours)
    on_desk = happens(rng, recipe.paper.on_desk)
    if on_desk:
        paper.desk(rng, picture, page, world)
    return picture, replace(page, margin=MARGIN_ON_DESK if on_desk else MARGIN_BEYOND_PICTURE)


def wear_strokes(rng: np.random.Generator, recipe: PageRecipe, sheet: Sheet, smallest: float) -> float:
    """Press harder here than there, break strokes, in place. Returns how much the ink covers, up to 1.

    smallest: height of the smallest digit, pixels.
    """
    cover = float(rng.uniform(0.7, 1.0)) if happens(rng, recipe.pen.redrawn) else 1.0
    if happens(rng, recipe.pen.redrawn * 0.4):
        cells = int(rng.choice([4, 10, 24] if recipe.hand.hurried else [6, 40, 120]))
        pressure = cv2.max(cv2.min(0.85 - 0.25 * paper.smooth_field(rng, sheet.size, cells), 1.0), 0.3)
        sheet.written = cv2.multiply(sheet.written, pressure, dtype=cv2.CV_8U)
    if happens_no_draw_at_zero(rng, recipe.pen.broken):
        sheet.written = wear.break_strokes(rng, sheet.written, smallest)
    return cover


def ink_paper(
    rng: np.random.Generator,
    recipe: PageRecipe,
    picture: Picture,
    sheet: Sheet,
    cover: float,
    page: PaperPlacement,
    colours: Colours,
    screened: bool,
) -> Picture:
    """Put the sheet's ink on the paper, and let the paper age: the other side shows through, folds run over the ink.

    cover: how much the ink covers, up to 1. screened: this is a display, which has neither.
    """
    written = cv2.convertScaleAbs(sheet.written, alpha=cover)
    aging = not screened
    if aging and colours.paper.mean() > BRIGHT_GREY and happens_no_draw_at_zero(rng, recipe.paper.shown_through):
        behind = cv2.convertScaleAbs(cv2.max(sheet.written, sheet.clutter), alpha=cover)
        wear.show_through(rng, picture, behind, colours.ink, page)
    ground, ink = colours
    clutter_ink = ink if happens(rng, 0.5) else ground + (ink - ground) * rng.uniform(0.4, 1.0)
    blend(picture, sheet.clutter, clutter_ink)
    blend(picture, written, ink)
    if aging and happens_no_draw_at_zero(rng, recipe.paper.creased):
        picture = wear.crease(rng, picture, page)
    return picture


def take_picture(
    rng: np.random.Generator, camera: CameraRecipe, picture: Picture, ground: Colour, screened: bool, smallest: float
) -> Picture:
    """What light, a display and a camera make of a page.

    ground: the paper's colour. smallest: height of the smallest digit, pixels, by which the loss is bounded.
    """
    if happens(rng, camera.lit):
        picture = paper.light(rng, picture, MIN_SHADE if ground.mean() > BRIGHT_GREY else MIN_SHADE_LIGHT_ON_DARK)
    if screened:
        picture = screens.screen(rng, picture)
    if happens(rng, camera.photographed):
        picture = photograph(rng, picture, smallest)
    if happens_no_draw_at_zero(rng, camera.grey):
        picture = cv2.merge([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)] * 3)
    return picture
