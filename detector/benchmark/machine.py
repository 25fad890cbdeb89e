"""The machine that figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = ("torch", "torchvision", "onnxruntime", "numpy", "opencv-python-headless")
BUSY_LOAD_PER_CORE = 0.5  # running and waiting processes for each core, above which a machine is not idle


def describe(threads: int) -> dict[str, str]:
    """Processor, cores, system and versions, in words. threads: with which the benchmark computes."""
    described = {
        "processor": processor(),
        "cores": str(cores()),
        "threads": str(threads),
        "system": platform.platform(terse=True),
        "Python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            described[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            described[package] = "not installed"
    if hasattr(os, "getloadavg"):
        described["load before"] = f"{os.getloadavg()[0]:.1f}"
    return described


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, or at least its kind."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, names), "") or platform.processor() or platform.machine() or "unknown"


def was_busy(described: dict[str, str]) -> bool:
    """Whether other processes were computing when the benchmark began, which makes its figures worth little."""
    return float(described.get("load before", 0)) > BUSY_LOAD_PER_CORE * int(described["cores"])
