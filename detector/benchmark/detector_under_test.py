"""The detector that is measured, on every runtime that is installed."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from detector.errors import DigitReaderError, OptionError
from detector.models import checkpoint
from detector.models.base import Detector, available
from detector.reading.loading import load
from detector.reading.onnx_runtime import INT8, int8_is_fast
from detector.reading.reader import Network, Reader


class DetectorUnderTest:
    """One detector on PyTorch, and on ONNX Runtime where that is installed. Each is loaded at its first use."""

    def __init__(
        self, weights: Path | None, model: str | None, device: str, threads: int, folder: Path, with_onnx: bool = True
    ) -> None:
        """weights, model: as for `loading.load`. folder: for temporary files. Raises OptionError for ONNX weights."""
        if weights is not None and weights.suffix == ".onnx":
            raise OptionError(f"--weights {weights}: expected PyTorch weights (.safetensors), which can be trained.")
        self.weights, self.name, self.threads, self.folder = weights, model, threads, folder
        self.device = available(device)
        self.with_onnx = with_onnx and self.device.type == "cpu"
        self.skipped: list[str] = []

    @cached_property
    def reader(self) -> Reader:
        """The reader on PyTorch."""
        return load(self.weights, self.name, str(self.device), threads=self.threads, runtime="torch")

    @property
    def model(self) -> Detector:
        """The model of the reader on PyTorch."""
        assert isinstance(self.reader.model, Detector)
        return self.reader.model

    @cached_property
    def readers(self) -> dict[str, Reader]:
        """Readers by the names of their runtimes. The first is the one that a user gets by default."""
        readers = {self.reader.model.runtime: self.reader}
        if not self.with_onnx:
            return readers
        # Other weights are exported in float alone: int8 would take pictures to find ranges with.
        engines = ["onnx"] if self.weights or not int8_is_fast() else ["int8", "onnx"]
        exported = {}
        for engine in engines:
            try:
                reader = load(self.onnx, self.name, threads=self.threads, runtime=engine)
                exported[reader.model.runtime] = reader
            except (DigitReaderError, ImportError) as error:
                self.skipped.append(f"ONNX Runtime ({engine}): {error}")
        return exported | readers

    @cached_property
    def onnx(self) -> Path | None:
        """The file for ONNX Runtime; None for the one that is shipped."""
        if self.weights is None:
            return None
        from detector.export.onnx import export  # needs packages that nothing else does

        name, model, _ = checkpoint.load(self.weights)
        path = self.folder / f"{name}.onnx"
        export(model, path)
        return path

    @property
    def networks(self) -> dict[str, Network]:
        """The networks of the readers, by the names of their runtimes."""
        return {name: reader.model for name, reader in self.readers.items()}

    @property
    def infer_options(self) -> list[str]:
        """Options with which `tools/infer.py` reads as the first of the readers does."""
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
