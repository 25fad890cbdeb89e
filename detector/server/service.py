"""From a request to its response: the pictures of all requests are read together, by one shared model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from starlette.requests import Request

from detector.errors import DigitReaderError
from detector.reading.reader import Reader
from detector.server.batching import Batcher, ImageDetections, when_all
from detector.server.limits import MEMORY_IN_UPLOADS, Limits, MemoryBudget, Refusal, Reservation, too_many_requests
from detector.server.responses import ReadOptions, response
from detector.server.schema import ReadQuery
from detector.server.uploads import Upload, receive_uploads

StatusAndBody = tuple[int, bytes]  # HTTP status, JSON
RESPONSE_THREADS = 2  # so that a page full of digits does not hold up a small picture


class Service:
    """Reads the pictures of requests. The event loop, which all clients share, does nothing that takes long.

    readers: by the names of their models, the first is the default. limits: what a request may take.
    """

    def __init__(self, readers: Mapping[str, Reader], limits: Limits) -> None:
        self.limits = limits
        self.readers = dict(readers)
        self._readers = {
            (name, turn): reader
            if turn == reader.turn
            else Reader(reader.model, reader.min_score, reader.min_number_score, reader.calibration, turn)
            for name, reader in readers.items()
            for turn in (False, True)
        }
        self.waiting = 0  # requests that have arrived and have no response yet
        self._memory = MemoryBudget(MEMORY_IN_UPLOADS * limits.max_upload)
        self._arriving: dict[asyncio.Task[Any], Refusal | None] = {}  # and the reason why each is given up
        self._closing = False
        self._batcher = Batcher()
        self._response_threads = ThreadPoolExecutor(RESPONSE_THREADS, "response")
        self._started = time.monotonic()

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    async def read(self, request: Request, query: ReadQuery) -> StatusAndBody:
        """The HTTP status and the JSON for a request. Raises Refusal, and ClientDisconnect."""
        name, options = self._options(query)
        reader = self._readers[name, self.readers[name].turn if query.turn is None else query.turn]
        self._check_busy()
        with self._memory.reservation() as reservation:
            uploads = await self._receive(request, reservation)
            self._check_busy()
            self.waiting += 1
            try:
                return await asyncio.wrap_future(self._respond(uploads, reader, options))
            finally:
                self.waiting -= 1

    def refuse_more(self) -> None:
        """Refuse new requests from now on, and those that are still arriving: nobody would wait for them."""
        self._closing = True
        for task in self._arriving:
            self._give_up(task, _shutting_down())

    def close(self) -> None:
        """End all threads. A request without a response gets none."""
        self._batcher.close()
        self._response_threads.shutdown(cancel_futures=True)

    def _check_busy(self) -> None:
        if self._closing:
            raise _shutting_down()
        if self.waiting >= self.limits.max_waiting:
            raise too_many_requests()

    def _options(self, query: ReadQuery) -> tuple[str, ReadOptions]:
        name = query.model or next(iter(self.readers))
        if name not in self.readers:
            raise Refusal(400, f"model: expected one of {', '.join(self.readers)}, got {name!r:.60}; or leave it out.")
        reader = self.readers[name]
        min_score = reader.min_score if query.min_score is None else query.min_score
        min_number = reader.min_number_score if query.min_number_score is None else query.min_number_score
        return name, ReadOptions(name, reader, min_score, min_number, query.sweep, query.tables)

    async def _receive(self, request: Request, reservation: Reservation) -> list[Upload]:
        """The pictures, once the whole request is there. A slow client waits here, and blocks nobody."""
        task = asyncio.current_task()
        assert task is not None
        late = Refusal(
            408, f"The request: expected all of it within {self.limits.timeout:g} s, got a part; send it again."
        )
        alarm = asyncio.get_running_loop().call_later(self.limits.timeout, self._give_up, task, late)
        self._arriving[task] = None
        try:
            return await receive_uploads(request, self.limits, reservation)
        except asyncio.CancelledError:
            if refusal := self._arriving[task]:
                raise refusal from None
            raise
        finally:
            alarm.cancel()
            del self._arriving[task]

    def _give_up(self, task: asyncio.Task[Any], refusal: Refusal) -> None:
        """Refuse a request that is still arriving."""
        self._arriving[task] = refusal
        task.cancel()

    def _respond(self, uploads: Sequence[Upload], reader: Reader, options: ReadOptions) -> Future[StatusAndBody]:
        """The response once all pictures are through the detector, made in a thread of its own."""
        responded: Future[StatusAndBody] = Future()
        responded.set_running_or_notify_cancel()  # nobody can cancel it from now on
        openers = [partial(upload.open, self.limits.max_pixels) for upload in uploads]
        detected = self._batcher.submit(openers, reader, options.look if options.tables else None)
        names = [upload.name for upload in uploads]
        when_all(detected, lambda: self._response_threads.submit(_make_response, responded, names, detected, options))
        return responded


def _make_response(
    responded: Future[StatusAndBody],
    names: Sequence[str],
    detected: Sequence[Future[ImageDetections]],
    options: ReadOptions,
) -> None:
    try:
        responded.set_result(response(names, [_outcome(future) for future in detected], options))
    except Exception as error:
        responded.set_exception(error)


def _outcome(detected: Future[ImageDetections]) -> ImageDetections | DigitReaderError:
    try:
        return detected.result()
    except DigitReaderError as error:
        return error


def _shutting_down() -> Refusal:
    return Refusal(503, "The server is shutting down; try again in a while.")
