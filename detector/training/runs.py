"""What a training leaves behind in its folder and shows while it runs: the log, the state to go on from, the bar."""

from __future__ import annotations

import json
import signal
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
    """How far a training is: steps, scenes and seconds so far, the step last validated, and the best figures."""

    step: int = 0
    scenes: int = 0
    seconds: float = 0.0
    validated: int = 0
    best: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Learner:
    """All that changes while training."""

    name: str
    model: Detector
    average: WeightAverage
    optimizer: torch.optim.Optimizer


def save_state(run: Path, learner: Learner, at: RunProgress) -> None:
    """Write last.state, from which `load_state` goes on, and the averaged weights as last.safetensors.

    Raises WeightsError, before anything is written, where the averaged weights are not finite.
    """
    state = {
        "progress": asdict(at),
        "model": learner.model.state_dict(),
        "average": learner.average.model.state_dict(),
        "updates": learner.average.updates,
        "optimizer": learner.optimizer.state_dict(),
    }
    checkpoint.save(run / "last.safetensors", learner.name, learner.average.model, asdict(at))  # checks them first
    with appearing_at(run / "last.state") as path:
        torch.save(state, path)


def load_state(run: Path, learner: Learner) -> RunProgress:
    """Put a learner where `save_state` left it. Raises TrainingError where the run has no state or another model's."""
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
    """The records of a log.jsonl up to `last_step`; a line torn by a kill ends it."""
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
        """One line; "step" is among the figures."""
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
    """While in here, a first Ctrl-C or SIGTERM only makes the yielded question true; a second one acts as ever."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        signal.signal(number, before[number])

    before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, ask)
    except ValueError:  # not in the main thread: signals are someone else's
        before = {}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Bar:
    """A progress bar of the budget with losses, scenes per second and the best AP."""

    def __init__(self, minutes: float | None, scenes: int | None, at: RunProgress) -> None:
        self.by_time = minutes is not None
        total = 60 * minutes if minutes is not None else scenes
        form = (
            "{percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} "
            + ("s" if self.by_time else "scenes")
            + " [{remaining} left{postfix}]"
        )
        self.bar = tqdm(
            total=total,
            initial=self._done(at),
            bar_format=form,
            mininterval=0.5,
            smoothing=0.05,
            disable=not on_terminal(),
        )
        self.mean: dict[str, float] = {}
        self.first = (at.scenes, at.seconds)

    def _done(self, at: RunProgress) -> float:
        return at.seconds if self.by_time else at.scenes

    def show(self, at: RunProgress, terms: Mapping[str, float]) -> None:
        """Move to where the training is; losses are shown as running means."""
        for name, value in terms.items():
            self.mean[name] = 0.95 * self.mean.get(name, value) + 0.05 * value
        speed = (at.scenes - self.first[0]) / max(1e-9, at.seconds - self.first[1])
        figures = {name: f"{value:.3f}" for name, value in self.mean.items()} | {"scenes/s": f"{speed:.1f}"}
        if at.best:
            figures["AP"] = f"{at.best['AP']:.3f}"
        self.bar.set_postfix(figures, refresh=False)
        self.bar.update(min(self._done(at), self.bar.total) - self.bar.n)

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.close()
