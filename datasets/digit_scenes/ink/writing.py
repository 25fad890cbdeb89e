"""Words, written and printed: letters that are no digits, though their loops and strokes alone would be.

A handwritten letter is a row of points that a smooth spline runs through. Joined, the points of a whole word make one
spline, so that each letter bends with its neighbours. Never fewer than three letters in a row: alone, an `l` is a 1.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from digit_scenes.glyphs.fonts import font_files
from digit_scenes.ink.clutter import SIGN_HEIGHT_PX
from digit_scenes.ink.pens import Field

SPLINE_STEPS = 5
"""Steps along a spline from one of its points to the next."""
BLANK_MARGIN_PX = 8
"""Around the ink of a field."""
LOOKALIKES = "bgiloqszBDGIOQSZ"
"""Letters like digits: a word of these alone could be a number."""

# Strokes as points "x,y" in tenths of a small letter's height, y upwards from the baseline. A point given twice is a
# corner. The first stroke of a script letter begins and ends where its neighbours take over; others are dots and bars.
SCRIPT = {
    "a": ["8,8 5,10 2,7 1,3 3,0 6,2 8,9 8,3 10,0 12,2"],
    "b": ["2,6 5,15 5,20 3,20 2,12 2,3 4,0 7,2 8,6 6,9 8,8 11,8"],
    "c": ["8,7 7,10 4,10 1,6 2,1 5,0 9,2 11,3"],
    "d": ["8,8 5,10 2,7 1,3 3,0 6,2 8,9 9,20 8,10 8,3 10,0 12,2"],
    "e": ["1,3 6,5 7,8 5,10 2,7 2,3 4,0 7,1 10,3"],
    "f": ["2,6 6,15 6,20 4,20 3,12 3,0 3,-9 5,-10 6,-4 4,0 9,2"],
    "g": ["8,8 5,10 2,7 1,3 3,0 6,2 8,9 8,-5 5,-10 3,-7 6,-1 11,3"],
    "h": ["2,6 5,15 5,20 3,20 2,10 2,0 3,6 6,9 8,7 8,2 10,0 12,2"],
    "i": ["1,4 3,9 3,3 5,0 7,2", "4,14 4,15"],
    "j": ["2,5 5,9 5,-5 3,-10 1,-7 4,-1 8,3", "6,14 6,15"],
    "k": ["2,6 5,15 5,20 3,20 2,10 2,0 3,6 6,9 7,7 4,5 7,1 9,0 11,2"],
    "l": ["2,5 6,15 6,20 4,20 3,12 3,3 5,0 8,2"],
    "m": ["1,5 2,9 2,0 3,6 5,9 6,7 6,0 7,6 9,9 11,7 11,2 13,0 15,2"],
    "n": ["1,5 2,9 2,0 3,6 6,9 8,7 8,2 10,0 12,2"],
    "o": ["7,8 4,10 1,7 1,3 4,0 7,2 8,6 6,9 8,8 11,9"],
    "p": ["2,6 4,10 3,0 2,-10 3,0 4,7 7,10 9,6 7,1 4,1 8,0 11,2"],
    "q": ["8,8 5,10 2,7 1,3 3,0 6,2 8,9 8,-9 10,-9 10,-3 12,3"],
    "r": ["1,5 3,11 4,8 7,8 7,3 9,0 11,2"],
    "s": ["1,3 5,10 6,8 8,4 7,1 4,0 2,1 6,0 10,3"],
    "t": ["2,5 5,16 4,8 4,3 6,0 9,2", "1,12 9,13"],
    "u": ["1,6 2,9 2,3 4,0 7,3 8,9 8,3 10,0 12,2"],
    "v": ["1,6 3,9 4,5 5,0 7,4 8,9 8,8 11,8"],
    "w": ["1,6 2,9 2,3 4,0 6,3 7,8 7,3 9,0 11,4 12,9 12,8 15,8"],
    "x": ["1,8 3,9 5,5 7,0 10,2", "9,9 2,0"],
    "y": ["1,6 2,9 2,4 4,2 7,4 8,9 8,-5 5,-10 3,-7 6,-1 11,3"],
    "z": ["2,8 5,10 7,8 4,4 7,3 7,-5 4,-10 3,-7 6,-1 11,3"],
}
CAPITALS = {
    "A": ["0,0 6,20 6,20 12,0", "2,7 10,8"],
    "B": ["1,0 1,20 1,20 9,18 8,12 2,11 2,11 11,8 10,1 1,0"],
    "C": ["11,17 6,20 1,14 1,6 6,0 12,3"],
    "D": ["1,0 1,20 1,20 10,17 11,6 6,0 1,0"],
    "E": ["10,20 1,20 1,20 1,0 1,0 10,0", "1,10 8,11"],
    "F": ["10,20 1,20 1,20 1,0", "1,11 8,12"],
    "G": ["11,17 6,20 1,14 1,5 6,0 11,3 11,9 11,9 7,9"],
    "H": ["1,20 1,0", "11,20 11,0", "1,10 11,11"],
    "I": ["3,20 3,0", "0,20 6,20", "0,0 6,0"],
    "J": ["9,20 9,5 5,0 1,3", "4,20 12,20"],
    "K": ["1,20 1,0", "10,20 1,9 1,9 11,0"],
    "L": ["1,20 1,0 1,0 10,0"],
    "M": ["0,0 1,20 1,20 7,6 7,6 13,20 13,20 14,0"],
    "N": ["1,0 1,20 1,20 11,0 11,0 11,20"],
    "O": ["6,20 1,15 1,5 6,0 11,5 11,15 6,20"],
    "P": ["1,0 1,20 1,20 9,19 10,12 1,10"],
    "Q": ["6,20 1,15 1,5 6,0 11,5 11,15 6,20", "7,5 13,-2"],
    "R": ["1,0 1,20 1,20 9,19 10,12 1,10 1,10 11,0"],
    "S": ["10,17 5,20 1,15 10,7 6,0 0,3"],
    "T": ["0,20 12,20", "6,20 6,0"],
    "U": ["1,20 1,5 6,0 11,5 11,20"],
    "V": ["0,20 6,0 6,0 12,20"],
    "W": ["0,20 4,0 4,0 8,15 8,15 12,0 12,0 16,20"],
    "X": ["0,20 11,0", "11,20 0,0"],
    "Y": ["0,20 6,10 6,10 12,20", "6,10 6,0"],
    "Z": ["0,20 11,20 11,20 0,0 0,0 11,0"],
}
WORDS = (
    "and the for not you with from your this date name street city paid sum only order bank account number amount "
    "total page line unit price phone room floor house school class lesson monday friday april june august one two "
    "three four five six seven eight nine ten eleven twelve thirteen fifteen twenty thirty forty fifty sixty seventy "
    "eighty ninety hundred thousand million cents dollars euros rupees francs reais only exactly between hello please "
    "milk eggs bread apples bottle good well soon less all paper book look feel ball sell love glass possible yellow"
)
VOWELS, CONSONANTS = "aeiouaeoye", "bcdfghjklmnpqrstvwxzlrstnhtnrsm"
PUNCTUATION = ".,:;-!?"
Points = NDArray[np.float64]


@lru_cache(maxsize=1)
def _skeletons() -> dict[str, list[Points]]:
    """The strokes of each letter, float64 (N, 2)."""

    def points(row: str) -> Points:
        return np.array([[float(value) for value in point.split(",")] for point in row.split()])

    return {letter: [points(row) for row in rows] for letter, rows in (SCRIPT | CAPITALS).items()}


@lru_cache(maxsize=1)
def _spline_weights() -> NDArray[np.float64]:
    """Weights (SPLINE_STEPS, 4) of the four points around a piece, at each step along it: Catmull and Rom's cubic."""
    t = np.arange(SPLINE_STEPS)[:, None] / SPLINE_STEPS
    return np.hstack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3]) / 2


def _smooth(points: Points) -> Points:
    """The curve through points (N, 2), with SPLINE_STEPS points a piece: (SPLINE_STEPS * (N - 1) + 1, 2)."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    around = np.stack([padded[:-3], padded[1:-2], padded[2:-1], padded[3:]])  # (4, N - 1, 2)
    curve = np.einsum("sk,knd->nsd", _spline_weights(), around).reshape(-1, 2)
    return np.concatenate([curve, points[-1:]])


@lru_cache(maxsize=1)
def _words() -> list[str]:
    return WORDS.split()


def _spelt(rng: np.random.Generator) -> str:
    """A word of three to ten small letters, real or made up; at least half of a made-up one's are unlike any digit."""
    if rng.uniform() < 0.5:
        return _words()[int(rng.integers(len(_words())))]
    while True:
        vowel = rng.uniform() < 0.5
        word = ""
        for pick in rng.integers(0, 1000, int(rng.integers(3, 11))).tolist():
            word += VOWELS[pick % len(VOWELS)] if vowel else CONSONANTS[pick % len(CONSONANTS)]
            vowel = not vowel if pick < 800 else vowel  # at times two of a kind
        if sum(letter not in LOOKALIKES for letter in word) * 2 >= len(word):
            return word


def _strokes(rng: np.random.Generator, word: str, joined: bool, gap: float, wobble: float) -> list[Points]:
    """A word's strokes before they are smoothed, from x = 0 on. gap: between letters. wobble: of each point."""
    strokes: list[Points] = []
    line: list[Points] = []
    cursor = 0.0
    for letter in word:
        skeleton = _skeletons()[letter]
        size = 1 + rng.normal(0, 0.06)
        placed = [(s + rng.normal(0, wobble, s.shape)) * size + (cursor, 0) for s in skeleton]
        cursor += max(float(s[:, 0].max()) for s in skeleton) * size + gap
        script = letter in SCRIPT
        if joined and script:
            line.append(placed[0])
        strokes += placed[1:] if joined and script else placed
    return [np.concatenate(line), *strokes] if line else strokes


def written_words(rng: np.random.Generator) -> Field:
    """One to three words in one hand, uint8 (64, W), ink on 0: joined script, script letter by letter, or capitals."""
    kind, wobble, dense = rng.uniform(), rng.uniform(0.1, 0.7), rng.uniform(-0.5, 1.5)
    capitals, joined = kind > 0.8, kind < 0.6
    gap = dense + (3.0 if capitals else 0.0 if joined else 1.5)
    strokes: list[Points] = []
    start = 0.0
    for _ in range(int(rng.choice(3, p=[0.65, 0.25, 0.1])) + 1):
        word = _spelt(rng)
        word = word.upper() if capitals else word.capitalize() if rng.uniform() < 0.25 else word
        strokes += [stroke + np.array([start, 0]) for stroke in _strokes(rng, word, joined, gap, wobble)]
        start = max(float(stroke[:, 0].max()) for stroke in strokes) + rng.uniform(7, 14)
    lengths = [SPLINE_STEPS * (len(stroke) - 1) + 1 for stroke in strokes]
    curve = np.concatenate([_smooth(stroke) for stroke in strokes])  # all strokes, so that one map bends them all
    x, y = curve[:, 0], -curve[:, 1]
    y = y + rng.uniform(0, 1.5) * np.sin(x / rng.uniform(15, 40) + rng.uniform(0, 6)) + x * rng.normal(0, 0.03)
    x = (x - y * rng.normal(0.25, 0.25)) * rng.uniform(0.75, 1.3)
    x, y = x - x.min(), y - y.min()
    inner = SIGN_HEIGHT_PX - 2 * BLANK_MARGIN_PX
    scale = min(inner / y.max(), 2.8, 640 / x.max()) * rng.uniform(0.75, 1.0)
    x, y = x * scale + BLANK_MARGIN_PX, y * scale + BLANK_MARGIN_PX + (inner - y.max() * scale) / 2
    field = np.zeros((SIGN_HEIGHT_PX, int(np.ceil(x.max())) + BLANK_MARGIN_PX), np.uint8)
    fixed = np.round(np.stack([x, y], 1) * 8).astype(np.int32)[:, None]  # (points, 1, 2)
    thickness = int(np.clip(scale * rng.uniform(0.8, 2.0), 2, 6))
    cv2.polylines(field, np.split(fixed, np.cumsum(lengths)[:-1]), False, 255, thickness, cv2.LINE_AA, 3)
    return _soft(field)


def _soft(field: Field) -> Field:
    """A field with soft edges, which `pens.draw` cuts, and still 255 along its middle lines, however thin."""
    return np.asarray(cv2.convertScaleAbs(cv2.GaussianBlur(field, (0, 0), 1.0), alpha=1.5))


@lru_cache(maxsize=256)
def _font(face: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face), size)


def printed_words(rng: np.random.Generator) -> Field:
    """One to five words in print, with punctuation and without digits, uint8 (64, W), ink on 0."""
    texts = [face for face in font_files() if face.stem != "cmmi10"]  # which has no punctuation
    size = int(rng.integers(18, 46))
    font = _font(texts[int(rng.integers(len(texts)))], size)
    case = (str.lower, str.capitalize, str.upper)[int(rng.choice(3, p=[0.35, 0.35, 0.3]))]
    words = [case(_spelt(rng)) for _ in range(int(rng.integers(1, 2 + 80 // size)))]
    ends = [PUNCTUATION[i] if i < len(PUNCTUATION) else "" for i in rng.integers(0, 20, len(words)).tolist()]
    text = " ".join(word + end for word, end in zip(words, ends, strict=True))
    x0, y0, x1, y1 = font.getbbox(text)
    picture = Image.new("L", (round(x1 - x0) + 2 * BLANK_MARGIN_PX, SIGN_HEIGHT_PX))
    ImageDraw.Draw(picture).text((BLANK_MARGIN_PX - x0, (SIGN_HEIGHT_PX - y0 - y1) // 2), text, 255, font)
    return _soft(np.array(picture))


def any_words(rng: np.random.Generator) -> Field:
    """Words, written or printed."""
    return written_words(rng) if rng.uniform() < 0.55 else printed_words(rng)
