"""The JSON of a response: a record for each picture, and for a sweep what each threshold leaves of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detector.errors import DigitReaderError, ImageError, TooLargeError
from detector.images import Picture
from detector.reading.reader import Reader
from detector.results import json_record, table_record
from detector.server.batching import ImageDetections
from detector.server.uploads import TypeRefused
from detector.types import Detections, Table

MIN_SWEEP_THRESHOLD = 0.05
SWEPT = ("text", "lines", "written", "signs")  # of a record, what depends on the threshold
SWEEP_THRESHOLDS = tuple(round(MIN_SWEEP_THRESHOLD * i, 2) for i in range(1, 20))  # 0.05 to 0.95
HTTP_STATUSES = {TooLargeError: 413, TypeRefused: 415, ImageError: 422}
"""The status of each error class. An error gets the status of the first class that it is an instance of."""


@dataclass(frozen=True)
class ReadOptions:
    """How the pictures of one request are read."""

    model_name: str
    """The model's name, as the response states it."""
    reader: Reader
    """The reader whose calibration makes numbers and lines of the detections."""
    min_score: float
    """Digits with a lower score are not read, 0-1."""
    min_number_score: float
    """Numbers with a lower score are rejected, 0-1."""
    sweep: bool
    """Whether the response also tells what other thresholds leave."""
    tables: bool = False
    """Whether it also tells the tables in the pictures."""

    def look(self, image: Picture, found: Detections) -> tuple[Table, ...]:
        """The tables in a picture in which this was detected."""
        size = image.shape[1], image.shape[0]
        return self.reader.tables(image, self.reader.page_of(found, size, self.min_score, self.min_number_score))


def response(
    names: Sequence[str], outcomes: Sequence[ImageDetections | DigitReaderError], options: ReadOptions
) -> tuple[int, bytes]:
    """The HTTP status and the JSON for one request.

    names: of its pictures, one or more. outcomes: the detections of each picture, or what is wrong with it.
    """
    records = [
        {"file": name, "error": str(outcome)}
        if isinstance(outcome, DigitReaderError)
        else image_record(name, outcome, options)
        for name, outcome in zip(names, outcomes, strict=True)
    ]
    body: dict[str, Any] = {
        "model": options.model_name,
        "runtime": options.reader.model.runtime,
        "ms": round(sum(outcome.ms for outcome in outcomes if isinstance(outcome, ImageDetections)), 1),
        "pictures": records,
    }
    errors = [outcome for outcome in outcomes if isinstance(outcome, DigitReaderError)]
    if len(errors) < len(outcomes):
        return 200, json.dumps(body).encode()
    statuses = {http_status(error) for error in errors}
    status = statuses.pop() if len(statuses) == 1 else 422
    if len(errors) == 1:
        return status, json.dumps({"error": str(errors[0])}).encode()
    sentence = f"Expected at least one picture that can be read, got {len(errors)} that cannot; see what each lacks."
    return status, json.dumps({"error": sentence, "pictures": records}).encode()


def http_status(error: DigitReaderError) -> int:
    """The HTTP status for a picture that could not be read."""
    return next((status for error_class, status in HTTP_STATUSES.items() if isinstance(error, error_class)), 500)


def image_record(name: str, image: ImageDetections, options: ReadOptions) -> dict[str, Any]:
    """The record that `tools/infer.py --json` writes for a picture.

    With a sweep it also holds all digits, and what is read at each threshold.
    """
    record = _record(name, image, options, options.min_score)
    if options.tables:
        record["tables"] = [table_record(table) for table in image.tables]
    if not options.sweep:
        return record
    lowest = options.reader.calibration.in_company(options.min_score)
    shown = image.detections.digits()
    shown = shown[shown.scores >= min(MIN_SWEEP_THRESHOLD, lowest)]
    digits = [
        {"digit": digit, "box": [round(side, 2) for side in box], "score": round(score, 4)}
        for digit, box, score in zip(shown.labels.tolist(), shown.boxes.tolist(), shown.scores.tolist(), strict=True)
    ]
    return record | {"digits": digits, "sweep": sweep(image, options)}


def sweep(image: ImageDetections, options: ReadOptions) -> list[dict[str, Any]]:
    """The text, lines and signs at each threshold for digits, lowest first; none where nothing changes."""
    entries: list[dict[str, Any]] = []
    scores, calibration = image.detections.digits().scores, options.reader.calibration
    lone_scores = scores if calibration.alone is None else calibration.alone(scores)
    last_counts: list[int] = []
    for threshold in sorted({*SWEEP_THRESHOLDS, options.min_score}):
        # A threshold keeps the digits with the highest scores, so equal counts mean the same digits.
        limits = ((scores, threshold), (lone_scores, threshold), (scores, calibration.in_company(threshold)))
        counts = [int((values >= limit).sum()) for values, limit in limits]
        if counts != last_counts:
            last_counts = counts
            record = _record("", image, options, threshold)
            left = {name: record[name] for name in SWEPT}
            if not entries or left["lines"] != entries[-1]["lines"]:
                entries.append({"min_score": threshold, **left})
    return entries


def _record(name: str, image: ImageDetections, options: ReadOptions, min_score: float) -> dict[str, Any]:
    size = image.width, image.height
    return json_record(name, options.reader.page_of(image.detections, size, min_score, options.min_number_score))
