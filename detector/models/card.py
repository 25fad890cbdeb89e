"""The model card: what shipped weights were trained on and by which commands, and how well they do."""

from __future__ import annotations

import hashlib
import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detector.categories import DIGITS
from detector.errors import DataError
from detector.files import appearing, write_json
from detector.models import checkpoint
from detector.models.base import Detector

METRICS = (
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
"""What a card shows of an evaluation."""

TAKEN = {
    "mean_with": "Each weight is the mean of the last one's and of that of {} (Wortsman et al., 2022).",
    "close_look": "The close look is that of {}.",
}
"""What a card says of parts of the weights that come from another run, by their keys in its record of the training."""

THEN = ", then "  # between what one run after the other did, in a card
LINE_WIDTH = 120  # characters of a card's prose and commands


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that a run or an evaluation wrote. Raises DataError where there is none, or another file."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"{path}: expected a JSON file of a run or an evaluation ({error}); check the folder."
        ) from error


def training_command(args: dict[str, Any]) -> str:
    """The command that trains with these arguments; those that are None are left out."""
    words = ["python tools/train_detector.py"]
    for name, value in args.items():
        if value is None or name in ("resume", "name", "threads"):
            continue
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words.append(f"--{flag} {' '.join(map(str, value)) if isinstance(value, list) else value}")
    return " ".join(words)


def training_record(runs: Sequence[Path], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a card tells of these runs, each begun with the weights of the one before it.

    runs: their folders. before: the record of the weights that the first one began with, from an earlier card.
    Raises DataError or WeightsError where a run lacks its files.
    """
    configs = [read_json(run / "config.json") for run in runs]
    extras = [checkpoint.extra_of(run / "best.safetensors") for run in runs]
    earlier = [before] if before else []

    def all_of(name: str) -> str:
        return THEN.join(dict.fromkeys(str(config[name]) for config in [*earlier, *configs]))

    commands = [str(record["command"]) for record in earlier]
    commands += [training_command(config["args"]) for config in configs]
    return {
        "scenes": sum(record["scenes"] for record in [*earlier, *extras]),
        "minutes": round(sum(record["minutes"] for record in earlier) + sum(e["seconds"] for e in extras) / 60, 1),
        "machine": all_of("machine"),
        "commit": all_of("commit"),
        "command": THEN.join(commands),
        "data": "MNIST training digits in synthetic scenes; no real picture",
        "torch": all_of("torch"),
    }


def figures_of(folders: Iterable[Path]) -> dict[str, dict[str, float]]:
    """METRICS by the names of folders that tools/evaluate.py wrote. Raises DataError where one has no metrics."""
    figures = {}
    for folder in folders:
        metrics = read_json(folder / "metrics.json")
        figures[folder.name] = {key: round(metrics[key], 4) for key in METRICS if metrics.get(key) is not None}
    return figures


def model_card(
    model: Detector, data: bytes, trained: dict[str, Any] | None, figures: dict[str, dict[str, float]]
) -> dict[str, Any]:
    """The card as JSON holds it.

    model: as it was loaded from its weights file. data: the bytes of that file. trained: see training_record. figures:
    see figures_of.
    """
    return {
        "model": model.name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "config": asdict(model.config),
        "trained": trained,
        "figures": figures,
    }


def write(folder: Path, card: dict[str, Any]) -> None:
    """Write a card beside the weights, as MODEL.json and MODEL.md. Raises OptionError where that is not possible."""
    write_json(folder / f"{card['model']}.json", card, indent=2)
    with appearing(folder / f"{card['model']}.md") as file:
        file.write(markdown(card))


def markdown(card: dict[str, Any]) -> str:
    """A card for people. Only tables have lines that are longer than LINE_WIDTH, or a word that is."""
    trained = card["trained"]
    categories = tuple(card["config"].get("categories", DIGITS))
    signs = categories[len(DIGITS) :]
    paragraphs = [
        f"# {card['model']}",
        _wrapped(f"{card['parameters']:,} parameters, {card['bytes'] / 1e6:.1f} MB (float16), SHA-256")
        + f"\n`{card['sha256']}`.",
        *([_wrapped(f"It finds {len(categories)} categories: {_listed(categories)}.")] if signs else []),
        _wrapped(
            f"Trained on {trained['scenes']:,} synthetic scenes of training digits alone, in {trained['minutes']} "
            f"minutes on {trained['machine']}, at commit {trained['commit']}, by"
        ),
        _code_block(trained["command"].split(THEN)),
        *[_wrapped(said.format(f"`{trained[key]}`")) for key, said in TAKEN.items() if key in trained],
        *([_wrapped(trained["note"])] if "note" in trained else []),
        _wrapped(
            "No real picture was trained on. Figures, on these very weights with default settings (each set: the first "
            "test scenes of seed 0, drawn with MNIST test digits, unless named otherwise; milliseconds to read one, by "
            "the machine that measured them):"
        ),
        _table(card["figures"]),
        _wrapped(
            "Meant for: reading numbers, written by hand or printed, on paper, signs or screens. Not meant for: "
            + ("reading letters, which are found and left alone" if signs else "letters")
            + ", or any decision that nobody checks."
        ),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _listed(categories: Sequence[str]) -> str:
    return " ".join(f"`{name}`" for name in categories)


def _wrapped(text: str, width: int = LINE_WIDTH, indent: str = "") -> str:
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _code_block(commands: Sequence[str]) -> str:
    """Shell commands to paste, one after the other, long ones continued on lines that are indented."""
    blocks = [_wrapped(command, LINE_WIDTH - 2, "    ").replace("\n", " \\\n") for command in commands]
    return "\n".join(["```sh", *blocks, "```"])


def _table(figures: dict[str, dict[str, float]]) -> str:
    rows = [
        f"| {name} | " + " | ".join(str(metrics.get(key, "")) for key in METRICS) + " |"
        for name, metrics in figures.items()
    ]
    return "\n".join(["| set | " + " | ".join(METRICS) + " |", "|---" * (len(METRICS) + 1) + "|", *rows])
