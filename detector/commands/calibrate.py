"""Turns a detector's scores into chances of being right, and writes how into its weights.

    digit-reader calibrate runs/NAME/best.safetensors
    digit-reader calibrate runs/NAME/best.safetensors --onnx digits.int8.onnx digits.onnx
    digit-reader calibrate weights.safetensors --preset lines paper --count 20                # a small try

What is fitted is fitted on validation scenes. Afterwards the score of a digit, or of a number, is the chance that it is
right, and the threshold for digits is the one at which most numbers are read rightly. The network stays as it is; what
was fitted before is replaced. Run it before figures are measured: it changes what is read, and the weights' checksum.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

import detector
from detector.categories import CATEGORIES
from detector.commands.options import IfGiven, one_of
from detector.errors import DataError, OptionError
from detector.progress import with_bar
from detector.reading.calibration import Calibration, Chance
from detector.reading.reader import Reader
from detector.reading.ruled_gaps import with_rulings
from detector.scoring.calibrating import LabelledDetections, calibrate, claims_with
from detector.scoring.risk import Claims, calibration_error, log_loss, risk_metrics
from digit_scenes import PRESET_NAMES, Scenes
from digit_scenes.category_names import relabelled
from digit_scenes.spacing import spaced_page


@dataclass(frozen=True)
class Args:
    weights: tyro.conf.Positional[Path]
    """Weights file, .safetensors, to fit a calibration for and to write it into."""
    onnx: tuple[Path, ...] = ()
    """The same weights exported, to write it into too; the scenes are read with the first one, which is faster."""
    preset: Annotated[tuple[str, ...], tyro.conf.arg(help=f"Kinds of scenes: {one_of(PRESET_NAMES)}.")] = (
        "invoices",
        "ledgers",
        "drafts",
        "scripts",
        "amounts",
        "lines",
        "notes",
        "places",
        "signs",
        "tables",
        "sums",
        "records",
        "labels",
        "writing",
    )
    count: int = 200
    """How many of each."""
    spaced: int = 3000
    """How many pages of boxes, without a picture, show where numbers begin and end; with 0 a fixed rule parts them."""
    seed: int = 0
    """Another seed gives other scenes."""
    threads: IfGiven[int] = None
    """How many CPU threads to compute with; without it, as many as there are cores."""


def main(args: Args) -> None:
    # Here, because they take seconds, which --help need not wait for.
    from detector.export import onnx as export
    from detector.models import checkpoint

    if args.count < 1:
        raise OptionError(f"--count: expected at least 1 scene of each preset, got {args.count}.")
    if args.spaced < 0:
        raise OptionError(f"--spaced: expected at least 0 pages of boxes, got {args.spaced}.")
    if not args.preset:
        raise OptionError("--preset: expected names of presets, got none; leave it out for the usual ones.")
    name, _, _ = checkpoint.load(args.weights)
    network = detector.load(next(iter(args.onnx), args.weights), model=name, threads=args.threads).model
    pictures = detect_in_scenes(Reader(network, turn=False), args)
    names = network.categories
    before, digits = Calibration(), claims_with(Calibration(), pictures, names)[0]
    if not digits.right.any():
        raise DataError(f"{args.weights}: expected to find digits in {len(pictures)} scenes, got none right; train it.")
    spaced = map(spaced_page, with_bar(range(args.spaced), unit="page"))
    spacing = [LabelledDetections(page.target, page.lines, page.found) for page in spaced]
    after = calibrate(pictures, names, spacing)
    checkpoint.set_extra(args.weights, {"calibration": after.as_json()})
    for path in args.onnx:
        export.set_calibration(path, after)
    print(f"on {len(pictures)} validation scenes of {', '.join(args.preset)}:")
    for title, calibration in (("before", before), ("after", after)):
        print(report(title, *claims_with(calibration, pictures, names)))
    print(
        f"a digit's chance is {formula(after.digit, 'score')}, a number's {formula(after.number, 'product')}, a lone "
        f"digit's {formula(after.alone or after.number, 'product')}; digits are read from {after.min_score:g} on, "
        f"beside a number from {after.in_company(after.min_score):.2g}"
    )
    if after.sign:
        print(f"a sign's chance is {formula(after.sign, 'score')}; signs are read from {after.min_sign_score:g} on")
    print("written to " + " and ".join(map(str, [args.weights, *args.onnx])))


def formula(chance: Chance, what: str) -> str:
    """How a chance follows from a score, as people write it."""
    return f"sigmoid({chance.slope:.3f} * logit({what}) {chance.offset:+.3f})"


def detect_in_scenes(reader: Reader, args: Args) -> list[LabelledDetections]:
    """What the reader finds in each scene, with what is there. Presets take turns."""
    presets = [Scenes(preset, "val", args.seed) for preset in args.preset]
    detected = []
    for index in with_bar(range(args.count * len(presets)), unit="scene"):
        scene = presets[index % len(presets)][index // len(presets)]
        target = relabelled(scene.target, CATEGORIES, reader.categories)
        found = with_rulings(scene.image, reader.detect(scene.image))
        detected.append(LabelledDetections(target, scene.lines, found))
    return detected


def report(title: str, digits: Claims, numbers: Claims) -> str:
    """How far scores are from chances: a line for digits and a line for numbers."""
    rows = []
    for kind, claims in (("digits", digits), ("numbers", numbers)):
        right = f"{int(claims.right.sum())} of {len(claims.scores)} right"
        error = f"calibration error {calibration_error(claims):.4f}, log loss {log_loss(claims):.4f}"
        rows.append(f"{title:<7} {kind:<8} {right:<22} {error}")
    rows[1] += f", {risk_metrics(numbers, None)['coverage_at_95']:.1%} can be read with 95% right"
    return "\n".join(rows)
