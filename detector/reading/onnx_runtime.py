"""A detector that was exported to ONNX runs on ONNX Runtime: all that reading needs, without torch."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from detector.categories import DIGITS, checked
from detector.errors import WeightsError
from detector.images import Picture
from detector.reading.calibration import Calibration
from detector.types import Detections

FORMAT = "digit-reader 1"
INT8 = "int8"  # the precision of a quantised network, as its metadata name it
CPUINFO_FILE = Path("/proc/cpuinfo")
INT8_CPU_FLAGS = {"avx512_vnni", "avx_vnni"}  # Linux's names for the instructions that sum products of int8
RUN_PX = 300_000  # of one run of the network: more pixels push each other's feature maps out of the cache
SHARED_THREAD_GAIN = 0.5  # what each further thread adds, in threads, where all threads share every operation
INPUTS = {"pictures": "tensor(uint8)"}  # (B, H, W, 3), of any size
OUTPUTS = {  # N digits and signs in all the pictures, best first within each
    "boxes": "tensor(float)",  # (N, 4), pixels
    "labels": "tensor(int64)",  # (N,), indices into the network's categories
    "scores": "tensor(float)",  # (N,)
    "picture": "tensor(int64)",  # (N,), the index in the batch of the picture that each was found in
}


class OnnxNetwork:
    """A file that tools/export.py wrote, as the Network that a Reader takes.

    name: the detector's, such as faster-rcnn.
    categories: what it finds, by name, in the order of its labels. A file that tells of none finds the digits.
    calibration: what makes chances of its scores.
    threads: CPU threads to compute with, by default one for each core.
    spinning: whether threads that wait for the next operation keep their cores. That is a tenth faster, and slower
    where there is something else to do.
    Raises WeightsError where the file is missing, damaged, or no such export, or ONNX Runtime is not installed.
    """

    runtime = "ONNX Runtime"
    """What computes, and whether in int8."""

    def __init__(self, path: str | os.PathLike[str], threads: int | None = None, spinning: bool = True) -> None:
        self.path = Path(path)
        self.threads = threads or _cores()
        self.at_once = min(2, self.threads)  # while one call cuts tiles and merges, the other one has the network
        self._session = _session(self.path, self.threads, spinning)
        self._single_thread_session: Any = None  # for when every thread has pictures of its own
        self._pool: ThreadPoolExecutor | None = None  # those threads
        self._lock = Lock()  # while those two are made: `find` may be called in several threads at once
        metadata = self._session.get_modelmeta().custom_metadata_map
        if metadata.get("format") != FORMAT:
            raise WeightsError(
                f"{path}: expected a detector of this project in ONNX form ({FORMAT}), got "
                f"{metadata.get('format', 'something else')!r}; give a file that tools/export.py wrote."
            )
        inputs = {node.name: node.type for node in self._session.get_inputs()}
        outputs = {node.name: node.type for node in self._session.get_outputs()}
        if inputs != INPUTS or outputs != OUTPUTS:
            raise WeightsError(
                f"{path}: expected {_listed(INPUTS)} in and {_listed(OUTPUTS)} out, got {_listed(inputs)} in and "
                f"{_listed(outputs)} out; export it again with this version's tools/export.py."
            )
        self.name = str(metadata.get("model", ""))
        if metadata.get("precision") == INT8:
            self.runtime = f"{self.runtime}, {INT8}"
        self.whole_picture = metadata.get("whole_picture") == "1"
        try:
            stored = json.loads(metadata.get("categories", "null"))
            self.categories: tuple[str, ...] = DIGITS if stored is None else checked(tuple(stored))
        except (ValueError, TypeError) as error:
            raise WeightsError(f"{path}: {error}; export it again with tools/export.py.") from error
        try:
            self.calibration = Calibration.from_json(json.loads(metadata.get("calibration", "null")))
        except ValueError as error:
            raise WeightsError(f"{path}: {error} as its calibration; fit it again with tools/calibrate.py.") from error

    def find(self, pictures: Sequence[Picture]) -> list[Detections]:
        """See reader.Network. Pictures of one size go through together. Raises WeightsError where the network fails.

        Where that is faster, each thread takes pictures of its own, instead of a share of every operation.
        """
        shares = split_among_threads([picture.shape for picture in pictures], self.threads)
        if len(shares) == 1:
            return self._find(self._session, pictures)
        with self._lock:
            if self._single_thread_session is None or self._pool is None:
                self._single_thread_session = _session(self.path, 1)
                self._pool = ThreadPoolExecutor(self.threads, "find")
        session = self._single_thread_session
        parts = self._pool.map(lambda share: self._find(session, [pictures[i] for i in share]), shares)
        found = {i: one for share, part in zip(shares, parts, strict=True) for i, one in zip(share, part, strict=True)}
        return [found[i] for i in range(len(pictures))]

    def _find(self, session: Any, pictures: Sequence[Picture]) -> list[Detections]:
        found = [Detections.empty()] * len(pictures)
        for shape in sorted({picture.shape for picture in pictures}):
            alike = [i for i, picture in enumerate(pictures) if picture.shape == shape]
            step = max(1, RUN_PX // math.prod(shape[:2]))
            for start in range(0, len(alike), step):
                some = alike[start : start + step]
                for i, digits in zip(some, self._run(session, np.stack([pictures[i] for i in some])), strict=True):
                    found[i] = digits
        return found

    def _run(self, session: Any, batch: np.ndarray) -> list[Detections]:
        """What is in each picture of uint8 (B, H, W, 3)."""
        try:
            boxes, labels, scores, picture = session.run(list(OUTPUTS), {"pictures": batch})
        except Exception as error:
            raise WeightsError(
                f"{self.path}: the network failed on pictures of shape {batch.shape} ({_reason(error)}); give it less "
                "at a time if memory ran out, else export it again."
            ) from error
        height, width = batch.shape[1:3]
        boxes = boxes.clip(0, [[width, height, width, height]]).astype(np.float32)  # (N, 4)
        visible = (boxes[:, 2:] > boxes[:, :2]).all(1)  # (N,)
        found = []
        for index in range(len(batch)):
            own = np.flatnonzero(visible & (picture == index))  # (n,)
            own = own[np.argsort(-scores[own], kind="stable")]
            found.append(Detections(boxes[own], labels[own], scores[own].clip(0, 1)))
        return found


def split_among_threads(shapes: Sequence[tuple[int, ...]], threads: int) -> list[list[int]]:
    """Indices of the pictures that each thread takes, given their shapes. One list where all threads better share all.

    The pictures are ordered by shape and cut into parts of about equal size, so that most of one shape stay together.
    """
    order = sorted(range(len(shapes)), key=lambda i: (math.prod(shapes[i]), shapes[i]), reverse=True)
    shares: list[list[int]] = [[] for _ in range(threads)]
    loads = [0] * threads
    total, before = sum(map(math.prod, shapes)), 0
    for i in order:
        size = math.prod(shapes[i])
        part = (2 * before + size) * threads // (2 * total)  # in which its middle lies
        shares[part].append(i)
        loads[part] += size
        before += size
    if max(loads) * (1 + SHARED_THREAD_GAIN * (threads - 1)) >= total:
        return [list(range(len(shapes)))]
    return [share for share in shares if share]


def _session(path: Path, threads: int, spinning: bool = True) -> Any:
    """An InferenceSession on the CPU."""
    if not path.is_file():
        raise WeightsError(f"{path}: expected a weights file, found none; check the path.")
    try:
        # Here, because it is an extra, and takes as long to import as everything else together.
        import onnxruntime
    except ImportError as error:
        raise WeightsError(
            f"{path}: weights in ONNX form need the extra 'onnx', which is not installed ({error}); install it, as in: "
            "pip install 'digit-reader[onnx]'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    options.enable_mem_pattern = False  # one is kept for every shape that ever came
    options.log_severity_level = 4  # what goes wrong is raised, and need not be printed too
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no base of their own
        raise WeightsError(
            f"{path}: expected a network in ONNX form, got something damaged or else ({_reason(error)}); "
            "copy or export it again."
        ) from error


@lru_cache(maxsize=1)
def int8_is_fast() -> bool:
    """Whether Linux says that this processor has instructions for int8. Without them int8 is slower and less exact."""
    try:
        text = CPUINFO_FILE.read_text(encoding="utf-8")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return not INT8_CPU_FLAGS.isdisjoint(flags.split())


def _cores() -> int:
    """The cores that this process may use. Left to itself, ONNX Runtime would count those of the whole machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _reason(error: Exception) -> str:
    """What ONNX Runtime says, in one line and without its code."""
    return " ".join(str(error).split(" : ")[-1].split("failed:")[-1].split())[:300].rstrip(".")


def _listed(nodes: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in nodes.items()) or "nothing"
