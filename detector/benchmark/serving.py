"""A server under load: many clients beside one reader, and what it makes of requests that nobody should send."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import numpy as np

from detector.benchmark.malformed import malformed, request
from detector.benchmark.measure import Measure
from detector.errors import DataError, DigitReaderError
from detector.reading.reader import Reader

CLIENTS = 16
TURNS = 6  # of clients and reader
SENDERS = 4  # of malformed requests
PATIENCE = 60.0  # seconds for an answer
MEGABYTE = 1e6
COMPLAINTS = ("error", "Traceback", "Exception", "Fatal")  # what lines begin with; decoders grumble otherwise


@dataclass(frozen=True)
class Server:
    """A server that runs. errors: the file with what it says went wrong."""

    address: tuple[str, int]
    process: subprocess.Popen[str]
    errors: Path

    @property
    def memory(self) -> float | None:
        """Megabytes (10^6 bytes) that it has, where the system tells."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return None
        kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), None)
        return None if kilobytes is None else int(kilobytes) * 1024 / MEGABYTE


@contextmanager
def served(tool: Path, options: Sequence[str], folder: Path) -> Iterator[Server]:
    """A server of its own process, on any free port, until the block ends. Raises DataError where it does not start."""
    errors = folder / "server.log"
    command = [sys.executable, str(tool), "--port", "0", *options]
    with errors.open("w") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            if " on http" not in said:
                raise DataError(f"{tool}: expected the server to start, got {errors.read_text().strip() or said!r}.")
            url = urlsplit(said.split()[-1])
            yield Server((str(url.hostname), int(url.port or 0)), process, errors)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


@dataclass(frozen=True)
class Load:
    """What clients got: milliseconds and statuses of all requests; 0 where there was no answer. seconds: of all."""

    seconds: float
    ms: list[float]
    statuses: Counter[int]


def hammer(address: tuple[str, int], files: Sequence[bytes], clients: int, seconds: float) -> Load:
    """Clients that each send one PNG file after the other, as soon as the last is answered."""
    requests = [request(file).replace(b"Connection: close\r\n", b"") for file in files]
    number = count()
    began = time.perf_counter()

    def client(_: int) -> list[tuple[float, int]]:
        told = []
        with socket.create_connection(address, PATIENCE) as connection:
            while (start := time.perf_counter()) < began + seconds:
                status = exchange(connection, requests[next(number) % len(requests)])
                told.append((1000 * (time.perf_counter() - start), status))
                if not status:
                    break
        return told

    with ThreadPoolExecutor(clients) as pool:
        told = [one for some in pool.map(client, range(clients)) for one in some]
    return Load(time.perf_counter() - began, [ms for ms, _ in told], Counter(status for _, status in told))


def exchange(connection: socket.socket, sent: bytes) -> int:
    """The status of the answer to a request, once all of it is there; 0 where the connection ends before."""
    received = b""
    try:
        connection.sendall(sent)
        while b"\r\n\r\n" not in received:
            if not (more := connection.recv(65536)):
                return 0
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        fields = head.lower().split(b"\r\n")
        missing = next((int(field[15:]) for field in fields if field.startswith(b"content-length:")), 0) - len(body)
        while missing > 0:
            if not (more := connection.recv(65536)):
                return 0
            missing -= len(more)
        return int(head[9:12])
    except (OSError, ValueError):
        return 0


def time_serving(server: Server, reader: Reader, files: Sequence[bytes], seconds: float) -> dict[str, Measure]:
    """Pictures a second from a server with many clients and from a reader without one, in turns; and what it takes."""
    turns = TURNS if seconds >= TURNS else 1
    hammer(server.address, files, CLIENTS, seconds / turns)  # which loads and allocates
    before = server.memory
    loads: list[Load] = []
    offline: list[float] = []
    for _ in range(turns):
        loads.append(hammer(server.address, files, CLIENTS, seconds / turns))
        many = [files[i % len(files)] for i in range(max(CLIENTS, len(loads[-1].ms)))]
        start = time.perf_counter()
        for page in reader.read_many(many):
            if isinstance(page, DigitReaderError):
                raise page
        offline.append(len(many) / (time.perf_counter() - start))
    rate = Measure(tuple(len(load.ms) / load.seconds for load in loads), "pictures/s")
    alone = Measure(tuple(offline), "pictures/s")
    ms = np.array([ms for load in loads for ms in load.ms])
    found = {
        "served / offline": rate.over(alone),
        f"served, {CLIENTS} clients": rate,
        "offline": alone,
        "answer, median": Measure((float(np.median(ms)),), "ms"),
        "answer, 99th percentile": Measure((float(np.quantile(ms, 0.99)),), "ms"),
        "errors": Measure((float(sum(load.statuses.total() - load.statuses[200] for load in loads)),), "requests"),
    }
    after = server.memory
    if before is not None and after is not None:
        found |= {"memory": Measure((after,), "MB"), "memory gained": Measure((after - before,), "MB")}
    return found


def send_malformed(server: Server, number: int, seed: int = 0) -> dict[str, Measure]:
    """How a server answered malformed requests, and what of that is a failure of its own.

    Failures are answers from 500 on, what it says went wrong, and no answer to an ordinary request afterwards.
    """

    def send(index: int) -> int:
        one = malformed(Random(f"{seed} {index}"))
        try:
            with socket.create_connection(server.address, PATIENCE) as connection:
                if not one.hangs_up:
                    return exchange(connection, one.sent)
                connection.sendall(one.sent)
                return 0
        except OSError:
            return 0

    with ThreadPoolExecutor(SENDERS) as pool:
        statuses = Counter(pool.map(send, range(number)))
    with socket.create_connection(server.address, PATIENCE) as connection:
        survived = exchange(connection, b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n") == 200
    said = server.errors.read_text(errors="replace").splitlines()
    complaints = sum(line.startswith(COMPLAINTS) for line in said)
    failures = sum(many for status, many in statuses.items() if status >= 500) + complaints + (not survived)
    found = {
        f"malformed, {f'status {status}' if status else 'hung up'}": Measure((float(many),), "requests")
        for status, many in sorted(statuses.items())
    }
    return {"malformed, failures": Measure((float(failures),), "requests")} | found
