"""Pictures are opened in a thread of their own, ahead of the detector, as far as memory allows. No torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from typing import TypeAlias

from detector.errors import DigitReaderError
from detector.images import Picture, Source, open_image

MAX_WAITING_PX = 32_000_000  # of opened pictures that wait, three bytes each; the next one is opened when fewer wait
MAX_WAITING_PICTURES = 256  # opened or still to be opened
GROUP_PX = 4_000_000  # a group with so many pixels is full
MAX_GROUP_PICTURES = 64

Group: TypeAlias = "list[Picture | DigitReaderError]"


class _Opener:
    """Opens one picture after the other while fewer than MAX_WAITING_PX pixels wait."""

    def __init__(self) -> None:
        self._waiting_px = 0.0
        self._changed = Condition()

    def open(self, source: Source) -> Picture | DigitReaderError:
        """The picture, or what is wrong with it. Blocks until there is room for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting_px < MAX_WAITING_PX)
        try:
            picture = open_image(source)
        except DigitReaderError as error:
            return error
        self.release(-_pixels(picture))
        return picture

    def release(self, pixels: float) -> None:
        """Make room: so many pixels no longer wait."""
        with self._changed:
            self._waiting_px -= pixels
            self._changed.notify()


def open_ahead(sources: Iterable[Source]) -> Generator[Group, None, None]:
    """The pictures, or what is wrong with each, in order, in groups of those that are ready together.

    A group has at least one picture. It is full at GROUP_PX pixels or MAX_GROUP_PICTURES pictures. Nobody waits for a
    full group, so that the first results come as soon as they can. The sources are iterated in the caller's thread and
    opened in another one.
    """
    opener = _Opener()
    rest = iter(sources)
    waiting: deque[Future[Picture | DigitReaderError]] = deque()
    pool = ThreadPoolExecutor(1, "open")  # of several threads, each might wait for room that only another one can make
    try:
        while True:
            while len(waiting) < MAX_WAITING_PICTURES and (source := next(rest, None)) is not None:
                waiting.append(pool.submit(opener.open, source))
            if not waiting:
                return
            group = [waiting.popleft().result()]
            pixels = _pixels(group[0])
            while waiting and waiting[0].done() and pixels < GROUP_PX and len(group) < MAX_GROUP_PICTURES:
                group.append(waiting.popleft().result())
                pixels += _pixels(group[-1])
            opener.release(pixels)
            yield group
            del group  # not kept while the next one is waited for
    finally:
        opener.release(float("inf"))
        pool.shutdown(cancel_futures=True)


def _pixels(picture: Picture | DigitReaderError) -> int:
    return 0 if isinstance(picture, DigitReaderError) else picture.shape[0] * picture.shape[1]
