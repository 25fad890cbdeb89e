"""Draw the pictures in examples/, with MNIST test digits that no detector has learned from.

    python tools/make_examples.py                    # into examples/
    python tools/make_examples.py --out /tmp/some    # elsewhere

Beside the pictures it writes truth.csv, so that they can be scored:

    python tools/evaluate.py --lines examples/truth.csv
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from detector.commands.entry import run
from digit_scenes.glyphs.digits import load_digits
from digit_scenes.presets import PAPER
from digit_scenes.recipe import PageRecipe
from digit_scenes.scene import Scene, page_scene

_CALM = replace(
    PAPER,
    scattered=0,
    blank=0,
    spilled=0,
    desks=0,
    patterned=0,
    perspective=0.03,
    light_on_dark=0,
    clutter=0,
    slope=2,
    furnished=0,
)
EXAMPLES: dict[str, PageRecipe] = {
    "page.jpg": replace(_CALM, size=(720, 960), heights=(44, 50), lines=(5, 6), furnished=1, lit=1, clutter=4),
    "tilted.jpg": replace(_CALM, size=(420, 800), heights=(62, 70), lines=(1, 1), slope=14, lengths=(6, 9), lit=1),
    "light_on_dark.png": replace(_CALM, size=(480, 640), heights=(52, 60), lines=(3, 3), light_on_dark=1),
    "large.jpg": replace(
        _CALM, size=(2400, 3200), heights=(30, 34), lines=(7, 9), most_digits=110, photographed=0, lit=1
    ),
    "no_digits.jpg": replace(
        PAPER, size=(480, 640), heights=(40, 60), blank=1, clutter=0, patterned=0, light_on_dark=0, desks=0
    ),
}


@dataclass(frozen=True)
class Args:
    out: Path = Path("examples")
    """Folder to write into."""
    seed: int = 2
    """Another seed draws other pictures of the same kinds."""


def draw(name: str, recipe: PageRecipe, seed: int) -> Scene:
    """The first scene of a recipe that is what its name says: enough lines, every digit whole, a slope one can see."""
    digits = load_digits("test")
    for attempt in range(10_000):
        scene = page_scene(np.random.default_rng((seed, *name.encode(), attempt)), digits, recipe)
        ys = scene.target.boxes[:, 1::2].mean(1)
        tilted = name != "tilted.jpg" or (len(ys) > 5 and abs(ys[-1] - ys[0]) > 110)
        if scene.lines is not None and len(scene.lines) >= recipe.lines[0] * (not recipe.blank) and tilted:
            return scene
    raise AssertionError(f"no scene for {name}")


def main(args: Args) -> None:
    args.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, recipe in EXAMPLES.items():
        scene = draw(name, recipe, args.seed)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 88] if name.endswith(".jpg") else []
        _, data = cv2.imencode(Path(name).suffix, scene.image[..., ::-1], quality)
        (args.out / name).write_bytes(data.tobytes())
        rows.append({"file": name, "lines": "|".join(scene.lines or ())})
        print(f"{args.out / name}: {len(data) // 1024} kB, {' | '.join(scene.lines or ()) or 'no digits'}")
    with (args.out / "truth.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "lines"])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    run(main, Args, __doc__)
