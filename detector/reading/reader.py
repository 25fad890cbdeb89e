"""From pictures of any size to Pages: every picture's search asks, the detector answers many of them at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np

from detector.errors import DigitReaderError, ImageError, OptionError
from detector.images import Picture, Source, open_image
from detector.reading.calibration import Calibration
from detector.reading.orientation import upright_search
from detector.reading.prefetch import Group, open_ahead
from detector.reading.search import search
from detector.reading.snap_to_ink import snap_to_ink
from detector.types import Detections, Page

BATCH = 1_200_000  # pixels that go through the detector at a time: two tiles, or many small pictures


class Network(Protocol):
    """What finds digits in pictures: a Detector, or an exported one on another runtime."""

    @property
    def runtime(self) -> str:
        """What computes, by name."""

    @property
    def whole_picture(self) -> bool:
        """Whether it takes a picture at once as it is, so that a reader must neither enlarge nor tile it."""

    @property
    def at_once(self) -> int:
        """How many calls of `find` at a time, each in a thread of its own, answer most pictures a second."""

    def find(self, pictures: Sequence[Picture], /) -> list[Detections]:
        """Digits in uint8 (H, W, 3) RGB of any and of different sizes, best first, down to a low score."""


class Reader:
    """A detector and what it takes to read any picture with it.

    min_score: digits with a lower score are not read, 0-1; without one, the calibration's own. min_number_score:
    numbers with a lower score are rejected, 0-1: their boxes stay, their text is withheld. calibration: what makes
    chances of the detector's scores; both thresholds are compared with chances. turn: whether pictures that lie on a
    side or upside down are read upright. Raises OptionError for a threshold outside 0-1.
    """

    def __init__(
        self,
        model: Network,
        min_score: float | None = None,
        min_number_score: float = 0.0,
        calibration: Calibration | None = None,
        turn: bool = True,
    ) -> None:
        self.calibration = calibration or Calibration()
        self.min_score = self.calibration.min_score if min_score is None else float(min_score)
        self.min_number_score = float(min_number_score)
        for name, usual in (("min_score", 0.5), ("min_number_score", 0.9)):
            if not 0 <= (score := getattr(self, name)) <= 1:
                raise OptionError(f"{name}: expected a number from 0 to 1, got {score}; {usual} is a usual one.")
        self.turn = turn
        self.model = model

    def detect(self, image: Picture) -> Detections:
        """All digits in uint8 (H, W, 3) RGB, best first, down to the low score that the detector stops at."""
        return self.detect_many([image])[0]

    def detect_many(self, images: Sequence[Picture]) -> list[Detections]:
        """As detect, for several pictures; what is looked at in pictures of one size goes through together."""
        for image in images:
            _check(image)
        found = self._find(images) if self.model.whole_picture else self._search(images)
        return [self._finished(image, one) for image, one in zip(images, found, strict=True)]

    def _search(self, images: Sequence[Picture]) -> list[Detections]:
        """What is found in each picture by looking at parts of it, as large as they have to be."""
        found = [Detections.empty()] * len(images)
        searches = [(upright_search if self.turn else search)(image) for image in images]
        answers: dict[int, list[Detections]] = {i: [] for i in range(len(images))}
        while answers:
            asked: dict[int, list[Picture]] = {}
            for i, answer in answers.items():
                try:
                    asked[i] = searches[i].send(answer) if answer else next(searches[i])
                except StopIteration as end:
                    found[i] = end.value
            seen = iter(self._find([part for parts in asked.values() for part in parts]))
            answers = {i: [next(seen) for _ in parts] for i, parts in asked.items()}
        return found

    def _finished(self, image: Picture, found: Detections) -> Detections:
        """With chances for scores, and boxes as tight as the picture shows them to be."""
        return self.calibration.digits(replace(found, boxes=snap_to_ink(image, found.boxes)))

    def page(self, image: Picture) -> Page:
        """What is written in uint8 (H, W, 3) RGB."""
        return self._ordered(image, self.detect(image))

    def read(self, source: Source) -> Page:
        """What is written in a picture: a path, bytes, binary file, NumPy array or PIL image. Raises ImageError."""
        return self.page(open_image(source))

    def read_many(self, sources: Iterable[Source]) -> Iterator[Page | DigitReaderError]:
        """What is written in each picture, in order; for one that cannot be read, the error in place of a page."""
        for read in self.read_and_show(sources):
            yield read if isinstance(read, DigitReaderError) else read[1]

    def read_and_show(self, sources: Iterable[Source]) -> Iterator[tuple[Picture, Page] | DigitReaderError]:
        """As read_many, each page with its picture, uint8 (H, W, 3) RGB.

        Three things go on at once: pictures are opened in one thread, small ones together looked at in others, and
        what was found is put in order in the caller's.
        """
        with ThreadPoolExecutor(self.model.at_once, "find") as pool:
            waiting: deque[tuple[Group, Future[list[Detections]]]] = deque()
            for group in open_ahead(sources):
                images = [image for image in group if not isinstance(image, DigitReaderError)]
                waiting.append((group, pool.submit(self.detect_many, images)))
                if len(waiting) > self.model.at_once:
                    yield from self._shown(*waiting.popleft())
            for last in waiting:
                yield from self._shown(*last)

    def _shown(
        self, group: Group, found: Future[list[Detections]]
    ) -> Iterator[tuple[Picture, Page] | DigitReaderError]:
        detections = iter(found.result())
        for image in group:
            if isinstance(image, DigitReaderError):
                yield image
            else:
                yield image, self._ordered(image, next(detections))

    def _ordered(self, image: Picture, found: Detections) -> Page:
        height, width = image.shape[:2]
        lines = self.calibration.lines(found, self.min_score, self.min_number_score)
        return Page(width, height, lines, found.turned)

    def _find(self, pictures: Sequence[Picture]) -> list[Detections]:
        """What the detector finds in each, those of one size beside each other, BATCH pixels at a time."""
        batches: list[list[int]] = []
        room = 0
        for i in sorted(range(len(pictures)), key=lambda i: pictures[i].shape):
            pixels = pictures[i].size // 3
            if not batches or pixels > room:
                batches.append([])
                room = BATCH
            batches[-1].append(i)
            room -= pixels
        found: dict[int, Detections] = {}
        for batch in batches:
            found.update(zip(batch, self.model.find([pictures[i] for i in batch]), strict=True))
        return [found[i] for i in range(len(pictures))]


def _check(image: Picture) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        got = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ImageError(f"the picture: expected uint8 (H, W, 3) RGB, got {got}; use read, or images.open_image first.")
    if not image.size:
        raise ImageError(f"the picture: expected at least one pixel, got shape {image.shape}.")
