"""How much a server takes of pictures, requests and memory, and how it refuses the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from detector.errors import OptionError

MEMORY_IN_UPLOADS = 8  # bytes of all requests in memory at once, as a multiple of the largest upload


class Refusal(Exception):
    """A request that is not carried out. status: of HTTP. sentence: what was expected, what came, what to do."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclass(frozen=True)
class Limits:
    """What the server accepts. Raises OptionError for a limit that is not above 0."""

    max_upload: int = 20_000_000
    """Bytes of a request."""
    max_pixels: int = 50_000_000
    """Of one picture."""
    max_pictures: int = 64
    """In one request."""
    max_waiting: int = 32
    """Requests that have arrived and have no response yet."""
    timeout: float = 60.0
    """Seconds in which a request has to arrive."""

    def __post_init__(self) -> None:
        for limit in fields(self):
            if not 0 < (value := getattr(self, limit.name)) < float("inf"):
                raise OptionError(f"{limit.name}: expected a number above 0, got {value:g}; {limit.default} is usual.")


class MemoryBudget:
    """The bytes that the bodies of all requests may take in memory together."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.reserved_bytes = max_bytes, 0

    @contextmanager
    def reservation(self) -> Iterator[Reservation]:
        """A reservation for one request, given back when the block ends."""
        reservation = Reservation(self)
        try:
            yield reservation
        finally:
            self.reserved_bytes -= reservation.bytes


class Reservation:
    """The bytes that one request has reserved of a MemoryBudget."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget, self.bytes = budget, 0

    def add(self, size: int) -> None:
        """Reserve `size` bytes more. Raises Refusal where the budget has no room for them."""
        if self._budget.reserved_bytes + size > self._budget.max_bytes:
            raise too_many_requests()
        self.bytes += size
        self._budget.reserved_bytes += size


def too_many_requests() -> Refusal:
    """The refusal of a request that comes while the server has as many as it can take."""
    return Refusal(429, "Expected fewer requests at once, got more than can be worked on; try again in a second.")
