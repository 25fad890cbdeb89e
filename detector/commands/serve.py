"""Serves a page to read pictures on, and an API for other programs, on this machine alone unless told otherwise.

    digit-reader serve                                        # then open the address that it says
    digit-reader serve --port 0 --threads 2 --max-upload 50   # on any port that is free
    digit-reader serve --host 0.0.0.0                         # for everybody in the network
    curl -F picture=@examples/page.jpg http://127.0.0.1:8000/api/read

The API is described at /docs. Ctrl-C ends it when what has been asked is answered.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from detector.commands.options import IfGiven, Runtime
from detector.errors import OptionError

INTERRUPTED = ""


@dataclass(frozen=True)
class ListeningOptions:
    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 for everybody in the network."""
    port: int = 8000
    """Port to listen at; 0 for any that is free."""
    allow_host: tuple[str, ...] = ()
    """Further names that clients may call this server by, without ports. Where it listens to this machine alone, they
    may call it localhost; in a network anything, unless names are given here."""
    verbose: bool = False
    """Every request is shown, on standard error."""


@dataclass(frozen=True)
class ReadingOptions:
    model: IfGiven[str] = None
    """Which detector reads unless a request says otherwise; without it, the one that the weights are of."""
    weights: IfGiven[Path] = None
    """Weights file, whose detector is then the only one; without it, those that are shipped."""
    runtime: IfGiven[Runtime] = None
    """What to compute with; without it, ONNX Runtime where it is installed and can be used, else PyTorch."""
    threads: IfGiven[int] = None
    """How many CPU threads to compute with; without it, as many as there are cores."""


@dataclass(frozen=True)
class LimitOptions:
    max_upload: float = 20
    """Megabytes of a request."""
    max_pixels: float = 50
    """Megapixels of a picture."""
    max_pictures: int = 64
    """Pictures in a request."""
    max_waiting: int = 32
    """Requests that are read at once, or wait for it; others are asked to try again."""
    timeout: float = 60
    """Seconds in which a request has to have arrived."""


@dataclass(frozen=True)
class Args:
    listening: ListeningOptions = field(default_factory=ListeningOptions)
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    limits: LimitOptions = field(default_factory=LimitOptions)


def main(args: Args) -> None:
    listening, reading, asked = args.listening, args.reading, args.limits
    logging.basicConfig(format="%(message)s", level=logging.INFO if listening.verbose else logging.ERROR)
    warnings.simplefilter("ignore")  # Pillow's, about pictures that others send
    try:
        from detector.server import limits, running
    except ImportError as error:
        raise OptionError(
            f"serving: expected the extra 'serve' to be installed, got none ({error}); install it, as in: "
            "pip install 'digit-reader[serve]'"
        ) from error
    most = limits.Limits(
        int(asked.max_upload * 10**6),
        int(asked.max_pixels * 10**6),
        asked.max_pictures,
        asked.max_waiting,
        asked.timeout,
    )
    server = running.listening(listening.host, listening.port)
    readers = running.shipped_readers(reading.weights, reading.model, reading.threads, reading.runtime)
    address = running.address_of(server)
    running.serve(
        readers,
        server,
        most,
        running.hosts_of(listening.host, listening.allow_host),
        lambda: print(f"digit-reader listens on {address}", flush=True),
    )
    print("digit-reader stopped", flush=True)
