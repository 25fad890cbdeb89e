"""Pictures opened in a thread, ahead of whoever looks at them, as far as memory allows. No torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from typing import TypeAlias

from detector.errors import DigitReaderError
from detector.images import Picture, Source, open_image

AHEAD = 32_000_000  # pixels that may wait, opened, before the next picture is: three bytes each
WAITING = 256  # pictures that may wait, opened or not
GROUP = 4_000_000  # pixels from which a group is not added to
MOST = 64  # pictures of a group

Group: TypeAlias = "list[Picture | DigitReaderError]"


class _Opener:
    """Opens pictures, one after the other, as long as less than AHEAD pixels wait."""

    def __init__(self) -> None:
        self._waiting = 0.0  # pixels
        self._changed = Condition()

    def open(self, source: Source) -> Picture | DigitReaderError:
        """The picture or what is wrong with it; returns when there is room."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting < AHEAD)
        try:
            picture = open_image(source)
        except DigitReaderError as error:
            return error
        self.taken(-picture.size // 3)
        return picture

    def taken(self, pixels: float) -> None:
        """So many pixels wait no more."""
        with self._changed:
            self._waiting -= pixels
            self._changed.notify()


def open_ahead(sources: Iterable[Source]) -> Generator[Group, None, None]:
    """The pictures, or what is wrong with each, in order: in groups of what is ready, to be looked at together.

    A group is one picture or more, of GROUP pixels and a picture at most. The sources are taken in the caller's thread,
    and opened in another; nobody waits for a full group, so that the first answer comes as soon as it can.
    """
    opener = _Opener()
    rest = iter(sources)
    waiting: deque[Future[Picture | DigitReaderError]] = deque()
    pool = ThreadPoolExecutor(1, "open")  # more than one might each wait for room that only the first can make
    try:
        while True:
            while len(waiting) < WAITING and (source := next(rest, None)) is not None:
                waiting.append(pool.submit(opener.open, source))
            if not waiting:
                return
            group = [waiting.popleft().result()]
            pixels = _pixels(group[0])
            while waiting and waiting[0].done() and pixels < GROUP and len(group) < MOST:
                group.append(waiting.popleft().result())
                pixels += _pixels(group[-1])
            opener.taken(pixels)
            yield group
            del group
    finally:
        opener.taken(float("inf"))
        pool.shutdown(cancel_futures=True)


def _pixels(picture: Picture | DigitReaderError) -> int:
    return 0 if isinstance(picture, DigitReaderError) else picture.shape[0] * picture.shape[1]
