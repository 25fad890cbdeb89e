"""Make a reader, with weights from a file or with shipped ones, on PyTorch or on ONNX Runtime."""

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
WEIGHTS_SUFFIXES = {"int8": ".int8.onnx", "onnx": ".onnx", "torch": ".safetensors"}
"""How the names of weights files end, by the runtime that takes them, the fastest runtime first."""


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
    tables: bool = False,
) -> Reader:
    """A reader with the weights in a file that training or export wrote or, without a file, with shipped weights.

    weights: the file.
    model: which detector the weights are of. Without a file, it picks the shipped weights: by default DEFAULT_MODEL's.
    device: where to compute, by PyTorch's name. ONNX Runtime computes on the CPU only.
    min_score: digits with a lower score are not read. By default the threshold that calibration found best.
    threads: CPU threads to compute with, by default one for each core. PyTorch's threads serve the whole process.
    runtime: "int8", "onnx" or "torch". By default the name of the file decides: .int8.onnx and .onnx are for ONNX
    Runtime, any other for PyTorch. With shipped weights, ONNX Runtime is taken where it is installed, since it is
    faster, in int8 where the processor has instructions for that; else PyTorch.
    min_number_score: numbers with a lower score are rejected: their text is withheld. 0 rejects none. Once weights are
    calibrated (tools/calibrate.py), a score is the chance of being right.
    turn: whether pictures that lie on a side or upside down are recognised and read upright.
    tables: whether pages are looked at for tables, too, which takes some time more: `Page.tables`.
    spinning: whether ONNX Runtime's threads keep their cores while they wait. False leaves the cores to others.
    Raises WeightsError where there are no such weights, or what they need is not installed; OptionError for a bad
    device, threshold, threads or runtime, or those that do not go together.
    """
    if runtime is not None and runtime not in WEIGHTS_SUFFIXES:
        raise OptionError(f"runtime: expected one of {', '.join(WEIGHTS_SUFFIXES)}, got {runtime!r}; or leave it out.")
    if threads is not None and threads < 1:
        raise OptionError(f"threads: expected at least 1, got {threads}; leave it out to use all cores.")
    if weights is None:
        chosen, file = shipped_weights(model or DEFAULT_MODEL, device, runtime)
        with resources.as_file(file) as path:
            name, network, calibration = _network(chosen, path, device, threads, spinning)
    else:
        path = Path(weights)
        endings = WEIGHTS_SUFFIXES.items()
        chosen = next((each for each, suffix in endings if path.name.lower().endswith(suffix)), "torch")
        if runtime is not None and runtime != chosen:
            raise OptionError(
                f"runtime: expected {chosen} for {path}, got {runtime}, which takes {WEIGHTS_SUFFIXES[runtime]} files; "
                "leave it out or name other weights."
            )
        name, network, calibration = _network(chosen, path, device, threads, spinning)
    if model is not None and model != name:
        raise WeightsError(f"{path}: expected weights of '{model}', got those of '{name}'; name that model.")
    return Reader(network, min_score, min_number_score, calibration, turn, tables)


def read(source: Source) -> Page:
    """What is written in a picture, read with the shipped weights. They stay loaded. See Reader.read."""
    return _default_reader().read(source)


@lru_cache(maxsize=1)
def _default_reader() -> Reader:
    return load()


def shipped_weights(model: str, device: str, runtime: str | None) -> tuple[str, Traversable]:
    """The runtime to read a shipped model with, and its weights. Raises WeightsError where there are none for it."""
    folder = resources.files("detector.weights")
    files = {each: folder / (model + suffix) for each, suffix in WEIGHTS_SUFFIXES.items()}
    there = [each for each, file in files.items() if file.is_file()]
    if not there:
        raise WeightsError(f"{model}: no weights are shipped for this model; train it, then name the file.")
    if runtime is None:
        onnx = _is_cpu(device) and (_installed("onnxruntime") or not _installed("torch"))
        usable = {"int8": onnx and int8_is_fast(), "onnx": onnx, "torch": True}
        runtime = next((each for each in there if usable[each]), there[-1])
    if runtime not in there:
        listed = " and ".join(there)
        raise WeightsError(f"{model}: its shipped weights are for {listed}, not for {runtime}; leave runtime out.")
    return runtime, files[runtime]


def _network(
    runtime: str, path: Path, device: str, threads: int | None, spinning: bool
) -> tuple[str, Network, Calibration]:
    """A detector's name, the detector on its runtime, and the calibration of its scores."""
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
