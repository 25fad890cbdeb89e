"""A server under load: beside a reader without a server, and with malformed requests."""

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

from detector.benchmark.malformed import malformed_request, request
from detector.benchmark.measure import Measurement
from detector.errors import DataError, DigitReaderError
from detector.reading.reader import Reader

CLIENTS = 16
ROUNDS = 6  # in each of which first the clients and then the reader are timed
MALFORMED_SENDERS = 4  # threads
TIMEOUT_S = 60.0  # for a response
MEGABYTE = 1e6
ERROR_PREFIXES = ("error", "Traceback", "Exception", "Fatal")  # of lines; decoders write other warnings, too


@dataclass(frozen=True)
class Server:
    """A running server."""

    address: tuple[str, int]
    """Host and port."""
    process: subprocess.Popen[str]
    errors: Path
    """File with its standard error."""

    @property
    def memory_mb(self) -> float | None:
        """Resident memory in megabytes (10^6 bytes); None where the system does not tell."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return None
        kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), None)
        return None if kilobytes is None else int(kilobytes) * 1024 / MEGABYTE


@contextmanager
def running_server(tool: Path, options: Sequence[str], folder: Path) -> Iterator[Server]:
    """A server in a process of its own on a free port, until the block ends. Raises DataError if it does not start."""
    errors = folder / "server.log"
    command = [sys.executable, str(tool), "--port", "0", *options]
    with errors.open("w") as log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            assert process.stdout is not None
            first_line = process.stdout.readline()
            if " on http" not in first_line:
                raise DataError(
                    f"{tool}: expected the server to start, got {errors.read_text().strip() or first_line!r}."
                )
            url = urlsplit(first_line.split()[-1])
            yield Server((str(url.hostname), int(url.port or 0)), process, errors)
        finally:
            process.terminate()
            process.communicate(timeout=TIMEOUT_S)


@dataclass(frozen=True)
class LoadResult:
    """What all clients together got."""

    seconds: float
    """From the first request to the last response."""
    ms: list[float]
    """Milliseconds of each request."""
    statuses: Counter[int]
    """Requests by HTTP status; 0 where there was no response."""


def send_load(address: tuple[str, int], files: Sequence[bytes], clients: int, seconds: float) -> LoadResult:
    """Let clients send PNG files for some seconds, each its next one as soon as the last has a response."""
    requests = [request(file).replace(b"Connection: close\r\n", b"") for file in files]
    indices = count()
    start_of_load = time.perf_counter()

    def client(_: int) -> list[tuple[float, int]]:
        outcomes = []
        with socket.create_connection(address, TIMEOUT_S) as connection:
            while (start := time.perf_counter()) < start_of_load + seconds:
                status = exchange(connection, requests[next(indices) % len(requests)])
                outcomes.append((1000 * (time.perf_counter() - start), status))
                if not status:
                    break
        return outcomes

    with ThreadPoolExecutor(clients) as pool:
        outcomes = [outcome for own in pool.map(client, range(clients)) for outcome in own]
    return LoadResult(
        time.perf_counter() - start_of_load, [ms for ms, _ in outcomes], Counter(status for _, status in outcomes)
    )


def exchange(connection: socket.socket, sent: bytes) -> int:
    """Send a request and wait for the whole response. Returns its status; 0 where the connection ends before."""
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


def time_serving(server: Server, reader: Reader, files: Sequence[bytes], seconds: float) -> dict[str, Measurement]:
    """Pictures a second of a server with many clients and of a reader alone, in turns; with latency and memory."""
    rounds = ROUNDS if seconds >= ROUNDS else 1
    send_load(server.address, files, CLIENTS, seconds / rounds)  # a warm-up, which loads and allocates
    before = server.memory_mb
    loads: list[LoadResult] = []
    offline_rates: list[float] = []
    for _ in range(rounds):
        loads.append(send_load(server.address, files, CLIENTS, seconds / rounds))
        sources = [files[i % len(files)] for i in range(max(CLIENTS, len(loads[-1].ms)))]
        start = time.perf_counter()
        for page in reader.read_many(sources):
            if isinstance(page, DigitReaderError):
                raise page
        offline_rates.append(len(sources) / (time.perf_counter() - start))
    rate = Measurement(tuple(len(load.ms) / load.seconds for load in loads), "pictures/s")
    offline = Measurement(tuple(offline_rates), "pictures/s")
    ms = np.array([ms for load in loads for ms in load.ms])
    measurements = {
        "served / offline": rate.ratio_to(offline),
        f"served, {CLIENTS} clients": rate,
        "offline": offline,
        "answer, median": Measurement((float(np.median(ms)),), "ms"),
        "answer, 99th percentile": Measurement((float(np.quantile(ms, 0.99)),), "ms"),
        "errors": Measurement((float(sum(load.statuses.total() - load.statuses[200] for load in loads)),), "requests"),
    }
    after = server.memory_mb
    if before is not None and after is not None:
        measurements |= {"memory": Measurement((after,), "MB"), "memory gained": Measurement((after - before,), "MB")}
    return measurements


def send_malformed(server: Server, requests: int, seed: int = 0) -> dict[str, Measurement]:
    """The statuses of a server's responses to random malformed requests, and the count of its failures.

    Failures are statuses from 500 on, lines with an error in its output, and no response to a valid request afterwards.
    """

    def send(index: int) -> int:
        sample = malformed_request(Random(f"{seed} {index}"))
        try:
            with socket.create_connection(server.address, TIMEOUT_S) as connection:
                if not sample.hangs_up:
                    return exchange(connection, sample.sent)
                connection.sendall(sample.sent)
                return 0
        except OSError:
            return 0

    with ThreadPoolExecutor(MALFORMED_SENDERS) as pool:
        statuses = Counter(pool.map(send, range(requests)))
    with socket.create_connection(server.address, TIMEOUT_S) as connection:
        survived = exchange(connection, b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n") == 200
    output = server.errors.read_text(errors="replace").splitlines()
    error_lines = sum(line.startswith(ERROR_PREFIXES) for line in output)
    failures = sum(times for status, times in statuses.items() if status >= 500) + error_lines + (not survived)
    measurements = {
        f"malformed, {f'status {status}' if status else 'hung up'}": Measurement((float(times),), "requests")
        for status, times in sorted(statuses.items())
    }
    return {"malformed, failures": Measurement((float(failures),), "requests")} | measurements
