"""Letters and signs of real hands, from the files of real ink: words of alphabets that few can read, and + - / × ^.

A page is of one person and one alphabet; each Latin letter of what it says stands for one of the alphabet's. Letters
are what a reader of digits must leave alone. So those are left out that anybody would take for digits or signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from digit_scenes.glyphs.digits import SPLITS, Split
from digit_scenes.glyphs.forms.drawn import bend_strokes
from digit_scenes.glyphs.ink_drawing import STEP_HEIGHTS, smooth
from digit_scenes.glyphs.ink_files import Strokes, found, read_drawers, read_pen_ways
from digit_scenes.glyphs.letters import Points, StrokeGlyph

LETTERS_FILE = "omniglot_letters.json"
SIGNS_FILE = "numberpad_one_writer.json"
LIKE_DIGITS_OR_SIGNS = {
    # like 20, 26, 7, 21, 50, 150 ...
    "Balinese": (3, 4, 5, 10, 12, 13, 14, 16, 18, 19, 20),
    # 4 and 9 above all; 3 is a 7, 5 a 3, 7 an I, 8 an 8, 9 a crossed 0, 16 a 0, 22 an x
    "Early_Aramaic": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 22),
    # beta, delta, zeta, theta, iota, lambda, xi, omicron, sigma, upsilon, phi, chi
    "Greek": (2, 4, 6, 8, 9, 11, 14, 15, 18, 20, 21, 22),
    # most end in the stroke of a 7; 21 is =, 24 is /, 33 an x, 37 a 3, 39 and 40 are 11, 42 a 0
    "Japanese_(katakana)": (
        *(1, 2, 4, 8, 9, 12, 14, 16, 20, 21, 22, 24, 27, 30, 33, 35, 36, 37, 38, 39, 40, 42, 43, 45, 46, 47),
    ),
    # strokes with a dash, as 1, 11 and 4; 19 is -, 22 a 7, 27 a 2, 28 and 33 are 0, 29 an 8, 40 a 0 with bars
    "Korean": (*range(5, 14), 15, 16, 17, *range(19, 25), 27, 28, 29, 33, 37, 40),
    # a, b, g, i, l, o, q, s, t, x, y, z
    "Latin": (1, 2, 7, 9, 12, 15, 17, 19, 20, 24, 25, 26),
    # 3, 5 and 6 under a bar, or 3 and 2 before one
    "Sanskrit": (*(2, 5, 6, 7, 9, 10, 11, 12, 13, 14, 17, 18, 19, 21, 23, 26, 27, 29), *range(30, 41), 42),
    # 3 is a 3, 4 and 16 are 0, the others have a 3, a 6 or a 0 in them
    "Tagalog": (3, 4, 7, 10, 11, 12, 13, 14, 16, 17),
}
"""Omniglot's characters that are left out, by alphabet: found by looking at ten drawings of each."""
STEP_OF_LETTERS = 101
"""Letters that follow in Latin are so far apart in an alphabet, as a circle. It divides no count of letters."""
MIN_LETTERS = 6
"""Alphabets of which fewer are left are left out."""
DRAWERS = {"train": slice(0, -4), "val": slice(-4, -2), "test": slice(-2, None)}
"""Whose letters each split has, of an alphabet's drawers."""
SIGN_MIDDLES = {"+": -0.45, "-": -0.45, "/": -0.5, "×": -0.42, "^": -0.85}
"""How high the middle of a sign is over the baseline, in heights of a digit, negative; ? is too much like 7."""
NAMES_IN_FILE = {"×": "x"}
"""What a sign is called in the file, where that is another character."""
SIGN_SHARES = (0.8, 0.9)
"""Where the samples of train and of val end, in shares of a sign's samples."""


@dataclass(frozen=True, eq=False)
class InkLetters:
    """One drawer of an alphabet, and the signs of somebody else."""

    letters: tuple[Strokes, ...]
    """The alphabet's letters, in heights of most of them, the baseline at y = 0; x from where each begins."""
    signs: dict[str, list[Strokes]]
    """Samples of signs, in heights of a digit, in their place over the baseline."""
    key: int
    """Tells which letter stands for which."""
    size: float
    """Height of most letters, in heights of a digit."""
    stretch: float
    """Width of letters, in the drawer's own."""
    slant: float
    """How far the top of a letter leans to the right, relative to its height."""
    unsteadiness: float
    """How far two of the same letter differ, as a multiple of the first edition of drawn digits."""
    printed: bool = False
    stroke: float | None = None

    def glyph(self, rng: np.random.Generator, character: str) -> StrokeGlyph | None:
        """The letter that stands for a Latin one, or a sign. It has no digits."""
        if character.isalpha():
            strokes = self.letters[(ord(character) * STEP_OF_LETTERS + self.key) % len(self.letters)]
            return StrokeGlyph(self._written(rng, strokes, self.size * float(np.exp(rng.normal(0, 0.05)))))
        samples = self.signs.get(character)
        return StrokeGlyph(self._written(rng, samples[int(rng.integers(len(samples)))], 1.0)) if samples else None

    def _written(self, rng: np.random.Generator, strokes: Strokes, size: float) -> tuple[Points, ...]:
        """Strokes as this page has them."""
        wide = np.array([[self.stretch * size, 0.0], [-self.slant * size, size]])  # (x, y) @ wide leans to the right
        ways = bend_strokes(rng, [smooth(stroke, STEP_HEIGHTS)[None] for stroke in strokes], self.unsteadiness)
        return tuple(way[0] @ wide for way in ways)


def _set_on_baseline(letters: list[Strokes]) -> tuple[Strokes, ...]:
    """A drawer's letters in heights of most of them, about where they stand to the line."""
    lows = [np.concatenate(letter).min(0) for letter in letters]
    highs = [np.concatenate(letter).max(0) for letter in letters]
    unit = max(float(np.median([high[1] - low[1] for low, high in zip(lows, highs, strict=True)])), 1.0)
    line = float(np.median([high[1] for high in highs]))
    placed = []
    for letter, low, high in zip(letters, lows, highs, strict=True):
        foot = float(np.clip((high[1] - line) / unit, -0.5, 0.25))  # drawers had no line, and strayed from it
        placed.append(tuple((stroke - (low[0], high[1])) / unit + (0, foot) for stroke in letter))
    return tuple(placed)


def _alphabets(path: Path, split: Split) -> list[tuple[Strokes, ...]]:
    """Letters of each alphabet and drawer of a split."""
    by_alphabet: dict[str, dict[str, list[Strokes]]] = {}
    for name, drawings in sorted(read_drawers(path).items()):
        alphabet, _, number = name.partition("/character")
        if number.isdigit() and int(number) in LIKE_DIGITS_OR_SIGNS.get(alphabet, ()):
            continue
        for drawer in sorted(drawings)[DRAWERS[split]]:
            by_alphabet.setdefault(alphabet, {}).setdefault(drawer, []).append(drawings[drawer])
    return [
        _set_on_baseline(letters)
        for drawers in by_alphabet.values()
        for letters in drawers.values()
        if len(letters) >= MIN_LETTERS
    ]


def _signs(path: Path, split: Split) -> dict[str, list[Strokes]]:
    """Samples of signs of a split, in heights of the same writer's digits."""
    samples = read_pen_ways(path)
    heights = [np.ptp(np.concatenate(sample)[:, 1]) for digit in "023456789" for sample in samples.get(digit, ())]
    unit = max(float(np.median(heights)), 1.0) if heights else 1.0
    signs: dict[str, list[Strokes]] = {}
    for sign, middle in SIGN_MIDDLES.items():
        own = samples.get(NAMES_IN_FILE.get(sign, sign), [])
        ends = [0, *(round(len(own) * share) for share in SIGN_SHARES), len(own)]
        index = SPLITS.index(split)
        for sample in own[ends[index] : ends[index + 1]]:
            low, high = np.concatenate(sample).min(0), np.concatenate(sample).max(0)
            corner = np.array([low[0], (low[1] + high[1]) / 2])
            signs.setdefault(sign, []).append(tuple((stroke - corner) / unit + (0, middle) for stroke in sample))
    return signs


@lru_cache(maxsize=4)
def _read(folder: Path, split: Split) -> tuple[list[tuple[Strokes, ...]], dict[str, list[Strokes]]]:
    """Alphabets and signs of a split that a folder has. Raises DataError where a file is damaged."""
    letters, signs = found(folder, LETTERS_FILE), found(folder, SIGNS_FILE)
    return _alphabets(letters, split) if letters else [], _signs(signs, split) if signs else {}


def has_letters(folder: Path, split: Split) -> bool:
    """Whether a folder of real ink has letters of a split. Raises DataError where a file is damaged."""
    return bool(_read(folder, split)[0])


def ink_letters(rng: np.random.Generator, split: Split, folder: Path) -> InkLetters:
    """A page's hand, of a folder that has letters of the split. No two splits share a drawer."""
    alphabets, signs = _read(folder, split)
    return InkLetters(
        letters=alphabets[int(rng.integers(len(alphabets)))],
        signs=signs,
        key=int(rng.integers(1000)),
        size=float(rng.uniform(0.75, 1.2)),
        stretch=float(np.exp(rng.normal(-0.1, 0.15))),
        slant=float(rng.normal(0.05, 0.1)),
        unsteadiness=float(rng.uniform(0.2, 0.7)),
    )
