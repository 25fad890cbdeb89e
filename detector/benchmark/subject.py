"""What is measured: one detector, on every runtime there is."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from detector.errors import DigitReaderError, OptionError
from detector.models import checkpoint
from detector.models.base import Detector, available
from detector.reading.loading import load
from detector.reading.onnx_runtime import INT8, int8_is_fast
from detector.reading.reader import Network, Reader


class Subject:
    """What is measured: the model on PyTorch, and on ONNX Runtime where that is there; loaded when first asked for."""

    def __init__(
        self, weights: Path | None, model: str | None, device: str, threads: int, folder: Path, with_onnx: bool = True
    ) -> None:
        """weights, model: see loading.load. folder: for files that nobody needs afterwards."""
        if weights is not None and weights.suffix == ".onnx":
            raise OptionError(f"--weights {weights}: expected PyTorch weights (.safetensors), which can be trained.")
        self.weights, self.name, self.threads, self.folder = weights, model, threads, folder
        self.device = available(device)
        self.with_onnx = with_onnx and self.device.type == "cpu"
        self.missing: list[str] = []

    @cached_property
    def reader(self) -> Reader:
        """On PyTorch."""
        return load(self.weights, self.name, str(self.device), threads=self.threads, runtime="torch")

    @property
    def model(self) -> Detector:
        """Of that reader."""
        assert isinstance(self.reader.model, Detector)
        return self.reader.model

    @cached_property
    def readers(self) -> dict[str, Reader]:
        """By the names of their runtimes, the one that a user gets unasked first."""
        readers = {self.reader.model.runtime: self.reader}
        if not self.with_onnx:
            return readers
        # Of own weights there is one export: int8 takes pictures to find ranges with, which are not at hand here.
        engines = ["onnx"] if self.weights or not int8_is_fast() else ["int8", "onnx"]
        exported = {}
        for engine in engines:
            try:
                reader = load(self.onnx, self.name, threads=self.threads, runtime=engine)
                exported[reader.model.runtime] = reader
            except (DigitReaderError, ImportError) as error:
                self.missing.append(f"ONNX Runtime ({engine}): {error}")
        return exported | readers

    @cached_property
    def onnx(self) -> Path | None:
        """The file to read with on ONNX Runtime; None for the one that is shipped."""
        if self.weights is None:
            return None
        from detector.export.onnx import export  # needs packages that nothing else does

        name, model, _ = checkpoint.load(self.weights)
        path = self.folder / f"{name}.onnx"
        export(model, path)
        return path

    @property
    def networks(self) -> dict[str, Network]:
        """As readers."""
        return {name: reader.model for name, reader in self.readers.items()}

    @property
    def options(self) -> list[str]:
        """For the command line of infer.py, so that it reads as the first of the readers does."""
        first = next(iter(self.readers))
        runtime = "torch" if first == "PyTorch" else "int8" if INT8 in first else "onnx"
        options = {
            "weights": self.weights if runtime == "torch" else self.onnx,
            "runtime": runtime,
            "model": self.name,
            "device": self.device,
            "threads": self.threads,
        }
        return [word for name, value in options.items() if value is not None for word in (f"--{name}", str(value))]
