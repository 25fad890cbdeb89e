"""How much of what a server takes, and how it says no."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from detector.errors import OptionError

HELD = 8  # times the largest upload: bytes of all requests together that are in memory at once


class Refusal(Exception):
    """What was asked cannot be done. status: of HTTP. sentence: what was expected, what came, what to do."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclass(frozen=True)
class Limits:
    """What a request may take. Raises OptionError for what is not above 0.

    max_upload: bytes of a request. max_pixels: of a picture. max_pictures: in a request. max_waiting: requests that are
    read at once, or wait for it. timeout: seconds in which a request has to have arrived.
    """

    max_upload: int = 20_000_000
    max_pixels: int = 50_000_000
    max_pictures: int = 64
    max_waiting: int = 32
    timeout: float = 60.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            if not 0 < (value := getattr(self, limit.name)) < float("inf"):
                raise OptionError(f"{limit.name}: expected a number above 0, got {value:g}; {limit.default} is usual.")


class Memory:
    """The bytes that requests on their way have in memory, all together."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """What one request holds, until the block ends."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.held


class Share:
    """What one request holds of a Memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory, self.held = memory, 0

    def take(self, size: int) -> None:
        """So many bytes more. Raises Refusal where there is no room for them."""
        if self._memory.held + size > self._memory.most:
            raise too_many()
        self.held += size
        self._memory.held += size


def too_many() -> Refusal:
    """For requests that come when as many are there as can be."""
    return Refusal(429, "Expected fewer requests at once, got more than can be worked on; try again in a second.")
