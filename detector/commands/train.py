"""Trains a detector on endless scenes, or on a COCO dataset of digits.

    digit-reader train                                         # an hour, on all kinds of scenes
    digit-reader train --minutes 2 --preset strips --name try  # a first look, on a laptop
    digit-reader train --scenes 50000 --preset paper=3 lines=2 clean=1 strips=1
    digit-reader train --data my_digits --val-data more_digits --init runs/NAME/best.safetensors --lr 5e-4
    digit-reader train --resume runs/NAME                      # goes on exactly where it was stopped

Ctrl-C saves and stops. Under runs/NAME: best.safetensors, last.safetensors, log.jsonl, curves.png, config.json, and
last.state for --resume.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import torch

from detector.errors import OptionError, TrainingError, WeightsError
from detector.models import checkpoint
from detector.models.base import Detector, rebuilt
from detector.models.registry import entry
from detector.scoring.validation import ValidationSet, validator
from detector.training.fit import TrainingConfig, fit
from detector.types import BatchSource
from digit_scenes import PRESET_NAMES, SceneBatches, Scenes
from digit_scenes.coco import CocoBatches, read_coco
from digit_scenes.stream import Zoomed, zoom

RUNS = Path("runs")


@dataclass(frozen=True)
class Args:
    minutes: float | None = None
    """Budget in minutes of this machine; an hour if --scenes is not given either."""
    scenes: int | None = None
    """Or the budget in scenes, with which a run is the same whenever it is done."""
    model: str = "faster-rcnn"
    """Which detector."""
    preset: tuple[str, ...] = (
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
    """What scenes to learn from, with weights if several: paper=3 lines=2."""
    zoom: tuple[float, ...] = (1.5, 1.5, 1.0, 0.75)
    """Each batch is enlarged or reduced by one of these. A reader enlarges small pictures by 1.5 and looks at half of
    that, too. Validation is at the first."""
    batch_size: int = 8
    """Scenes a step."""
    lr: float = 3e-3
    """Highest learning rate."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, ..."""
    threads: int | None = None
    """CPU threads to compute with; without it, as many as there are cores."""
    workers: int = 1
    """Processes that draw scenes."""
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
    name: str | None = None
    """The run's folder is runs/NAME; without it, the time of day."""
    val_every: int = 4000
    """Scenes between validations."""
    val_count: int = 100
    """Pictures to validate on."""
    save_every: float = 120.0
    """Seconds between states from which --resume can go on."""
    data: Path | None = None
    """Train on a COCO dataset instead: a folder with annotations.json and images/."""
    val_data: Path | None = None
    """Validate on this COCO dataset."""
    init: Path | None = None
    """Start from these weights, and with their design."""
    adopt: Path | None = None
    """Start with today's design, and with whatever of these weights fits it by name and shape."""
    close_samples: int | None = None
    """Digits of each picture that the close look learns from beside all else; without it, as the design has it. On a
    GPU, which they cost next to nothing, more are better."""
    only: str | None = None
    """Train one part and leave all else as it is: close-look, which tells digits apart."""
    resume: Path | None = None
    """Go on with this run's folder; all other options are taken from there."""
    mnist_dir: Path | None = None
    """Folder with other digits in IDX form."""
    tensorboard: bool = False
    """Write TensorBoard events too."""


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


def training_batches(args: Args) -> BatchSource:
    if args.data:
        dataset = read_coco(args.data / "annotations.json", args.data / "images")
        return Zoomed(CocoBatches(dataset, args.batch_size, args.seed), args.zoom, args.seed)
    batches = SceneBatches(shares(args.preset), args.batch_size, args.seed, "train", args.mnist_dir)
    return Zoomed(batches, args.zoom, args.seed)


def validation_pictures(args: Args) -> dict[str, ValidationSet]:
    """Fixed pictures: of --val-data, of --data where there is nothing else, or of each preset in equal parts."""
    folder = args.val_data or args.data
    if folder:
        dataset = read_coco(folder / "annotations.json", folder / "images")
        scenes = (dataset[i] for i in range(min(args.val_count, len(dataset))))
        return {folder.name: [zoom(scene.image, scene.target, args.zoom[0]) for scene in scenes]}
    mix = shares(args.preset)
    count = max(1, args.val_count // len(mix))
    return {
        name: [
            zoom(scene.image, scene.target, args.zoom[0])
            for scene in map(Scenes(name, "val", 0, args.mnist_dir).__getitem__, range(count))
        ]
        for name in mix
    }


def first_model(args: Args) -> Detector:
    model = begun_with(args)
    if args.close_samples is not None:
        if args.close_samples < 1 or not hasattr(model.config, "close_samples"):
            raise OptionError(
                f"--close-samples {args.close_samples}: expected 1 or more, and a detector with a close look, got "
                f"{args.model}; leave it out."
            )
        model = rebuilt(model, close_samples=args.close_samples)
    if args.only:
        model.learn_only(args.only)
    return model


def begun_with(args: Args) -> Detector:
    if args.init and args.adopt:
        raise OptionError("--init, --adopt: expected one of them, got both; --init keeps the design of its file.")
    if args.init:
        name, model, _ = checkpoint.load(args.init)
        if name != args.model:
            raise WeightsError(f"--init {args.init}: expected weights of {args.model}, got those of {name}.")
        return model
    torch.manual_seed(args.seed)
    design = entry(args.model)
    model = design.build(design.config())
    if args.adopt:
        print(f"took {checkpoint.adopt(model, args.adopt)} of {len(model.state_dict())} tensors from {args.adopt}")
    return model


def read_config(run: Path) -> Args:
    """The arguments a run was started with."""
    path = run / "config.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))["args"]
        paths = {key: Path(stored[key]) for key in ("data", "val_data", "init", "adopt", "mnist_dir") if stored[key]}
        return Args(**stored | paths | {"preset": tuple(stored["preset"]), "zoom": tuple(stored["zoom"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"--resume {run}: expected a run's folder with its config.json ({error}).") from error


def commit() -> str:
    """The commit of this checkout, with a plus sign where files differ from it; "unknown" outside of one."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "--short=10", "HEAD") + ("+" if git("status", "--porcelain", "--untracked=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def write_config(run: Path, args: Args, config: TrainingConfig, model: Detector) -> None:
    record = {
        "args": asdict(args),
        "training": asdict(config),
        "model": asdict(model.config),
        "torch": torch.__version__,
        "machine": torch.cuda.get_device_name() if args.device.startswith("cuda") else f"{os.cpu_count()} CPU cores",
        "commit": commit(),
    }
    (run / "config.json").write_text(json.dumps(record, indent=2, default=str) + "\n", encoding="utf-8")


def main(args: Args) -> None:
    resumed, run = args.resume, args.resume or RUNS / (args.name or datetime.now().strftime("%Y%m%d-%H%M%S"))
    if resumed:
        args = read_config(run)
    elif (run / "config.json").exists():
        raise OptionError(f"--name {run.name}: expected a new name, got that of a run; take another or --resume {run}.")
    config = TrainingConfig(
        minutes=60.0 if args.minutes is None and args.scenes is None else args.minutes,
        scenes=args.scenes,
        rate=args.lr,
        clip=args.clip,
        average=args.ema,
        freeze_norms=args.freeze_norms,
        bfloat16=args.amp,
        device=args.device,
        workers=args.workers,
        echo=args.echo,
        seed=args.seed,
        batch_size=args.batch_size,
        validate_every=args.val_every,
        save_every=args.save_every,
        tensorboard=args.tensorboard,
    )
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    model, batches = first_model(args), training_batches(args)
    validate = validator(validation_pictures(args))
    run.mkdir(parents=True, exist_ok=True)
    if not resumed:
        write_config(run, args, config, model)
    end = fit(args.model, model, batches, validate, config, run, resume=resumed is not None)
    print(f"{end.scenes} scenes, {end.step} steps, {end.seconds / 60:.1f} minutes; best:", end.best or "not validated")
    print(f"wrote {run / 'best.safetensors'}; look at {run / 'curves.png'}; go on: --resume {run}")
