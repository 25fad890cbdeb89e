"""Draw the pictures in examples/, with MNIST test digits that no detector has learned from.

    python tools/make_examples.py                    # into examples/
    python tools/make_examples.py --out /tmp/some    # elsewhere

Beside the pictures it writes truth.csv, so that they can be scored:

    python tools/evaluate.py --lines examples/truth.csv
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from detector.commands.entry import run
from digit_scenes.glyphs.digits import load_digits
from digit_scenes.page_recipes import PAPER
from digit_scenes.recipe import PageRecipe
from digit_scenes.scene import Scene, page_scene

_CALM = PAPER.changed(
    text={"blank": 0.0, "scattered": 0.0, "max_clutter": 0},
    paper={"light_on_dark": 0.0, "patterned": 0.0, "furnished": 0.0, "on_desk": 0.0},
    camera={"max_slope": 2, "max_perspective": 0.03, "spilled": 0.0},
)
EXAMPLES: dict[str, PageRecipe] = {
    "page.jpg": _CALM.changed(
        text={"digit_heights": (44, 50), "line_counts": (5, 6), "max_clutter": 4},
        paper={"furnished": 1.0},
        camera={"size": (720, 960), "lit": 1.0},
    ),
    "tilted.jpg": _CALM.changed(
        text={"digit_heights": (62, 70), "line_counts": (1, 1), "number_lengths": (6, 9)},
        camera={"size": (420, 800), "max_slope": 14, "lit": 1.0},
    ),
    "light_on_dark.png": _CALM.changed(
        text={"digit_heights": (52, 60), "line_counts": (3, 3)},
        paper={"light_on_dark": 1.0},
        camera={"size": (480, 640)},
    ),
    "large.jpg": _CALM.changed(
        text={"digit_heights": (30, 34), "line_counts": (7, 9), "max_digits": 110},
        camera={"size": (2400, 3200), "lit": 1.0, "photographed": 0.0},
    ),
    "no_digits.jpg": PAPER.changed(
        text={"digit_heights": (40, 60), "blank": 1.0, "max_clutter": 0},
        paper={"light_on_dark": 0.0, "patterned": 0.0, "on_desk": 0.0},
        camera={"size": (480, 640)},
    ),
}


@dataclass(frozen=True)
class Args:
    out: Path = Path("examples")
    """Folder to write into."""
    seed: int = 2
    """Another seed draws other pictures of the same kinds."""


def draw(name: str, recipe: PageRecipe, seed: int) -> Scene:
    """The first scene of a recipe with enough lines, every digit whole, and for tilted.jpg a slope that one can see."""
    digits = load_digits("test")
    for attempt in range(10_000):
        scene = page_scene(np.random.default_rng((seed, *name.encode(), attempt)), digits, recipe)
        ys = scene.target.boxes[:, 1::2].mean(1)
        tilted = name != "tilted.jpg" or (len(ys) > 5 and abs(ys[-1] - ys[0]) > 110)
        if (
            scene.lines is not None
            and len(scene.lines) >= recipe.text.line_counts[0] * (not recipe.text.blank)
            and tilted
        ):
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
