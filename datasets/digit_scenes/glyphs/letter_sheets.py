"""Letters, digits and signs of open fonts as pictures: sheets that are made once, and read wherever scenes are made.

A sheet has a row a face and a cell a character. Within a face all characters keep their sizes and their places over
the baseline, so that a word set from the cells looks as the font sets it. The fonts themselves are not needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from detector.errors import DataError

FOLDER = Path(__file__).parents[1] / "lettering_fonts"
CELL_PX = 48
"""Width and height of a character's cell."""
MARGIN_PX = 1
"""Left free around the ink of a cell."""
MAX_GAIN = 2.5
"""By which hairlines are made brighter at most: shrunk, they are faint, and a faint line may not count as ink."""
MAX_CAPITAL_PX = 29
"""Greatest height of a face's digits and plain capitals."""
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,-+×÷/=:%()$€£&?!#*[]{}<>'\"@;_°ßæø´`^¨~"  # noqa: RUF001
"""What a row of a sheet of Latin faces shows, from left to right; cells of what a face lacks are blank."""
Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Face:
    """All characters of one hand or print."""

    name: str
    """Of the font."""
    row: int
    """Its row of `digits.png`, -1 for one that has none. See `lettering.face_indices`."""
    origin: float
    """Column of a cell where the pen begins, pixels."""
    baseline: float
    """Row of a cell below which only descenders reach, pixels."""
    small: float
    """Height of an x, pixels."""
    capital: float
    """Height of an H, pixels."""
    cells: dict[str, Picture]
    """Each character's cell, uint8 (CELL_PX, CELL_PX), light on black."""
    advances: dict[str, float]
    """How far the pen goes on for each character, pixels; of a blank, too."""


def _glyph(font: ImageFont.FreeTypeFont, character: str) -> tuple[Picture, float, float]:
    """A character cut to its ink, and where its top left corner lies from the pen's place on the baseline, pixels."""
    x0, y0, x1, y1 = (int(edge) for edge in font.getbbox(character, anchor="ls"))
    picture = Image.new("L", (max(x1 - x0, 1) + 8, max(y1 - y0, 1) + 8))
    ImageDraw.Draw(picture).text((4 - x0, 4 - y0), character, 255, font, anchor="ls")
    x, y, width, height = cv2.boundingRect(np.array(picture))
    return np.array(picture)[y : y + height, x : x + width], x - 4 + x0, y - 4 + y0


def _place(cell: Picture, glyph: Picture, left: float, top: float, origin: float, baseline: float) -> None:
    """Draw a glyph into its cell, in place, to parts of a pixel. One too large is shrunk, one beyond an edge moved."""
    room = CELL_PX - 2 * MARGIN_PX
    shrink = min(1.0, room / glyph.shape[1], room / glyph.shape[0])
    height, width = glyph.shape[0] * shrink, glyph.shape[1] * shrink
    x = min(max(origin + left, MARGIN_PX), CELL_PX - MARGIN_PX - width)
    y = min(max(baseline + top, MARGIN_PX), CELL_PX - MARGIN_PX - height)
    matrix = np.array([[shrink, 0, x + (shrink - 1) / 2], [0, shrink, y + (shrink - 1) / 2]])
    drawn = cv2.warpAffine(glyph, matrix, (CELL_PX, CELL_PX), flags=cv2.INTER_LINEAR)
    cell[:] = cv2.convertScaleAbs(drawn, alpha=min(255 / max(int(drawn.max()), 1), MAX_GAIN))


def make_letter_row(file: Path, characters: str, supported: Sequence[str]) -> tuple[Picture, dict[str, Any]]:
    """A row of a sheet, uint8 (CELL_PX, CELL_PX * characters), and the face's measures as `letters.json` has them.

    supported: the characters of which the font has a glyph. The embedded sheets were made so. Raises DataError for a
    file that is no font.
    """
    try:
        large = ImageFont.truetype(str(file), 256, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise DataError(f"{file}: expected a font that FreeType can open ({error}); leave it out.") from error
    known = [character for character in characters if character in supported]
    boxes = np.array([large.getbbox(character, anchor="ls") for character in known]) / 256  # (characters, 4), ems
    tops, bottoms = -np.sort(boxes[:, 1])[::-1], np.sort(boxes[:, 3])
    common = -(-len(known) * 97 // 100) - 1  # all but a few swashes
    capitals = [-large.getbbox(c, anchor="ls")[1] / 256 for c in "HE0158" if c in supported] or [tops.max()]
    room = CELL_PX - 2 * MARGIN_PX
    size = min(MAX_CAPITAL_PX / float(np.median(capitals)), room / float(np.sort(tops)[common] + bottoms[common]))
    font = ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
    baseline = round(MARGIN_PX + min(float(np.sort(tops)[common]) * size, room), 1)
    origin = round(MARGIN_PX + max(0.0, -float(np.sort(boxes[:, 0])[len(known) * 3 // 100]) * size), 1)
    row = np.zeros((CELL_PX, len(characters), CELL_PX), np.uint8)
    advances = []
    for index, character in enumerate(characters):
        if character not in known:
            advances.append(0.0)
            continue
        glyph, left, top = _glyph(font, character)
        _place(row[:, index], glyph, left, top, origin, baseline)
        advances.append(round(float(large.getlength(character)) * size / 256, 1))
    measures = {"origin": origin, "baseline": baseline, "blank": round(float(large.getlength(" ")) * size / 256, 1)}
    return row.reshape(CELL_PX, -1), measures | {"advances": advances}


def _heights(cells: dict[str, Picture], character: str) -> float:
    """Height of a character's ink, pixels; of the usual one where a face lacks it."""
    if character not in cells:
        return MAX_CAPITAL_PX * (0.6 if character.islower() else 1.0)
    return float(cv2.boundingRect((cells[character] > 100).view(np.uint8))[3])


@lru_cache(maxsize=4)
def load_faces(name: str) -> list[Face]:
    """The faces of the sheet `NAME.png`: "letters" for hands, "prints" for print, "scripts" for other alphabets.

    Raises DataError where a file of it is damaged.
    """
    picture, table = FOLDER / f"{name}.png", FOLDER / f"{name}.json"
    sheet = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    try:
        rows = json.loads(table.read_text(encoding="utf-8"))
        if sheet is None or sheet.shape[0] != CELL_PX * len(rows):
            raise ValueError("another size")
        return [_face(row, sheet[i * CELL_PX : (i + 1) * CELL_PX]) for i, row in enumerate(rows)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{picture}: expected cells of {CELL_PX} pixels for {table.name}; restore both.") from error


def _face(row: dict[str, Any], picture: Picture) -> Face:
    """A face from its row of the table and of the sheet."""
    characters = row.get("characters", CHARACTERS)
    cells = {
        character: np.ascontiguousarray(picture[:, i * CELL_PX : (i + 1) * CELL_PX])
        for i, character in enumerate(characters)
        if row["advances"][i] > 0
    }
    advances = dict(zip(characters, row["advances"], strict=True)) | {" ": row["blank"]}
    sizes = _heights(cells, "x"), _heights(cells, "H")
    return Face(row["name"], row["row"], row["origin"], row["baseline"], *sizes, cells, advances)
