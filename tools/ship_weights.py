"""Ship a training run: its best weights in half precision, and their model card in JSON and Markdown.

    python tools/ship_weights.py runs/NAME                             # weights and card, without figures yet
    python tools/calibrate.py W/MODEL.safetensors --onnx W/MODEL.int8.onnx W/MODEL.onnx     # W: detector/weights
    python tools/evaluate.py --preset clean --out out/clean            # figures are measured on what is shipped
    python tools/ship_weights.py runs/LAST --earlier runs/FIRST        # LAST was begun with what FIRST had learned
    python tools/ship_weights.py runs/NAME --figures out/clean out/strips out/lines out/paper

Files go to detector/weights: MODEL.safetensors, .onnx and .int8.onnx (the same, for ONNX Runtime), .json and .md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from detector.commands.entry import run
from detector.export.onnx import export
from detector.export.quantise import RANGE_IMAGE_COUNT, quantise
from detector.models import card, checkpoint
from detector.models.base import rebuilt
from detector.reading.calibration import calibration_of
from detector.reading.loading import WEIGHTS_SUFFIXES
from digit_scenes.stream import images_of_all_presets

WEIGHTS = Path("detector/weights")


@dataclass(frozen=True)
class Args:
    run: tyro.conf.Positional[Path]
    """Folder of the run."""
    figures: tuple[Path, ...] = ()
    """Folders that tools/evaluate.py wrote, one for each set; a row of the card is named after its folder.
    The weights, shipped before, then stay as they are."""
    earlier: tuple[Path, ...] = ()
    """Folders of the runs that this one began with (--init, --adopt), first things first; the card names them too."""
    int8: bool = True
    """Write them in int8, too."""
    goes_on: bool = False
    """The first of these runs began with what is shipped so far: what the card in place tells of its training comes
    first in the new one."""
    note: str | None = None
    """A sentence for the card about what its commands do not tell."""
    mean_with: Path | None = None
    """Folder of one of those runs: what is shipped is halfway between its weights and those of the last one."""
    close_look: Path | None = None
    """Folder of one of those runs, of which the last close look is taken as it is: AP, by which the best weights of a
    run are chosen, hardly feels which digit is which."""
    weights: Path = WEIGHTS
    """Folder to write into."""


def main(args: Args) -> None:
    name, model, extra = checkpoint.load(args.run / "best.safetensors")
    model = rebuilt(model, **model.config.tunable_defaults())  # as they are today, whatever they were in training
    if args.mean_with:
        checkpoint.blend(model, checkpoint.load(args.mean_with / "best.safetensors")[1])
    if args.close_look:
        checkpoint.adopt(model, args.close_look / "last.safetensors", "close_look.")
    target = args.weights / f"{name}.safetensors"
    if not args.figures:  # figures were measured on the file that is there, which stays as it is
        checkpoint.save(target, name, model, extra, half=True)
        export(checkpoint.load(target)[1], target.with_suffix(".onnx"), calibration_of(target, extra))
        if args.int8:
            int8 = target.with_suffix(WEIGHTS_SUFFIXES["int8"])
            quantise(target.with_suffix(".onnx"), int8, images_of_all_presets(RANGE_IMAGE_COUNT))
    trained = card.read_json(target.with_suffix(".json"))["trained"] if args.goes_on or args.figures else None
    if not args.figures:  # and so does what is told of them
        told = {key: str(value) for key in ("mean_with", "close_look", "note") if (value := getattr(args, key))}
        trained = card.training_record([*args.earlier, args.run], trained) | told
    data = target.read_bytes()
    content = card.model_card(checkpoint.load(target)[1], data, trained, card.figures_of(args.figures))
    card.write(args.weights, content)
    print(f"wrote {target} ({len(data) / 1e6:.2f} MB) and its model card, {target.with_suffix('.md')}")


if __name__ == "__main__":
    run(main, Args, __doc__)
