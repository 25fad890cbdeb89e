"""Reading end to end: a large photograph from file to text, a folder of small pictures, and the peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from detector.benchmark.measure import WARM_UP_TURNS, Measurement, time_in_turns
from detector.errors import DataError, DigitReaderError, OptionError
from detector.reading.reader import Reader

FOLDER_PARTS = 4  # each is read in one turn, in both ways
COMMAND_TIMEOUT_S = 900
# A child's peak includes the memory of its parent at the fork, so this small process starts the command.
WATCH_SCRIPT = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps([done.returncode, done.stderr.decode(errors="replace"), seconds, peak]))
"""


def time_photograph(
    readers: Mapping[str, Reader], path: Path, lines: Sequence[str], turns: int
) -> dict[str, Measurement]:
    """Seconds from a file to its text for each reader, and the lines that the first reader reads exactly, in %.

    readers: by name; the first also gives "photograph". lines: the true text.
    """

    def contender(reader: Reader) -> Callable[[int], object]:
        return lambda turn: reader.read(path).text

    times = time_in_turns({name: contender(reader) for name, reader in readers.items()}, turns)
    seconds = {
        name: Measurement(tuple(ms / 1000 for ms in measurement.samples), "s") for name, measurement in times.items()
    }
    first = next(iter(readers))
    read = readers[first].read(path).text.splitlines()
    right = 100 * sum(line in read for line in lines) / max(1, len(lines))
    own = {f"photograph, {name}": measurement for name, measurement in seconds.items()}
    return {"photograph": seconds[first], **own, "lines of the photograph read exactly": Measurement((right,), "%")}


def time_folder(reader: Reader, paths: Sequence[Path]) -> dict[str, Measurement]:
    """Pictures a second, read together and one at a time. Raises the error of a picture that cannot be read."""
    parts = [paths[start::FOLDER_PARTS] for start in range(FOLDER_PARTS) if paths[start::FOLDER_PARTS]]

    def as_folder(some: Sequence[Path]) -> None:
        for page in reader.read_many(some):
            if isinstance(page, DigitReaderError):
                raise page

    def together(turn: int) -> None:
        as_folder(parts[turn])

    def alone(turn: int) -> None:
        for path in parts[turn]:
            reader.read(path)

    as_folder(paths[:WARM_UP_TURNS])
    times = time_in_turns({"folder": together, "one at a time": alone}, len(parts), settle=False, warm_up=0)
    rates = {
        name: Measurement(
            tuple(1000 * len(part) / ms for part, ms in zip(parts, measurement.samples, strict=True)), "pictures/s"
        )
        for name, measurement in times.items()
    }
    return {"folder / one at a time": rates["folder"].ratio_to(rates["one at a time"]), **rates}


def time_and_memory(command: Sequence[str | Path]) -> tuple[float, float]:
    """Seconds, and peak memory in gigabytes (10^9 bytes), of a command that runs as a process of its own.

    Raises DataError where it fails, OptionError on systems without getrusage.
    """
    if find_spec("resource") is None:
        raise OptionError(
            "peak memory: expected a system with getrusage, such as Linux, got one without; leave it out."
        )
    watcher = [sys.executable, "-c", WATCH_SCRIPT, *map(str, command)]
    done = subprocess.run(watcher, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
    if done.returncode:
        raise DataError(f"{command[-1]}: the command that watches memory failed ({done.stderr.strip()}).")
    status, errors, seconds, peak = json.loads(done.stdout)
    if status:
        raise DataError(
            f"{' '.join(map(str, command))}: expected it to succeed, got status {status} ({errors.strip()})."
        )
    return seconds, peak / 1e9
