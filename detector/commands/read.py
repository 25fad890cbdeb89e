"""Reads the numbers in pictures: files, folders, patterns, or one picture from standard input.

    digit-reader read examples
    digit-reader read photo.jpg scans 'more/**/*.png' --annotated out --json out/read.jsonl
    digit-reader read scans --min-number-score 0.9             # numbers less sure than that are shown as ???
    cat photo.jpg | digit-reader read - --json -               # standard output holds JSON Lines and nothing else

A picture that cannot be read is reported, the others still are, and the exit status is then 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from tqdm import tqdm

import detector
from detector.commands.entry import UsageError
from detector.errors import DigitReaderError
from detector.files import appearing
from detector.images import find_images
from detector.reading.reader import Reader
from detector.results import (
    AnnotatedPictures,
    CocoResults,
    CsvTable,
    FileOutput,
    JsonLines,
    Output,
    PlainText,
    Result,
    annotated_paths,
)

STDIN = Path("-")
MIN_PICTURES_FOR_PROGRESS = 3

FILE_OUTPUTS: dict[str, type[FileOutput]] = {"json": JsonLines, "csv": CsvTable, "coco": CocoResults}
"""The output format that each option with a file name stands for."""

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
        raise UsageError("expected pictures, folders or patterns to read, got none; see --help.")
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
    failed = 0
    with ExitStack() as stack:
        outputs = opened(args, readable, stack)
        progress = tqdm(
            listed, unit="picture", disable=len(listed) < MIN_PICTURES_FOR_PROGRESS or not sys.stderr.isatty()
        )
        read = reader.read_and_show(sys.stdin.buffer if path == STDIN else path for path in readable)
        for image_id, (path, error) in enumerate(progress, 1):
            try:
                found = error or next(read)
                if isinstance(found, DigitReaderError):
                    raise found
                for output in outputs:
                    output.add(Result(str(path), image_id, *found))
            except DigitReaderError as problem:
                failed += 1
                for output in outputs:
                    output.add_error(str(path), problem)
                tqdm.write(f"error: {problem}", file=sys.stderr)
        for output in outputs:
            output.close()
    report(args, reader, len(listed) - failed, failed)
    return 1 if failed else 0


def opened(args: Args, pictures: list[Path], stack: ExitStack) -> list[Output]:
    """Every output that was asked for. Files appear when the stack is left, and not at all if reading breaks off."""
    outputs: list[Output] = []
    if args.annotated:  # first: a picture that cannot be annotated is an error in all other outputs
        named = [Path("stdin") if path == STDIN else path for path in pictures]
        targets = annotated_paths(named, args.annotated)
        outputs.append(AnnotatedPictures(dict(zip(map(str, pictures), targets, strict=True))))
    for option, output in FILE_OUTPUTS.items():
        path = getattr(args, option)
        if path:
            to_stdout = output is JsonLines and path == "-"
            outputs.append(output(sys.stdout if to_stdout else stack.enter_context(appearing(Path(path)))))
    if args.json != "-":
        outputs.append(PlainText(tqdm.write))
    return outputs


def report(args: Args, reader: Reader, read: int, failed: int) -> None:
    """Say what was done and where it is, beside what was read or, where that is for machines, out of its way."""
    written = [f"{form.name} in {path}" for option, form in FILE_OUTPUTS.items() if (path := getattr(args, option))]
    written += [f"annotated pictures in {args.annotated}/"] if args.annotated else []
    stream = sys.stderr if args.json == "-" else sys.stdout
    name = getattr(reader.model, "name", None)
    by = f"by {name} on {reader.model.runtime}" if name else f"on {reader.model.runtime}"
    count = f"{read} picture{'' if read == 1 else 's'} read {by}" + (f", {failed} not" if failed else "")
    print(f"{count}{'; ' if written else ''}{', '.join(written)}", file=stream)
