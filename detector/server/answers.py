"""What is answered: a record for each picture, as tools/infer.py writes it; and what each threshold leaves of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detector.errors import DigitReaderError, TooLargeError
from detector.errors import ImageError as NoPicture
from detector.reading.reader import Reader
from detector.results import json_record
from detector.server.batching import Seen
from detector.server.uploads import TypeRefused
from detector.types import Page

LOWEST = 0.05
THRESHOLDS = tuple(round(LOWEST * step, 2) for step in range(1, 20))  # 0.05 to 0.95
STATUS = {TooLargeError: 413, TypeRefused: 415, NoPicture: 422}  # of the first that an error is


@dataclass(frozen=True)
class Wanted:
    """How pictures are to be read. name: of the model. sweep: whether what other thresholds leave is told, too."""

    name: str
    reader: Reader
    min_score: float
    min_number_score: float
    sweep: bool


def answer(names: Sequence[str], outcomes: Sequence[Seen | DigitReaderError], wanted: Wanted) -> tuple[int, bytes]:
    """The status and the JSON for a request's pictures, one or more: what was seen in them or is wrong with them."""
    records = [
        {"file": name, "error": str(outcome)}
        if isinstance(outcome, DigitReaderError)
        else record(name, outcome, wanted)
        for name, outcome in zip(names, outcomes, strict=True)
    ]
    told: dict[str, Any] = {
        "model": wanted.name,
        "runtime": wanted.reader.model.runtime,
        "ms": round(sum(outcome.ms for outcome in outcomes if isinstance(outcome, Seen)), 1),
        "pictures": records,
    }
    errors = [outcome for outcome in outcomes if isinstance(outcome, DigitReaderError)]
    if len(errors) < len(outcomes):
        return 200, json.dumps(told).encode()
    statuses = {status_of(error) for error in errors}
    status = statuses.pop() if len(statuses) == 1 else 422
    if len(errors) == 1:
        return status, json.dumps({"error": str(errors[0])}).encode()
    sentence = f"Expected at least one picture that can be read, got {len(errors)} that cannot; see what each lacks."
    return status, json.dumps({"error": sentence, "pictures": records}).encode()


def status_of(error: DigitReaderError) -> int:
    """HTTP's status for a picture that could not be read."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def record(name: str, seen: Seen, wanted: Wanted) -> dict[str, Any]:
    """What tools/infer.py --json writes for a picture; with a sweep, also all its digits and what thresholds leave."""
    told = _record(name, seen, wanted, wanted.min_score)
    if not wanted.sweep:
        return told
    least = wanted.reader.calibration.in_company(wanted.min_score)
    found = seen.found[seen.found.scores >= min(LOWEST, least)]
    digits = [
        {"digit": digit, "box": [round(side, 2) for side in box], "score": round(score, 4)}
        for digit, box, score in zip(found.labels.tolist(), found.boxes.tolist(), found.scores.tolist(), strict=True)
    ]
    return told | {"digits": digits, "sweep": sweep(seen, wanted)}


def sweep(seen: Seen, wanted: Wanted) -> list[dict[str, Any]]:
    """What each threshold leaves, from low to high: those that leave the same as the one before are left out."""
    entries: list[dict[str, Any]] = []
    scores, calibration = seen.found.scores, wanted.reader.calibration
    lone = scores if calibration.alone is None else calibration.alone(scores)
    before: list[int] = []
    for threshold in sorted({*THRESHOLDS, wanted.min_score}):
        # Thresholds leave the likeliest digits, and of those alone the likeliest: as many are the same ones.
        limits = ((scores, threshold), (lone, threshold), (scores, calibration.in_company(threshold)))
        left = [int((of >= limit).sum()) for of, limit in limits]
        if left != before:
            before = left
            told = _record("", seen, wanted, threshold)
            if not entries or told["lines"] != entries[-1]["lines"]:
                entries.append({"min_score": threshold, "text": told["text"], "lines": told["lines"]})
    return entries


def _record(name: str, seen: Seen, wanted: Wanted, min_score: float) -> dict[str, Any]:
    lines = wanted.reader.calibration.lines(seen.found, min_score, wanted.min_number_score)
    return json_record(name, Page(seen.width, seen.height, lines, seen.found.turned))
