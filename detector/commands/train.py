"""Trains a detector on endless scenes, or on a COCO dataset of digits, signs and whatever else has boxes in it.

    digit-reader train                                         # an hour, on all kinds of scenes
    digit-reader train --minutes 2 --preset strips --name try  # a first look, on a laptop
    digit-reader train --scenes 50000 --preset paper=3 lines=2 clean=1 strips=1
    digit-reader train --data my_digits --val-data more_digits --init runs/NAME/best.safetensors --lr 5e-4
    digit-reader train --resume runs/NAME                      # goes on exactly where it was stopped

Ctrl-C saves and stops. Under runs/NAME: best.safetensors, last.safetensors, log.jsonl, curves.png, config.json, and
last.state for --resume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro

from detector.categories import CATEGORIES
from detector.commands.options import IfGiven, one_of
from detector.errors import OptionError, TrainingError, WeightsError
from detector.models import checkpoint
from detector.models.base import Detector, rebuilt
from detector.models.registry import entry
from detector.scoring.validation import ValidationSet, validator
from detector.training.fit import TrainingConfig, fit
from detector.training.runs import read_args, write_config
from detector.types import BatchSource
from digit_scenes import PRESET_NAMES, SceneBatches, Scenes
from digit_scenes.category_names import extended, relabelled
from digit_scenes.coco import CocoBatches, CocoDataset, read_coco
from digit_scenes.glyphs.real_ink import RealInk
from digit_scenes.stream import Zoomed, zoom

RUNS = Path("runs")


@dataclass(frozen=True)
class BudgetOptions:
    minutes: IfGiven[float] = None
    """Minutes of this machine; an hour if --scenes is not given either."""
    scenes: IfGiven[int] = None
    """Or scenes, with which a run is the same whenever it is done."""


@dataclass(frozen=True)
class RunOptions:
    name: IfGiven[str] = None
    """The run's folder is runs/NAME; without it, the time of day."""
    resume: IfGiven[Path] = None
    """Go on with this run's folder; all other options are taken from there."""
    save_every: float = 120.0
    """Seconds between states from which --resume can go on."""
    tensorboard: bool = False
    """Write TensorBoard events too."""


@dataclass(frozen=True)
class StartOptions:
    model: str = "faster-rcnn"
    """Which detector."""
    init: IfGiven[Path] = None
    """Start from these weights, and with their design."""
    adopt: IfGiven[Path] = None
    """Start with today's design, and with whatever of these weights fits it by name and shape."""
    only: IfGiven[str] = None
    """Train one part and leave all else as it is: close-look, which tells digits apart."""
    close_samples: IfGiven[int] = None
    """How many digits of each picture the close look learns from; without it, as the design has it. More are better. On
    a GPU they cost next to nothing."""


@dataclass(frozen=True)
class PictureOptions:
    preset: Annotated[
        tuple[str, ...],
        tyro.conf.arg(help=f"Kinds of scenes, with weights, as in paper=3 lines=2: {one_of(PRESET_NAMES)}."),
    ] = (
        "invoices=5",
        "ledgers=3",
        "drafts=1.5",
        "freehand=1.5",
        "scripts=1.5",
        "amounts=1.5",
        "hands=0.7",
        "notes=1.2",
        "places=1.5",
        "clean=1.2",
        "hairlines=0.8",
        "phones=1.2",
        "signs=1.4",
        "paper=1.4",
        "lines=1.2",
        "strips=1.2",
        "pages=0.8",
        "loose-strips=0.4",
    )
    data: IfGiven[Path] = None
    """Train on a COCO dataset instead: a folder with annotations.json and images/. Categories of it that the detector
    does not know yet are learned, too."""
    mnist_dir: IfGiven[Path] = None
    """Folder with other digits in IDX form."""
    ink_dir: IfGiven[Path] = None
    """Folder with files of real ink, to be among MNIST's digits: which ones says docs/training.md."""
    ink_share: float = 0.3
    """Which share of the handwritten digits they are, in presets that show others beside MNIST's."""
    zoom: tuple[float, ...] = (1.5, 1.5, 1.0, 0.75)
    """Each batch is enlarged or reduced by one of these. A reader enlarges small pictures by 1.5 and looks at half of
    that, too. Validation is at the first."""


@dataclass(frozen=True)
class LearningOptions:
    batch_size: int = 8
    """Scenes a step."""
    lr: float = 3e-3
    """Highest learning rate."""
    echo: int = 1
    """Steps on each batch, from the second on at another size, in another light: for a GPU that waits for scenes."""
    seed: int = 0
    """Another seed gives other first weights and other scenes."""
    amp: bool = True
    """Compute in bfloat16 where that is safe."""
    ema: float = 0.998
    """Decay of the running average of weights."""
    clip: float = 5.0
    """Largest norm of the gradients."""
    freeze_norms: float = 0.4
    """Part of the budget after which normalisation uses what it has gathered; 0 with --init on other scenes."""


@dataclass(frozen=True)
class ValidationOptions:
    val_data: IfGiven[Path] = None
    """Validate on this COCO dataset."""
    val_count: int = 100
    """Pictures to validate on."""
    val_every: int = 4000
    """Scenes between validations."""


@dataclass(frozen=True)
class MachineOptions:
    device: str = "cpu"
    """Where to compute: cpu, cuda, ..."""
    threads: IfGiven[int] = None
    """CPU threads to compute with; without it, as many as there are cores."""
    workers: int = 1
    """Processes that draw scenes."""


@dataclass(frozen=True)
class Args:
    budget: BudgetOptions = field(default_factory=BudgetOptions)
    run: RunOptions = field(default_factory=RunOptions)
    start: StartOptions = field(default_factory=StartOptions)
    pictures: PictureOptions = field(default_factory=PictureOptions)
    learning: LearningOptions = field(default_factory=LearningOptions)
    validation: ValidationOptions = field(default_factory=ValidationOptions)
    machine: MachineOptions = field(default_factory=MachineOptions)


def shares(presets: Sequence[str]) -> dict[str, float]:
    """("paper=3", "clean") -> {"paper": 3.0, "clean": 1.0}. Raises OptionError where that cannot be read."""
    mix = {}
    for text in presets:
        name, _, weight = text.partition("=")
        try:
            mix[name] = float(weight or 1)
        except ValueError as error:
            raise OptionError(f"--preset {text}: expected NAME or NAME=WEIGHT, got the weight {weight!r}.") from error
        if name not in PRESET_NAMES:
            raise OptionError(f"--preset {text}: expected one of {', '.join(PRESET_NAMES)}, got {name!r}.")
    return mix


def opened(folder: Path | None) -> CocoDataset | None:
    """The COCO dataset in a folder, None without one."""
    return read_coco(folder / "annotations.json", folder / "images") if folder else None


def training_batches(args: Args, data: CocoDataset | None, categories: tuple[str, ...]) -> BatchSource:
    """What is learned from: endless scenes, or a dataset again and again. Labels index a detector's categories."""
    pictures, learning = args.pictures, args.learning
    if data is not None:
        batches: BatchSource = CocoBatches(data.labelled_by(categories), learning.batch_size, learning.seed)
    else:
        ink = RealInk.of_options(pictures.ink_dir, pictures.ink_share)
        mix = shares(pictures.preset)
        batches = SceneBatches(mix, learning.batch_size, learning.seed, "train", pictures.mnist_dir, ink, categories)
    return Zoomed(batches, pictures.zoom, learning.seed)


def what_is_learned(model: Detector, data: CocoDataset | None) -> str:
    """A sentence for the log: which categories a detector learns, and how many boxes of each there are."""
    intro = f"it learns {len(model.categories)} categories"
    if data is None:
        return f"{intro} of endless scenes: {' '.join(model.categories)}"
    counts = data.box_counts()
    boxes = [f'{counts[name]} of "{name}"' for name in model.categories if counts.get(name)]
    none = " ".join(name for name in model.categories if not counts.get(name))
    others = [f'{count} of "{name}"' for name, count in counts.items() if count and name not in model.categories]
    return (
        f"{intro}, by boxes: {', '.join(boxes) or 'none'}"
        + (f"; no box of {none}, so that where they stand it learns that nothing is there" if none else "")
        + (f"; {model.name} knows digits alone, and learns of no other: {', '.join(others)}" if others else "")
    )


def validation_pictures(args: Args, categories: tuple[str, ...]) -> dict[str, ValidationSet]:
    """Fixed pictures: of --val-data, of --data where there is nothing else, or of each preset in equal parts.

    Labels index a detector's categories; boxes of all others are left out.
    """
    pictures, validation = args.pictures, args.validation
    folder = validation.val_data or pictures.data
    own = opened(folder)
    if folder and own is not None:
        own = own.labelled_by(categories)
        scenes = (own[i] for i in range(min(validation.val_count, len(own))))
        return {folder.name: [zoom(scene.image, scene.target, pictures.zoom[0]) for scene in scenes]}
    mix, ink = shares(pictures.preset), RealInk.of_options(pictures.ink_dir, pictures.ink_share)
    count = max(1, validation.val_count // len(mix))
    return {
        name: [
            zoom(scene.image, relabelled(scene.target, CATEGORIES, categories), pictures.zoom[0])
            for scene in map(Scenes(name, "val", 0, pictures.mnist_dir, ink).__getitem__, range(count))
        ]
        for name in mix
    }


def first_model(args: Args, data: CocoDataset | None) -> Detector:
    """The detector that training begins with, as --close-samples, --only and the categories of a dataset want it."""
    start = args.start
    model = begun_with(args, data.categories if data else None)
    if start.close_samples is not None:
        if start.close_samples < 1 or not hasattr(model.config, "close_samples"):
            raise OptionError(
                f"--close-samples {start.close_samples}: expected 1 or more, and a detector with a close look, got "
                f"{start.model}; leave it out."
            )
        model = rebuilt(model, close_samples=start.close_samples)
    if start.only:
        model.learn_only(start.only)
    return model


def begun_with(args: Args, names: tuple[str, ...] | None) -> Detector:
    """The detector of --init, or one with fresh weights, of which some are replaced by those of --adopt.

    names: the categories of a dataset. A detector that has learned something learns those of them that it lacks, too. A
    fresh one learns no others. Those that find digits alone stay as they are. None where scenes are learned.
    """
    start = args.start
    if start.init and start.adopt:
        raise OptionError("--init, --adopt: expected one of them, got both; --init keeps the design of its file.")
    torch.manual_seed(args.learning.seed)
    if start.init:
        name, model, _ = checkpoint.load(start.init)
        if name != start.model:
            raise WeightsError(f"--init {start.init}: expected weights of {start.model}, got those of {name}.")
        if names and hasattr(model.config, "categories"):
            model = checkpoint.with_categories(model, extended(model.categories, names))
        return model
    design = entry(start.model)
    config = design.config()
    changes: dict[str, Any] = {}
    if names and hasattr(config, "categories"):
        changes["categories"] = extended(config.categories, names) if start.adopt else names
    model = design.build(replace(config, **changes))
    if start.adopt:
        print(f"took {checkpoint.adopt(model, start.adopt)} of {len(model.state_dict())} tensors from {start.adopt}")
    return model


def args_of(run: Path) -> Args:
    """The arguments a run was started with. Raises TrainingError where its folder has none."""
    stored = read_args(run)
    try:
        named = ("data", "val_data", "init", "adopt", "mnist_dir", "ink_dir")
        paths = {key: Path(stored[key]) for key in named if stored.get(key)}
        return grouped(stored | paths | {"preset": tuple(stored["preset"]), "zoom": tuple(stored["zoom"])})
    except (KeyError, TypeError) as error:
        raise TrainingError(f"--resume {run}: expected a config.json of this version ({error}).") from error


def grouped(options: dict[str, Any]) -> Args:
    """The arguments, of options by name. Raises TypeError for one that is unknown."""
    groups: dict[str, Any] = {}
    for group in fields(Args):
        assert isinstance(group.default_factory, type)
        names = {option.name for option in fields(group.default_factory)}
        groups[group.name] = group.default_factory(**{name: options[name] for name in names & options.keys()})
        options = {name: value for name, value in options.items() if name not in names}
    if options:
        raise TypeError(f"unknown options: {', '.join(options)}")
    return Args(**groups)


def main(args: Args) -> None:
    resumed = args.run.resume
    run = resumed or RUNS / (args.run.name or datetime.now().strftime("%Y%m%d-%H%M%S"))
    if resumed:
        args = args_of(run)
    elif (run / "config.json").exists():
        raise OptionError(f"--name {run.name}: expected a new name, got that of a run; take another or --resume {run}.")
    budget, learning = args.budget, args.learning
    config = TrainingConfig(
        minutes=60.0 if budget.minutes is None and budget.scenes is None else budget.minutes,
        scenes=budget.scenes,
        rate=learning.lr,
        clip=learning.clip,
        average=learning.ema,
        freeze_norms=learning.freeze_norms,
        bfloat16=learning.amp,
        device=args.machine.device,
        workers=args.machine.workers,
        echo=learning.echo,
        seed=learning.seed,
        batch_size=learning.batch_size,
        validate_every=args.validation.val_every,
        save_every=args.run.save_every,
        tensorboard=args.run.tensorboard,
    )
    if args.machine.threads is not None:
        torch.set_num_threads(args.machine.threads)
    data = opened(args.pictures.data)
    model = first_model(args, data)
    batches = training_batches(args, data, model.categories)
    validate = validator(validation_pictures(args, model.categories))
    run.mkdir(parents=True, exist_ok=True)
    if not resumed:
        options = {name: value for group in asdict(args).values() for name, value in group.items()}
        write_config(run, options, asdict(config), model, config.device)
    print(what_is_learned(model, data))
    end = fit(args.start.model, model, batches, validate, config, run, resume=resumed is not None)
    print(f"{end.scenes} scenes, {end.step} steps, {end.seconds / 60:.1f} minutes; best:", end.best or "not validated")
    print(f"wrote {run / 'best.safetensors'}; look at {run / 'curves.png'}; go on: --resume {run}")
