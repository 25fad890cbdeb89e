"""Reads the numbers in pictures: files, folders, patterns, or one picture from standard input.

    digit-reader read examples
    digit-reader read photo.jpg scans 'more/**/*.png' --annotated out --json out/read.jsonl
    digit-reader read scans --min-number-score 0.9             # numbers less sure than that are shown as ???
    cat photo.jpg | digit-reader read - --json -               # standard output holds JSON Lines and nothing else

A picture that cannot be read is reported, the others still are, and the exit status is then 1.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import tyro
from PIL import Image
from tqdm import tqdm

import detector
from detector.draw import draw_page
from detector.errors import DigitReaderError
from detector.images import find_images
from detector.reading.reader import Reader
from detector.results import CSV_COLUMNS, annotated_paths, appearing, coco_results, csv_rows, json_record
from detector.types import Page

STDIN = Path("-")
MANY = 3  # from so many pictures on, progress is shown

INTERRUPTED = "error: interrupted; nothing was written under the names asked for."


@dataclass(frozen=True)
class Args:
    pictures: tyro.conf.Positional[tuple[str, ...]]
    """Pictures, folders of pictures, patterns in quotes, or - for one picture from standard input."""
    json: str | None = None
    """File for JSON Lines, one line a picture, with every digit's box and score; - for standard output."""
    csv: Path | None = None
    """File for a table with one row a number."""
    coco: Path | None = None
    """File in COCO's results format; image_id counts the pictures from 1, in the order in which they are read."""
    annotated: Path | None = None
    """Folder for pictures that show what was read where."""
    min_score: float | None = None
    """Digits with a lower score are not read, 0 to 1; without it, the reader's own threshold."""
    min_number_score: float = 0.0
    """Numbers with a lower score, the chance that all of it is right, are rejected, 0 to 1: each digit is a ? in text,
    table and annotated pictures. JSON Lines have "rejected": true, and still the boxes and the likeliest digits."""
    turn: bool = True
    """Pictures that lie on a side or upside down are found out and read upright."""
    model: str | None = None
    """Which detector; without it, the one that the weights are of."""
    weights: Path | None = None
    """Weights file; without it, those that are shipped."""
    runtime: Literal["int8", "onnx", "torch"] | None = None
    """What to compute with; without it, ONNX Runtime where it is installed and can be used, else PyTorch."""
    device: str = "cpu"
    """Where to compute: cpu, cuda, ..."""
    threads: int | None = None
    """How many CPU threads to compute with; without it, as many as there are cores."""


class Output:
    """Where what was read goes: every file that was asked for, and the terminal."""

    def __init__(self, args: Args, stack: ExitStack) -> None:
        def opened(path: Path | None) -> IO[str] | None:
            return stack.enter_context(appearing(path)) if path else None

        self.quiet = args.json == "-"
        self.json = sys.stdout if self.quiet else opened(Path(args.json) if args.json else None)
        self.table = opened(args.csv)
        self.rows = csv.writer(self.table, lineterminator="\n") if self.table else None
        self.coco = opened(args.coco)
        self.found: list[dict[str, Any]] = []
        if self.rows:
            self.rows.writerow(CSV_COLUMNS)

    def page(self, file: str, image_id: int, page: Page) -> None:
        """One more picture was read."""
        self._record(json_record(file, page))
        if self.rows:
            self.rows.writerows(csv_rows(file, page))
        if self.coco:
            self.found += coco_results(file, image_id, page)
        if not self.quiet:
            text = page.text or "(no digits)"
            tqdm.write(f"{file}: {text}" if "\n" not in text else f"{file}:\n  " + text.replace("\n", "\n  "))

    def error(self, file: str, error: DigitReaderError) -> None:
        """One could not be read."""
        self._record({"file": file, "error": str(error)})
        tqdm.write(f"error: {error}", file=sys.stderr)

    def close(self) -> None:
        """All were read."""
        if self.coco:
            json.dump(self.found, self.coco)

    def _record(self, record: dict[str, Any]) -> None:
        if self.json:
            self.json.write(json.dumps(record) + "\n")
            self.json.flush()


def found_or_error(arguments: tuple[str, ...]) -> Iterator[tuple[Path, DigitReaderError | None]]:
    """The pictures that the arguments name, each once, and what is wrong with arguments that name none."""
    seen: set[Path] = set()
    for argument in arguments:
        try:
            paths = [STDIN] if argument == "-" else find_images([argument])
        except DigitReaderError as error:
            yield Path(argument), error
            continue
        yield from ((path, None) for path in paths if path not in seen)
        seen.update(paths)


def main(args: Args) -> int:
    if not args.pictures:
        print("error: expected pictures, folders or patterns to read, got none; see --help.", file=sys.stderr)
        return 2
    listed = list(found_or_error(args.pictures))
    reader = detector.load(
        args.weights,
        model=args.model,
        device=args.device,
        min_score=args.min_score,
        min_number_score=args.min_number_score,
        turn=args.turn,
        threads=args.threads,
        runtime=args.runtime,
    )
    readable = [path for path, error in listed if error is None]
    named = [Path("stdin") if path == STDIN else path for path in readable]
    targets = dict(zip(readable, annotated_paths(named, args.annotated), strict=True)) if args.annotated else {}
    failed = 0
    with ExitStack() as stack:
        output = Output(args, stack)
        progress = tqdm(listed, unit="picture", disable=len(listed) < MANY or not sys.stderr.isatty())
        read = reader.read_and_show(sys.stdin.buffer if path == STDIN else path for path in readable)
        for image_id, (path, error) in enumerate(progress, 1):
            try:
                found = error or next(read)
                if isinstance(found, DigitReaderError):
                    raise found
                image, page = found
                if path in targets:
                    save(targets[path], draw_page(image, page))
                output.page(str(path), image_id, page)
            except DigitReaderError as problem:
                failed += 1
                output.error(str(path), problem)
        output.close()
    report(args, reader, len(listed) - failed, failed)
    return 1 if failed else 0


def save(path: Path, image: np.ndarray) -> None:
    with appearing(path, "wb") as stream:
        Image.fromarray(image).save(stream, format="PNG", compress_level=3)


def report(args: Args, reader: Reader, read: int, failed: int) -> None:
    """Say what was done and where it is, beside what was read or, where that is for machines, out of its way."""
    places = [f"{what} in {where}" for what, where in (("JSON Lines", args.json), ("table", args.csv)) if where]
    places += [f"{what} in {where}" for what, where in (("COCO results", args.coco),) if where]
    places += [f"annotated pictures in {args.annotated}/"] if args.annotated else []
    stream = sys.stderr if args.json == "-" else sys.stdout
    name = getattr(reader.model, "name", None)
    by = f"by {name} on {reader.model.runtime}" if name else f"on {reader.model.runtime}"
    count = f"{read} picture{'' if read == 1 else 's'} read {by}" + (f", {failed} not" if failed else "")
    print(f"{count}{'; ' if places else ''}{', '.join(places)}", file=stream)
