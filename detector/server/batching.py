"""Pictures of all requests on their way through one detector: opened in a thread, looked at together in another."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from threading import Condition, Thread

from detector.images import Picture
from detector.reading.prefetch import AHEAD, GROUP, MOST
from detector.reading.reader import Reader
from detector.types import Detections

FINDERS = 2  # threads that look, so that one computes while the other is at what only one core can do


@dataclass(frozen=True)
class Seen:
    """What was found in a picture. width, height: its own. ms: what opening it took, and its share of looking at it."""

    width: int
    height: int
    found: Detections
    ms: float


@dataclass(eq=False)
class _Look:
    """One picture on its way."""

    reader: Reader
    open: Callable[[], Picture] | None
    seen: Future[Seen] = field(default_factory=Future)
    picture: Picture | None = None
    ms: float = 0.0

    @property
    def pixels(self) -> int:
        return 0 if self.picture is None else self.picture.shape[0] * self.picture.shape[1]


class Batcher:
    """Opens and looks at what comes, in threads of its own: one opens, FINDERS look.

    While some pictures are looked at, the next are opened, and what has come meanwhile is looked at together, as far
    as it is for one reader: GROUP pixels and a picture at most. A second group is begun beside another one when it has
    as many pictures: sooner, groups would be small, which costs more than it saves. So small pictures need not wait
    for a large one. Requests take turns, a picture each, so that one with many holds up none. Memory is bounded:
    pictures are opened as long as less than AHEAD pixels wait.
    """

    def __init__(self) -> None:
        self._unopened: deque[deque[_Look]] = deque()  # of each request
        self._opened: deque[_Look] = deque()
        self._pixels = 0  # opened, and not done with
        self._looked_at: list[int] = []  # how many pictures each group has that is looked at
        self._closed = False
        self._changed = Condition()
        self._threads = [Thread(target=work, daemon=True) for work in (self._open_all, *[self._find_all] * FINDERS)]
        for thread in self._threads:
            thread.start()

    def look(self, pictures: Iterable[Callable[[], Picture]], reader: Reader) -> list[Future[Seen]]:
        """What the reader finds in each picture of a request, given what opens it; or what went wrong with it."""
        looks = [_Look(reader, picture) for picture in pictures]
        for look in looks:
            look.seen.set_running_or_notify_cancel()  # nobody can cancel it from now on
        with self._changed:
            if looks:
                self._unopened.append(deque(looks))
            self._changed.notify_all()
        return [look.seen for look in looks]

    def close(self) -> None:
        """Ends the threads when they are done with what they are at; what waits is never looked at."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _open_all(self) -> None:
        while self._open_one():
            pass

    def _open_one(self) -> bool:
        look = self._next_unopened()
        if look is None:
            return False
        start = time.perf_counter()
        opener, look.open = look.open, None  # so that the bytes of the file are kept no longer than it takes
        assert opener is not None
        try:
            look.picture = opener()
        except Exception as error:  # whatever it is, it is that picture's, and the others are still read
            look.seen.set_exception(error)
            return True
        look.ms = _ms_since(start)
        with self._changed:
            self._pixels += look.pixels
            self._opened.append(look)
            self._changed.notify_all()
        return True

    def _next_unopened(self) -> _Look | None:
        """One picture of the request whose turn it is, when there is one and room for it; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or (self._unopened and self._pixels < AHEAD))
            if self._closed:
                return None
            request = self._unopened.popleft()
            look = request.popleft()
            if request:
                self._unopened.append(request)
            return look

    def _find_all(self) -> None:
        while self._find_some():
            pass

    def _find_some(self) -> bool:
        group = self._next_group()
        if not group:
            return False
        _find(group)
        with self._changed:
            self._pixels -= sum(look.pixels for look in group)
            self._looked_at.remove(len(group))
            self._changed.notify_all()
        return True

    def _next_group(self) -> list[_Look]:
        """What can be looked at together, when there is enough; nothing when closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or (self._opened and len(self._opened) >= min(self._looked_at, default=1))
            )
            group: list[_Look] = []
            others: deque[_Look] = deque()
            pixels = 0
            while self._opened and not self._closed and pixels < GROUP and len(group) < MOST:
                look = self._opened.popleft()
                if group and look.reader is not group[0].reader:
                    others.append(look)
                    continue
                group.append(look)
                pixels += look.pixels
            self._opened.extendleft(reversed(others))
            if group:
                self._looked_at.append(len(group))
            return group


def _find(group: list[_Look]) -> None:
    start = time.perf_counter()
    try:
        found = group[0].reader.detect_many([look.picture for look in group if look.picture is not None])
    except Exception as error:
        if len(group) == 1:
            group[0].seen.set_exception(error)
            return
        for look in group:  # so that what goes wrong with one is no other's business
            _find([look])
        return
    each = _ms_since(start) / sum(look.pixels for look in group)
    for look, detections in zip(group, found, strict=True):
        assert look.picture is not None
        height, width = look.picture.shape[:2]
        look.seen.set_result(Seen(width, height, detections, look.ms + each * look.pixels))


def _ms_since(start: float) -> float:
    return 1000 * (time.perf_counter() - start)


def when_all(futures: Iterable[Future[Seen]], then: Callable[[], object]) -> None:
    """Calls `then` as soon as all of one or more futures are done, in the thread of whoever is last."""
    listed = list(futures)
    left = count(len(listed) - 1, -1)

    def one_less(_: Future[Seen]) -> None:
        if next(left) == 0:
            then()

    for future in listed:
        future.add_done_callback(one_less)
