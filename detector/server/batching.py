"""Pictures of all requests on their way through the detectors: one thread opens them, others detect in batches."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from threading import Condition, Thread

from detector.images import Picture
from detector.reading.prefetch import GROUP_PX, MAX_GROUP_PICTURES, MAX_WAITING_PX
from detector.reading.reader import Reader
from detector.types import Detections, Table

DETECT_THREADS = 2  # while one runs a part that only one core can do, the other computes


@dataclass(frozen=True)
class ImageDetections:
    """What a detector found in one picture."""

    width: int
    """Of the picture, pixels."""
    height: int
    """Of the picture, pixels."""
    detections: Detections
    """All digits, down to the low score at which the detector stops."""
    ms: float
    """Milliseconds for opening it, and its share, by area, of what its batch took."""
    tables: tuple[Table, ...] = ()
    """Those in the picture, where they were asked for."""


Look = Callable[[Picture, Detections], tuple[Table, ...]]
"""Finds tables in a picture in which this was detected."""


@dataclass(eq=False)
class _Job:
    """One picture on its way. image: once it is opened. look: for its tables, where they are asked for."""

    reader: Reader
    open: Callable[[], Picture] | None
    result: Future[ImageDetections] = field(default_factory=Future)
    look: Look | None = None
    image: Picture | None = None
    ms: float = 0.0

    @property
    def pixels(self) -> int:
        return 0 if self.image is None else self.image.shape[0] * self.image.shape[1]


class Batcher:
    """Opens pictures and detects digits in them, in threads of its own: one opens, DETECT_THREADS detect.

    While one batch is in a detector, the next pictures are opened. Those that are open form the next batch, as far as
    they are for the same reader. A batch ends with the picture that fills its pixels, or with its last picture.
    A second batch starts beside a running one only when it has as many pictures: small batches cost more than they
    save. So small pictures need not wait for a large one.
    Requests take turns, one picture each: one with many pictures does not hold up the others.
    Memory is bounded: no picture is opened while too many pixels wait.
    """

    def __init__(self) -> None:
        self._unopened: deque[deque[_Job]] = deque()  # one deque for each request
        self._opened: deque[_Job] = deque()
        self._pixels = 0  # of pictures that are open and not finished
        self._batch_sizes: list[int] = []  # pictures in each batch that is in a detector
        self._closed = False
        self._changed = Condition()
        self._threads = [
            Thread(target=work, daemon=True) for work in (self._open_all, *[self._detect_all] * DETECT_THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self, openers: Iterable[Callable[[], Picture]], reader: Reader, look: Look | None = None
    ) -> list[Future[ImageDetections]]:
        """Queue the pictures of one request, each given as a function that opens it.

        look: for tables; without it there are none. Returns a future for each picture: what the reader detects in it,
        or the error that it raised.
        """
        jobs = [_Job(reader, opener, look=look) for opener in openers]
        for job in jobs:
            job.result.set_running_or_notify_cancel()  # nobody can cancel it from now on
        with self._changed:
            if jobs:
                self._unopened.append(deque(jobs))
            self._changed.notify_all()
        return [job.result for job in jobs]

    def close(self) -> None:
        """End the threads once they have finished what they are at. Pictures that still wait get no result."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _open_all(self) -> None:
        while self._open_one():
            pass

    def _open_one(self) -> bool:
        job = self._next_unopened()
        if job is None:
            return False
        start = time.perf_counter()
        opener, job.open = job.open, None  # so that the bytes of the file are freed as soon as it is open
        assert opener is not None
        try:
            job.image = opener()
        except Exception as error:  # whatever it is, it concerns this picture alone
            job.result.set_exception(error)
            return True
        job.ms = _ms_since(start)
        with self._changed:
            self._pixels += job.pixels
            self._opened.append(job)
            self._changed.notify_all()
        return True

    def _next_unopened(self) -> _Job | None:
        """The next picture of the request whose turn it is. Waits for one, and for room; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or (self._unopened and self._pixels < MAX_WAITING_PX))
            if self._closed:
                return None
            request = self._unopened.popleft()
            job = request.popleft()
            if request:
                self._unopened.append(request)
            return job

    def _detect_all(self) -> None:
        while self._detect_one_batch():
            pass

    def _detect_one_batch(self) -> bool:
        batch = self._next_batch()
        if not batch:
            return False
        _detect(batch)
        with self._changed:
            self._pixels -= sum(job.pixels for job in batch)
            self._batch_sizes.remove(len(batch))
            self._changed.notify_all()
        return True

    def _next_batch(self) -> list[_Job]:
        """Opened pictures for one reader. Waits until there are enough; empty when closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or (self._opened and len(self._opened) >= min(self._batch_sizes, default=1))
            )
            batch: list[_Job] = []
            for_other_readers: deque[_Job] = deque()
            pixels = 0
            while self._opened and not self._closed and pixels < GROUP_PX and len(batch) < MAX_GROUP_PICTURES:
                job = self._opened.popleft()
                if batch and job.reader is not batch[0].reader:
                    for_other_readers.append(job)
                    continue
                batch.append(job)
                pixels += job.pixels
            self._opened.extendleft(reversed(for_other_readers))
            if batch:
                self._batch_sizes.append(len(batch))
            return batch


def _detect(batch: list[_Job]) -> None:
    """Give each job its result. When the batch fails, each picture is tried alone, so that one spoils no other."""
    start = time.perf_counter()
    try:
        found = batch[0].reader.detect_many([job.image for job in batch if job.image is not None])
    except Exception as error:
        if len(batch) == 1:
            batch[0].result.set_exception(error)
            return
        for job in batch:
            _detect([job])
        return
    ms_per_pixel = _ms_since(start) / sum(job.pixels for job in batch)
    for job, detections in zip(batch, found, strict=True):
        assert job.image is not None
        height, width = job.image.shape[:2]
        start = time.perf_counter()
        try:
            tables = job.look(job.image, detections) if job.look else ()
        except Exception as error:
            job.result.set_exception(error)
            continue
        ms = job.ms + ms_per_pixel * job.pixels + _ms_since(start)
        job.result.set_result(ImageDetections(width, height, detections, ms, tables))


def _ms_since(start: float) -> float:
    return 1000 * (time.perf_counter() - start)


def when_all(futures: Iterable[Future[ImageDetections]], callback: Callable[[], object]) -> None:
    """Call `callback` once all of one or more futures are done, in the thread that finishes the last one."""
    listed = list(futures)
    remaining = count(len(listed) - 1, -1)

    def count_down(_: Future[ImageDetections]) -> None:
        if next(remaining) == 0:
            callback()

    for future in listed:
        future.add_done_callback(count_down)
