"""Options that several commands share, and how options that may be left out are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import tyro

T = TypeVar("T")
Runtime = Literal["int8", "onnx", "torch"]

IfGiven = Annotated[T | None, tyro.conf.arg(help_behavior_hint="")]
"""The type of an option that may be left out: its help says what happens then, and not "(default: None)"."""


def one_of(names: Iterable[str]) -> str:
    """a, b or c."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


@dataclass(frozen=True)
class NetworkOptions:
    model: IfGiven[str] = None
    """Which detector; without it, the one that the weights are of."""
    weights: IfGiven[Path] = None
    """Weights file, .onnx or .safetensors; without it, those that are shipped."""
    runtime: IfGiven[Runtime] = None
    """What computes with shipped weights; without it, ONNX Runtime where it can be used, else PyTorch."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, ..."""
    threads: IfGiven[int] = None
    """CPU threads to compute with; without it, as many as there are cores."""
