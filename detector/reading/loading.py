"""Readers to have: with weights from a file, or with those that are shipped; on PyTorch or on ONNX Runtime."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import OptionError, WeightsError
from detector.images import Source
from detector.reading.calibration import Calibration, calibration_of
from detector.reading.onnx_runtime import OnnxNetwork, int8_is_fast
from detector.reading.reader import Network, Reader
from detector.types import Page

if TYPE_CHECKING:  # Python 3.10 has it elsewhere
    from importlib.resources.abc import Traversable

DEFAULT_MODEL = "faster-rcnn"
SUFFIXES = {"int8": ".int8.onnx", "onnx": ".onnx", "torch": ".safetensors"}
"""Of the weights that each runtime takes, the fastest first."""


def load(
    weights: str | PathLike[str] | None = None,
    model: str | None = None,
    device: str = "cpu",
    min_score: float | None = None,
    threads: int | None = None,
    runtime: str | None = None,
    min_number_score: float = 0.0,
    turn: bool = True,
    spinning: bool = True,
) -> Reader:
    """A reader to keep: with the weights in a file that training or export wrote or, without one, with shipped ones.

    model: which of the shipped ones, the default where none is named; with a file, what its weights have to be of.
    device: where to compute, by PyTorch's name; ONNX Runtime is used on the CPU only.
    min_score: digits with a lower score are not read; without one, what was found best when it was calibrated.
    threads: CPU threads to compute with; without it, all cores. PyTorch's are those of the whole process.
    runtime: "int8", "onnx" or "torch". A file decides by its name: .int8.onnx and .onnx are for ONNX Runtime, all else
    for PyTorch. Shipped weights are read with ONNX Runtime where it is installed and they can be, as it is faster, in
    int8 where the processor has instructions for it, else with PyTorch.
    min_number_score: numbers with a lower score are rejected, their text withheld; 0 rejects none. Scores are the
    chances of being right as far as the weights were calibrated (tools/calibrate.py).
    turn: whether pictures that lie on a side or upside down are found out and read upright.
    spinning: whether ONNX Runtime's threads keep their cores while they wait; False where others need them, too.
    Raises WeightsError where there are no such weights, or what they need is not installed; OptionError for a bad
    device, threshold, threads or runtime, or those that do not go together.
    """
    if runtime is not None and runtime not in SUFFIXES:
        raise OptionError(f"runtime: expected one of {', '.join(SUFFIXES)}, got {runtime!r}; or leave it out.")
    if threads is not None and threads < 1:
        raise OptionError(f"threads: expected at least 1, got {threads}; leave it out to use all cores.")
    if weights is None:
        engine, file = shipped(model or DEFAULT_MODEL, device, runtime)
        with resources.as_file(file) as path:
            name, network, calibration = _network(engine, path, device, threads, spinning)
    else:
        path = Path(weights)
        engine = next((engine for engine, suffix in SUFFIXES.items() if path.name.lower().endswith(suffix)), "torch")
        if runtime is not None and runtime != engine:
            raise OptionError(
                f"runtime: expected {engine} for {path}, got {runtime}, which takes {SUFFIXES[runtime]} files; leave "
                "it out or name other weights."
            )
        name, network, calibration = _network(engine, path, device, threads, spinning)
    if model is not None and model != name:
        raise WeightsError(f"{path}: expected weights of '{model}', got those of '{name}'; name that model.")
    return Reader(network, min_score, min_number_score, calibration, turn)


def read(source: Source) -> Page:
    """What is written in a picture, read with the shipped weights, which stay loaded. See Reader.read."""
    return _default_reader().read(source)


@lru_cache(maxsize=1)
def _default_reader() -> Reader:
    return load()


def shipped(model: str, device: str, runtime: str | None) -> tuple[str, Traversable]:
    """The runtime to read a shipped model with, and its weights. Raises WeightsError where there are none for it."""
    files = {engine: resources.files("detector.weights") / (model + suffix) for engine, suffix in SUFFIXES.items()}
    there = [engine for engine, file in files.items() if file.is_file()]
    if not there:
        raise WeightsError(f"{model}: no weights are shipped for this model; train it, then name the file.")
    if runtime is None:
        onnx = _is_cpu(device) and (_installed("onnxruntime") or not _installed("torch"))
        fit = {"int8": onnx and int8_is_fast(), "onnx": onnx, "torch": True}
        runtime = next((engine for engine in there if fit[engine]), there[-1])
    if runtime not in there:
        listed = " and ".join(there)
        raise WeightsError(f"{model}: its shipped weights are for {listed}, not for {runtime}; leave runtime out.")
    return runtime, files[runtime]


def _network(
    runtime: str, path: Path, device: str, threads: int | None, spinning: bool
) -> tuple[str, Network, Calibration]:
    """A model's name, the model, and what makes chances of its scores."""
    if runtime != "torch":
        if not _is_cpu(device):
            raise OptionError(
                f"device: expected cpu for {path}, got '{device}', where ONNX Runtime is not used; take .safetensors "
                "weights for other devices."
            )
        network = OnnxNetwork(path, threads, spinning)
        return network.name, network, network.calibration
    try:
        import torch

        from detector.models import checkpoint
        from detector.models.base import available
    except ImportError as error:
        raise WeightsError(
            f"{path}: weights in safetensors form need the extra 'torch', which is not installed ({error}); install "
            "it, as in: pip install 'digit-reader[torch]'"
        ) from error
    target = available(device)
    if threads is not None:
        torch.set_num_threads(threads)
    name, detector, extra = checkpoint.load(path, target)
    return name, detector, calibration_of(path, extra)


def _is_cpu(device: str) -> bool:
    return str(device).split(":")[0] == "cpu"


def _installed(package: str) -> bool:
    return find_spec(package) is not None
