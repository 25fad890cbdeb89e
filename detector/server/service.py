"""From a request to its answer: what has arrived is read by one shared model, together with what came meanwhile."""

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
from detector.server.answers import Wanted, answer
from detector.server.batching import Batcher, Seen, when_all
from detector.server.limits import HELD, Limits, Memory, Refusal, Share, too_many
from detector.server.schema import Asked
from detector.server.uploads import Upload, arrived

Answer = tuple[int, bytes]  # status, JSON
ORDERERS = 2  # threads, so that a page full of digits does not hold up a small picture


class Service:
    """Reads the pictures of requests. Nothing that takes long is done in the event loop, which all clients share.

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
        self.waiting = 0  # requests that have arrived and are not answered
        self._memory = Memory(HELD * limits.max_upload)
        self._arriving: dict[asyncio.Task[Any], Refusal | None] = {}  # and why each is given up
        self._closing = False
        self._batcher = Batcher()
        self._orderers = ThreadPoolExecutor(ORDERERS, "order")
        self._began = time.monotonic()

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    async def read(self, request: Request, asked: Asked) -> Answer:
        """Status and JSON for a request. Raises Refusal, and ClientDisconnect."""
        name, wanted = self._wanted(asked)
        reader = self._readers[name, self.readers[name].turn if asked.turn is None else asked.turn]
        self._check_busy()
        with self._memory.share() as share:
            uploads = await self._arrived(request, share)
            self._check_busy()
            self.waiting += 1
            try:
                return await asyncio.wrap_future(self._answered(uploads, reader, wanted))
            finally:
                self.waiting -= 1

    def refuse_more(self) -> None:
        """From now on: also what is still arriving is refused, which nobody would wait for."""
        self._closing = True
        for task in self._arriving:
            self._give_up(task, _closing())

    def close(self) -> None:
        """Ends all threads. What is not answered yet never will be."""
        self._batcher.close()
        self._orderers.shutdown(cancel_futures=True)

    def _check_busy(self) -> None:
        if self._closing:
            raise _closing()
        if self.waiting >= self.limits.max_waiting:
            raise too_many()

    def _wanted(self, asked: Asked) -> tuple[str, Wanted]:
        name = asked.model or next(iter(self.readers))
        if name not in self.readers:
            raise Refusal(400, f"model: expected one of {', '.join(self.readers)}, got {name!r:.60}; or leave it out.")
        reader = self.readers[name]
        min_score = reader.min_score if asked.min_score is None else asked.min_score
        min_number = reader.min_number_score if asked.min_number_score is None else asked.min_number_score
        return name, Wanted(name, reader, min_score, min_number, asked.sweep)

    async def _arrived(self, request: Request, share: Share) -> list[Upload]:
        """The pictures once they are all there: whoever is slow waits here, where nobody waits for him."""
        task = asyncio.current_task()
        assert task is not None
        late = Refusal(
            408, f"The request: expected all of it within {self.limits.timeout:g} s, got a part; send it again."
        )
        alarm = asyncio.get_running_loop().call_later(self.limits.timeout, self._give_up, task, late)
        self._arriving[task] = None
        try:
            return await arrived(request, self.limits, share)
        except asyncio.CancelledError:
            if refusal := self._arriving[task]:
                raise refusal from None
            raise
        finally:
            alarm.cancel()
            del self._arriving[task]

    def _give_up(self, task: asyncio.Task[Any], refusal: Refusal) -> None:
        """Has a request that is still arriving refused."""
        self._arriving[task] = refusal
        task.cancel()

    def _answered(self, uploads: Sequence[Upload], reader: Reader, wanted: Wanted) -> Future[Answer]:
        answered: Future[Answer] = Future()
        answered.set_running_or_notify_cancel()  # nobody can cancel it from now on
        openers = [partial(upload.open, self.limits.max_pixels) for upload in uploads]
        looks = self._batcher.look(openers, reader)
        names = [upload.name for upload in uploads]
        when_all(looks, lambda: self._orderers.submit(_order, answered, names, looks, wanted))
        return answered


def _order(answered: Future[Answer], names: Sequence[str], looks: Sequence[Future[Seen]], wanted: Wanted) -> None:
    try:
        answered.set_result(answer(names, [_outcome(look) for look in looks], wanted))
    except Exception as error:
        answered.set_exception(error)


def _outcome(look: Future[Seen]) -> Seen | DigitReaderError:
    try:
        return look.result()
    except DigitReaderError as error:
        return error


def _closing() -> Refusal:
    return Refusal(503, "The server is shutting down; try again in a while.")
