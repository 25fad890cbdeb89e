"""A run: the folder that a training writes (settings, log, state), the bar that it shows, and how it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import torch
from tqdm import tqdm

from detector.errors import OptionError, TrainingError
from detector.files import appearing, appearing_at
from detector.models import checkpoint
from detector.models.base import Detector
from detector.progress import on_terminal
from detector.training.ema import WeightAverage


@dataclass
class RunProgress:
    """How far a training is."""

    step: int = 0
    """Steps done."""
    scenes: int = 0
    """Scenes that were trained on, echoes included."""
    seconds: float = 0.0
    """Time spent, without the time between a stop and its resumption."""
    validated: int = 0
    """The steps that were done at the last validation."""
    best: dict[str, float] = field(default_factory=dict)
    """The figures of the validation with the highest AP, and its "step"; empty before the first."""

    def counts(self) -> dict[str, float]:
        """What a record of the log begins with."""
        return {"step": self.step, "scenes": self.scenes, "seconds": self.seconds}


@dataclass(frozen=True)
class Learner:
    """All that changes while training."""

    name: str
    """What the registry calls the detector."""
    model: Detector
    average: WeightAverage
    optimizer: torch.optim.Optimizer


def write_config(
    run: Path, args: Mapping[str, object], training: Mapping[str, object], model: Detector, device: str
) -> None:
    """Write config.json, from which `read_args` reads `args` again.

    args: the options that the run was started with. training: the fields of its TrainingConfig. The model's config,
    the machine and the versions of code and PyTorch go in, too. Raises OptionError where it cannot be written.
    """
    record = {
        "args": args,
        "training": training,
        "model": asdict(model.config),
        "torch": torch.__version__,
        "machine": torch.cuda.get_device_name() if device.startswith("cuda") else f"{os.cpu_count()} CPU cores",
        "commit": commit(),
    }
    with appearing(run / "config.json") as file:
        file.write(json.dumps(record, indent=2, default=str) + "\n")


def read_args(run: Path) -> dict[str, Any]:
    """The options that `write_config` was given, as JSON has them. Raises TrainingError where there are none."""
    try:
        return dict(json.loads((run / "config.json").read_text(encoding="utf-8"))["args"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"--resume {run}: expected a run's folder with its config.json ({error}).") from error


def commit() -> str:
    """The commit of this checkout, with a plus sign where files differ from it; "unknown" outside of one."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", __file__)  # an installed package may lie in a repository of something else
        return git("rev-parse", "--short=10", "HEAD") + ("+" if git("status", "--porcelain", "--untracked=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def save_state(run: Path, learner: Learner, progress: RunProgress) -> None:
    """Write last.state, from which `load_state` goes on, and the averaged weights as last.safetensors.

    Raises WeightsError, before anything is written, where the averaged weights are not finite.
    """
    state = {
        "progress": asdict(progress),
        "model": learner.model.state_dict(),
        "average": learner.average.model.state_dict(),
        "updates": learner.average.updates,
        "optimizer": learner.optimizer.state_dict(),
    }
    # first, because it checks the weights
    checkpoint.save(run / "last.safetensors", learner.name, learner.average.model, asdict(progress))
    with appearing_at(run / "last.state") as path:
        torch.save(state, path)


def load_state(run: Path, learner: Learner) -> RunProgress:
    """Bring a learner into the state that `save_state` wrote, and return how far it was.

    Raises TrainingError where the run has no state, or one of another model.
    """
    path = run / "last.state"
    if not path.is_file():
        raise TrainingError(f"{path}: expected the state of an earlier run, found none; check the folder's name.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        learner.model.load_state_dict(state["model"])
        learner.average.model.load_state_dict(state["average"])
        learner.average.updates = state["updates"]
        learner.optimizer.load_state_dict(state["optimizer"])
        return RunProgress(**state["progress"])
    except Exception as error:  # torch.load raises many kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(f"{path}: expected a state of this model, got something else ({reason}).") from error


def read_log(path: Path, last_step: int | None = None) -> list[dict[str, Any]]:
    """The records of a log.jsonl up to `last_step`, or all of them; a line that a kill cut short ends it."""
    records: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            record = json.loads(line)
        except ValueError:
            break
        if last_step is None or record["step"] <= last_step:
            records.append(record)
    return records


def cut_log(path: Path, last_step: int) -> None:
    """Drop what was logged after `last_step`: a resumed run will log those steps again."""
    records = read_log(path, last_step)
    with appearing(path) as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


class Log:
    """Appends records to log.jsonl as they come, and to TensorBoard where asked."""

    def __init__(self, run: Path, tensorboard: bool) -> None:
        self.board = _tensorboard(run) if tensorboard else None
        self.file = (run / "log.jsonl").open("a", encoding="utf-8")

    def write(self, record: Mapping[str, float]) -> None:
        """Append a line. record: figures by their names, "step" among them."""
        short = {name: round(value, 6) if isinstance(value, float) else value for name, value in record.items()}
        self.file.write(json.dumps(short) + "\n")
        self.file.flush()
        if self.board is not None:
            for name, value in record.items():
                self.board.add_scalar(name, value, record["step"])

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()
        if self.board is not None:
            self.board.close()


def _tensorboard(run: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise OptionError(
            "tensorboard: expected the package of that name, found none; install the project with its extra: "
            "pip install '.[tensorboard]'."
        ) from error
    return SummaryWriter(str(run))


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Hold back the first Ctrl-C or SIGTERM, and yield a function that says whether it came.

    A second one acts as ever.
    """
    received: list[int] = []

    def hold_back(signum: int, frame: FrameType | None) -> None:
        received.append(signum)
        signal.signal(signum, before[signum])

    before: dict[int, Any] = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        for signum in before:
            signal.signal(signum, hold_back)
    except ValueError:  # not in the main thread: signals are someone else's
        before = {}
    try:
        yield lambda: bool(received)
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


class Bar:
    """A progress bar of the budget, with losses, scenes a second and the best AP, where someone may look on."""

    def __init__(self, minutes: float | None, scenes: int | None, progress: RunProgress) -> None:
        self.by_time = minutes is not None
        total = 60 * minutes if minutes is not None else scenes
        form = (
            "{percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} "
            + ("s" if self.by_time else "scenes")
            + " [{remaining} left{postfix}]"
        )
        self.bar = tqdm(
            total=total,
            initial=self._done(progress),
            bar_format=form,
            mininterval=0.5,
            smoothing=0.05,
            disable=not on_terminal(),
        )
        self.mean: dict[str, float] = {}
        self.first = (progress.scenes, progress.seconds)

    def _done(self, progress: RunProgress) -> float:
        return progress.seconds if self.by_time else progress.scenes

    def show(self, progress: RunProgress, losses: Mapping[str, float]) -> None:
        """Move to where the training is. losses: those of the last step, which are shown as moving averages."""
        for name, value in losses.items():
            self.mean[name] = 0.95 * self.mean.get(name, value) + 0.05 * value
        speed = (progress.scenes - self.first[0]) / max(1e-9, progress.seconds - self.first[1])
        figures = {name: f"{value:.3f}" for name, value in self.mean.items()} | {"scenes/s": f"{speed:.1f}"}
        if progress.best:
            figures["AP"] = f"{progress.best['AP']:.3f}"
        self.bar.set_postfix(figures, refresh=False)
        self.bar.update(min(self._done(progress), self.bar.total) - self.bar.n)

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.close()
