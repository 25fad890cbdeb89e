"""Ship a training run: its best weights in half precision, and their model card in JSON and Markdown.

    python tools/ship_weights.py runs/NAME                             # weights and card, without figures yet
    python tools/calibrate.py W/MODEL.safetensors --onnx W/MODEL.int8.onnx W/MODEL.onnx     # W: detector/weights
    python tools/evaluate.py --preset clean --out out/clean            # figures are measured on what is shipped
    python tools/ship_weights.py runs/LAST --earlier runs/FIRST        # LAST was begun with what FIRST had learned
    python tools/ship_weights.py runs/NAME --figures out/clean out/strips out/lines out/paper

Files go to detector/weights: MODEL.safetensors, .onnx and .int8.onnx (the same, for ONNX Runtime), .json and .md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro

from detector.commands.entry import run
from detector.errors import DataError, WeightsError
from detector.export.onnx import export
from detector.export.quantise import RANGE_IMAGE_COUNT, quantise
from detector.files import appearing, write_json
from detector.models import checkpoint
from detector.models.base import Detector, rebuilt
from detector.reading.calibration import calibration_of
from detector.reading.loading import WEIGHTS_SUFFIXES
from digit_scenes.stream import assorted

WEIGHTS = Path("detector/weights")
SHOWN = (
    "pictures",
    "AP",
    "AP50",
    "AP75",
    "exact_lines",
    "exact_lines_spaced",
    "exact_pictures",
    "cer",
    "coverage_at_95",
    "ms_per_picture",
)

IN_USE = (
    "proposals_before_nms",
    "proposal_nms",
    "proposal_threshold",
    "score_threshold",
    "nms_threshold",
    "inside_threshold",
    "second_look",
    "close_samples",
    "sizes",
    "scales_per_octave",
    "same_height",
    "vote_threshold",
    "most_windows",
)

TAKEN = {
    "mean_with": "Each weight is the mean of the last one's and of that of {} (Wortsman et al., 2022).",
    "close_look": "The close look is that of {}.",
}


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


def read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: expected a JSON file of a run or an evaluation ({error}); check the folder."
        ) from error


def command(args: dict[str, Any]) -> str:
    """The training command, with what was not left at its default."""
    words = ["python tools/train_detector.py"]
    for name, value in args.items():
        if value is not None and name not in ("resume", "name", "threads"):
            value = " ".join(map(str, value)) if isinstance(value, list) else value
            flag = "--" + name.replace("_", "-")
            words.append(
                (flag if value else flag.replace("--", "--no-")) if isinstance(value, bool) else f"{flag} {value}"
            )
    return " ".join(words)


def training(runs: Sequence[Path], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the card tells of these runs, each begun with the weights of the one before it.

    before: what an earlier card told of the training of what the first one began with.
    """
    configs = [read_json(run / "config.json") for run in runs]
    extras = [checkpoint.extra_of(run / "best.safetensors") for run in runs]
    earlier = [before] if before else []

    def all_of(name: str) -> str:
        return ", then ".join(dict.fromkeys(str(config[name]) for config in [*earlier, *configs]))

    commands = [str(card["command"]) for card in earlier] + [command(config["args"]) for config in configs]
    return {
        "scenes": sum(told["scenes"] for told in [*earlier, *extras]),
        "minutes": round(sum(card["minutes"] for card in earlier) + sum(e["seconds"] for e in extras) / 60, 1),
        "machine": all_of("machine"),
        "commit": all_of("commit"),
        "command": ", then ".join(commands),
        "data": "MNIST training digits in synthetic scenes; no real picture",
        "torch": all_of("torch"),
    }


def markdown(card: dict[str, Any]) -> str:
    """The card for people."""
    trained = card["trained"]
    rows = [
        f"| {name} | " + " | ".join(str(row.get(key, "")) for key in SHOWN) + " |"
        for name, row in card["figures"].items()
    ]
    table = ["| set | " + " | ".join(SHOWN) + " |", "|---" * (len(SHOWN) + 1) + "|", *rows]
    return "\n".join(
        [
            f"# {card['model']}",
            "",
            f"{card['parameters']:,} parameters, {card['bytes'] / 1e6:.1f} MB (float16), SHA-256 `{card['sha256']}`.",
            "",
            f"Trained on {trained['scenes']:,} synthetic scenes of training digits alone, in "
            f"{trained['minutes']} minutes on {trained['machine']}, at commit `{trained['commit']}`, by",
            "",
            f"    {trained['command']}",
            "",
            *[line for key, said in TAKEN.items() if key in trained for line in (said.format(f"`{trained[key]}`"), "")],
            *([trained["note"], ""] if "note" in trained else []),
            "No real picture was trained on. Figures, on these very weights with default settings (each set: the first "
            "test scenes of seed 0, drawn with MNIST test digits, unless named otherwise; milliseconds to read one, by "
            "the machine that measured them):",
            "",
            *table,
            "",
            "Meant for: reading numbers, written by hand or printed, on paper, signs or screens. Not meant for: "
            "letters, or any decision that nobody checks.",
            "",
        ]
    )


def blend(model: Detector, other: Detector) -> None:
    """Move a model halfway to another of its kind, which it began with.

    It keeps much of what either has learned: Wortsman et al., "Robust fine-tuning of zero-shot models" (2022). Raises
    WeightsError where they are not of one kind.
    """
    theirs = other.state_dict()
    own = model.state_dict()
    if own.keys() != theirs.keys() or any(own[name].shape != theirs[name].shape for name in own):
        raise WeightsError("--mean-with: expected a run of the same design, got another one; leave it out.")
    model.load_state_dict({name: (t + theirs[name]) / 2 if t.is_floating_point() else t for name, t in own.items()})


def main(args: Args) -> None:
    name, model, extra = checkpoint.load(args.run / "best.safetensors")
    # What only matters in use is as the code has it today, whatever it was when training began.
    current = type(model.config)()
    model = rebuilt(model, **{key: getattr(current, key) for key in IN_USE if hasattr(current, key)})
    if args.mean_with:
        blend(model, checkpoint.load(args.mean_with / "best.safetensors")[1])
    if args.close_look:
        checkpoint.adopt(model, args.close_look / "last.safetensors", "close_look.")
    target = args.weights / f"{name}.safetensors"
    if not args.figures:  # figures were measured on the file that is there, which stays as it is
        checkpoint.save(target, name, model, extra, half=True)
        calibration = calibration_of(target, extra)
        export(checkpoint.load(target)[1], target.with_suffix(".onnx"), calibration)
        if args.int8:
            quantise(
                target.with_suffix(".onnx"), target.with_suffix(WEIGHTS_SUFFIXES["int8"]), assorted(RANGE_IMAGE_COUNT)
            )
    data = target.read_bytes()
    before = read_json(target.with_suffix(".json"))["trained"] if args.goes_on or args.figures else None
    if args.figures:  # and so does what is told of them
        trained = before
    else:
        told = {key: str(value) for key in ("mean_with", "close_look", "note") if (value := getattr(args, key))}
        trained = training([*args.earlier, args.run], before) | told
    figures = {}
    for folder in args.figures:
        metrics = read_json(folder / "metrics.json")
        figures[folder.name] = {key: round(metrics[key], 4) for key in SHOWN if metrics.get(key) is not None}
    card = {
        "model": name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "config": asdict(checkpoint.load(target)[1].config),
        "trained": trained,
        "figures": figures,
    }
    write_json(args.weights / f"{name}.json", card, indent=2)
    with appearing(args.weights / f"{name}.md") as file:
        file.write(markdown(card))
    print(f"wrote {target} ({len(data) / 1e6:.2f} MB) and its model card, {target.with_suffix('.md')}")


if __name__ == "__main__":
    run(main, Args, __doc__)
