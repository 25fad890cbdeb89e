"""Show on a picture what was read in it."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import TypeAlias, TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from detector.images import Picture
from detector.rotation import turned_boxes, turned_picture
from detector.types import Digit, Page, Sign

Colour: TypeAlias = tuple[int, int, int]
Box: TypeAlias = tuple[float, float, float, float]
Turnable = TypeVar("Turnable", Digit, Sign)

MIN_DIGIT_PX = 24  # a small picture is enlarged until its digits are about as high, so that labels fit them
MAX_LETTER_PX = 300.0  # height
MAX_FRAME_PX = 4  # thickness of a second frame
MIN_SIDE_PX = 320  # a picture with a shorter longer side is enlarged
MAX_SIDE_PX = 4096  # no picture is enlarged past this longer side
SIGN_COLOUR = (150, 40, 190)


def draw_page(image: Picture, page: Page) -> Picture:
    """A new picture uint8 (H', W', 3): each digit boxed, what it was read as above it, each number underlined.

    Signs have thin boxes of one colour, and what they were read as is below them.
    image: uint8 (H, W, 3) RGB, the picture that the page was read in. It is left as it is. Boxes run from red to green
    with their score. Lines and letters are sized by the height of the digits. A small picture is enlarged by a whole
    factor. One that had to be turned to be read is shown upright.
    """
    image, page = _upright(image, page)
    digits = [digit for line in page.lines for number in line.numbers for digit in number.digits]
    factor = enlargement(image, [digit.box for digit in digits])
    canvas = _scaled(image, factor)
    pen = ImageDraw.Draw(canvas)
    for line in page.lines:
        for number in line.numbers:
            for digit, name in zip(number.digits, number.text, strict=True):
                _draw_digit(pen, digit.box, name, score_colour(digit.score), factor, canvas.height)
            _underline(pen, number.digits, factor)
    usual = median(y1 - y0 for _, y0, _, y1 in (digit.box for digit in digits)) if digits else MIN_DIGIT_PX
    for sign in page.signs:
        _draw_sign(pen, sign, usual * factor, factor)
    return np.array(canvas)


def draw_boxes(
    image: Picture,
    boxes: Sequence[Box],
    names: Sequence[str],
    colours: Sequence[Colour],
    *,
    factor: float = 1,
    framed: Sequence[int] = (),
    frame: Colour = (230, 0, 200),
) -> Picture:
    """A new picture uint8 (H', W', 3), `factor` times the size, with named boxes in it.

    image: uint8 (H, W, 3) RGB, left as it is. boxes: x0, y0, x1, y1 in pixels of it, each with its name and colour.
    framed: indices of the boxes with a second frame around them, of the colour `frame`.
    """
    canvas = _scaled(image, factor)
    pen = ImageDraw.Draw(canvas)
    for i, (box, name, colour) in enumerate(zip(boxes, names, colours, strict=True)):
        width = _draw_digit(pen, box, name, colour, factor, canvas.height)
        if i in framed:
            x0, y0, x1, y1 = (side * factor for side in box)
            line = min(width + 1, MAX_FRAME_PX)
            out = width + line
            pen.rectangle((x0 - out, y0 - out, x1 + out - 1, y1 + out - 1), outline=frame, width=line)
    return np.array(canvas)


def enlargement(image: Picture, boxes: Sequence[Box]) -> int:
    """The whole factor, at least 1, by which a picture and the digits in these boxes are large enough to look at."""
    longer: int = max(image.shape[:2])
    wanted = max(MIN_DIGIT_PX / median(y1 - y0 for _, y0, _, y1 in boxes) if boxes else 1.0, MIN_SIDE_PX / longer)
    return max(1, min(int(np.ceil(wanted)), MAX_SIDE_PX // longer))


def score_colour(score: float) -> Colour:
    """From red at 0 over yellow to green at 1: red, green and blue, 0-255."""
    red, green, blue = colorsys.hsv_to_rgb(min(max(score, 0.0), 1.0) ** 2 / 3, 1.0, 0.85)
    return round(red * 255), round(green * 255), round(blue * 255)


def _upright(image: Picture, page: Page) -> tuple[Picture, Page]:
    """The picture turned as it was read, and the page with boxes in pixels of the turned picture."""
    if not page.turned:
        return image, page

    def turned(one: Turnable) -> Turnable:
        (box,) = turned_boxes(np.array([one.box]), page.turned, page.width, page.height).tolist()
        return replace(one, box=tuple(box))

    lines = tuple(
        replace(line, numbers=tuple(replace(n, digits=tuple(map(turned, n.digits))) for n in line.numbers))
        for line in page.lines
    )
    upright = turned_picture(image, page.turned)
    height, width = upright.shape[:2]
    signs = tuple(map(turned, page.signs))
    return upright, replace(page, width=width, height=height, lines=lines, turned=0, signs=signs)


def _scaled(image: Picture, factor: float) -> Image.Image:
    canvas = Image.fromarray(image)
    if factor == 1:
        return canvas
    width, height = (max(1, round(side * factor)) for side in canvas.size)
    return canvas.resize((width, height), Image.Resampling.LANCZOS)


def _draw_digit(pen: ImageDraw.ImageDraw, box: Box, name: str, colour: Colour, factor: float, bottom: int) -> int:
    """Returns the thickness of the line around the box, pixels."""
    x0, y0, x1, y1 = (side * factor for side in box)
    height = y1 - y0
    width = max(1, round(min(height, 1000) / 24))
    # Around the box, whose x1 and y1 are the first pixels outside it.
    pen.rectangle((x0 - width, y0 - width, x1 + width - 1, y1 + width - 1), outline=colour, width=width)
    size = min(max(9.0, height * 0.45), MAX_LETTER_PX)
    # Above, or below where the edge of the picture leaves no room, or inside a digit as high as the picture.
    above = y0 - 2 * width
    if above >= size:
        anchor, y = "mb", above
    elif y1 + 2 * width + size <= bottom:
        anchor, y = "mt", y1 + 2 * width
    else:
        anchor, y = "mt", y0 + width
    pen.text(
        ((x0 + x1) / 2, y),
        name,
        fill=colour,
        font=ImageFont.load_default(size),
        anchor=anchor,
        stroke_width=max(1, round(size / 10)),
        stroke_fill=(255, 255, 255),
    )
    return width


def _draw_sign(pen: ImageDraw.ImageDraw, sign: Sign, usual: float, factor: float) -> None:
    """A thin box, and the name below it. usual: height of the digits around, pixels of the canvas."""
    x0, y0, x1, y1 = (side * factor for side in sign.box)
    pen.rectangle((x0 - 1, y0 - 1, x1, y1), outline=SIGN_COLOUR, width=1)
    size = min(max(9.0, usual * 0.35), MAX_LETTER_PX)
    pen.text(
        ((x0 + x1) / 2, y1 + 2),
        sign.category,
        fill=SIGN_COLOUR,
        font=ImageFont.load_default(size),
        anchor="mt",
        stroke_width=max(1, round(size / 10)),
        stroke_fill=(255, 255, 255),
    )


def _underline(pen: ImageDraw.ImageDraw, digits: tuple[Digit, ...], factor: int) -> None:
    """A line under a number from its first digit to its last, on slopes too: it shows where numbers are parted."""
    height = median((d.box[3] - d.box[1]) * factor for d in digits)
    width = max(1, round(height / 16))
    (ax0, _, ax1, ay1), (_, _, bx1, by1) = digits[0].box, digits[-1].box
    below = 3 * width
    ends = [(ax0, ay1), (bx1, by1)] if len(digits) > 1 else [(ax0, ay1), (ax1, ay1)]
    pen.line([(x * factor, y * factor + below) for x, y in ends], fill=(30, 90, 220), width=width)
