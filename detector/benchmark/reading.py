"""Reading end to end: a large photograph from file to text, a folder of small pictures, and the memory it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from detector.benchmark.measure import WARM_UP, Measure, in_turns
from detector.errors import DataError, DigitReaderError, OptionError
from detector.reading.reader import Reader

PARTS = 4  # of a folder, read in turns one way and the other
COMMAND_SECONDS = 900
# A child's peak counts what it inherits, so a process as small as possible starts it and asks for the figure.
WATCH = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps([done.returncode, done.stderr.decode(errors="replace"), seconds, peak]))
"""


def time_photograph(readers: Mapping[str, Reader], path: Path, lines: Sequence[str], turns: int) -> dict[str, Measure]:
    """Seconds from a file to its text, by the name of each reader, and how much of it is right.

    readers: the first is the one that counts. lines: what is truly written.
    """

    def contender(reader: Reader) -> Callable[[int], object]:
        return lambda turn: reader.read(path).text

    times = in_turns({name: contender(reader) for name, reader in readers.items()}, turns)
    seconds = {name: Measure(tuple(ms / 1000 for ms in measure.samples), "s") for name, measure in times.items()}
    first = next(iter(readers))
    read = readers[first].read(path).text.splitlines()
    right = 100 * sum(line in read for line in lines) / max(1, len(lines))
    own = {f"photograph, {name}": measure for name, measure in seconds.items()}
    return {"photograph": seconds[first], **own, "lines of the photograph read exactly": Measure((right,), "%")}


def time_folder(reader: Reader, paths: Sequence[Path]) -> dict[str, Measure]:
    """Pictures a second, read as a folder and one at a time; parts of the folder in turns. Raises a picture's error."""
    parts = [paths[start::PARTS] for start in range(PARTS) if paths[start::PARTS]]

    def as_folder(some: Sequence[Path]) -> None:
        for page in reader.read_many(some):
            if isinstance(page, DigitReaderError):
                raise page

    def together(turn: int) -> None:
        as_folder(parts[turn])

    def alone(turn: int) -> None:
        for path in parts[turn]:
            reader.read(path)

    as_folder(paths[:WARM_UP])
    times = in_turns({"folder": together, "one at a time": alone}, len(parts), settle=False, warm_up=0)
    rates = {
        name: Measure(
            tuple(1000 * len(part) / ms for part, ms in zip(parts, measure.samples, strict=True)), "pictures/s"
        )
        for name, measure in times.items()
    }
    return {"folder / one at a time": rates["folder"].over(rates["one at a time"]), **rates}


def watch(command: Sequence[str | Path]) -> tuple[float, float]:
    """Seconds and gigabytes (10^9 bytes) at the peak that a command takes as a process of its own.

    Raises DataError where it fails, OptionError on systems that do not count memory so.
    """
    if find_spec("resource") is None:
        raise OptionError(
            "peak memory: expected a system with getrusage, such as Linux, got one without; leave it out."
        )
    watcher = [sys.executable, "-c", WATCH, *map(str, command)]
    done = subprocess.run(watcher, capture_output=True, text=True, timeout=COMMAND_SECONDS)
    if done.returncode:
        raise DataError(f"{command[-1]}: the command that watches memory failed ({done.stderr.strip()}).")
    status, errors, seconds, peak = json.loads(done.stdout)
    if status:
        raise DataError(
            f"{' '.join(map(str, command))}: expected it to succeed, got status {status} ({errors.strip()})."
        )
    return seconds, peak / 1e9
