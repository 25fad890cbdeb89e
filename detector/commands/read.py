"""Reads the numbers in pictures: files, folders, patterns, or one picture from standard input.

    digit-reader read examples
    digit-reader read photo.jpg scans 'more/**/*.png' --annotated out --json out/read.jsonl
    digit-reader read scans --min-number-score 0.9             # numbers less sure than that are shown as ???
    digit-reader read marks.jpg --table marks.csv              # the table in it, cell by cell
    cat photo.jpg | digit-reader read - --json -               # standard output holds JSON Lines and nothing else

A picture that cannot be read is reported, the others still are, and the exit status is then 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro
from tqdm import tqdm

import detector
from detector.commands.entry import UsageError
from detector.commands.options import IfGiven, NetworkOptions
from detector.errors import DigitReaderError
from detector.files import appearing
from detector.images import find_images
from detector.progress import with_bar
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
    TablesCsv,
    annotated_paths,
)

STDIN = Path("-")
MIN_PICTURES_FOR_PROGRESS = 3

FILE_OUTPUTS: dict[str, type[FileOutput]] = {
    "json": JsonLines,
    "csv": CsvTable,
    "coco": CocoResults,
    "table": TablesCsv,
}
"""The output format that each option with a file name stands for."""

INTERRUPTED = "error: interrupted; nothing was written under the names asked for."


@dataclass(frozen=True)
class FileOptions:
    json: IfGiven[str] = None
    """File for JSON Lines, one line a picture, with every digit's and sign's box and score; - for standard output."""
    csv: IfGiven[Path] = None
    """File for a table with one row a number."""
    coco: IfGiven[Path] = None
    """File in COCO's results format; image_id counts the pictures from 1, in the order in which they are read.
    Categories 1 to 10 are the digits, signs follow."""
    table: IfGiven[Path] = None
    """File for the tables in the pictures as CSV, a row for each of theirs; words are not read, so their cells are
    empty. Several tables are parted by an empty line, each below the name of its picture."""
    annotated: IfGiven[Path] = None
    """Folder for pictures that show what was read where."""


@dataclass(frozen=True)
class ReadingOptions:
    min_score: IfGiven[float] = None
    """Digits with a lower score are not read, 0 to 1; without it, the reader's own threshold."""
    min_number_score: float = 0.0
    """Numbers with a lower score are rejected, 0 to 1; a number's score is the chance that all of it is right. Text,
    table and annotated pictures then show a ? for each digit. JSON Lines say "rejected": true and keep the digits."""
    turn: bool = True
    """Read pictures that lie on a side or upside down as they stand upright."""


@dataclass(frozen=True)
class Args:
    pictures: Annotated[
        tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PICTURE ...", help_behavior_hint="")
    ]
    """Pictures, folders of pictures, patterns in quotes, or - for one picture from standard input."""
    output: FileOptions = field(default_factory=FileOptions)
    reading: ReadingOptions = field(default_factory=ReadingOptions)
    network: NetworkOptions = field(default_factory=NetworkOptions)


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
        args.network.weights,
        model=args.network.model,
        device=args.network.device,
        min_score=args.reading.min_score,
        min_number_score=args.reading.min_number_score,
        turn=args.reading.turn,
        threads=args.network.threads,
        runtime=args.network.runtime,
        tables=args.output.table is not None,
    )
    readable = [path for path, error in listed if error is None]
    failed = 0
    with ExitStack() as stack:
        outputs = opened(args, readable, reader.categories, stack)
        progress = with_bar(listed, unit="picture") if len(listed) >= MIN_PICTURES_FOR_PROGRESS else listed
        read = reader.read_and_show(sys.stdin.buffer if path == STDIN else path for path in readable)
        for image_id, (path, error) in enumerate(progress, 1):
            try:
                found = error or next(read)
                if isinstance(found, DigitReaderError):
                    raise found
                for output in outputs:
                    output.add(Result(str(path), image_id, *found))
                if args.output.table and not found[1].tables:
                    tqdm.write(f"{path}: no table found: expected numbers in rows and columns.", file=sys.stderr)
            except DigitReaderError as problem:
                failed += 1
                for output in outputs:
                    output.add_error(str(path), problem)
                tqdm.write(f"error: {problem}", file=sys.stderr)
        for output in outputs:
            output.close()
    report(args, reader, len(listed) - failed, failed)
    return 1 if failed else 0


def opened(args: Args, pictures: list[Path], categories: tuple[str, ...], stack: ExitStack) -> list[Output]:
    """Every output that was asked for. categories: what the detector finds, by name.

    Files appear when the stack is left, and not at all if reading breaks off.
    """
    outputs: list[Output] = []
    if args.output.annotated:  # first: a picture that cannot be annotated is an error in all other outputs
        named = [Path("stdin") if path == STDIN else path for path in pictures]
        targets = annotated_paths(named, args.output.annotated)
        outputs.append(AnnotatedPictures(dict(zip(map(str, pictures), targets, strict=True))))
    for option, output in FILE_OUTPUTS.items():
        path = getattr(args.output, option)
        if path:
            to_stdout = output is JsonLines and path == "-"
            stream = sys.stdout if to_stdout else stack.enter_context(appearing(Path(path)))
            outputs.append(output(stream, categories))
    if args.output.json != "-":
        outputs.append(PlainText(tqdm.write))
    return outputs


def report(args: Args, reader: Reader, read: int, failed: int) -> None:
    """Say how many pictures were read and where the files are: on standard error if standard output holds JSON."""
    written = [
        f"{form.name} in {path}" for option, form in FILE_OUTPUTS.items() if (path := getattr(args.output, option))
    ]
    written += [f"annotated pictures in {args.output.annotated}/"] if args.output.annotated else []
    stream = sys.stderr if args.output.json == "-" else sys.stdout
    name = getattr(reader.model, "name", None)
    by = f"by {name} on {reader.model.runtime}" if name else f"on {reader.model.runtime}"
    count = f"{read} picture{'' if read == 1 else 's'} read {by}" + (f", {failed} not" if failed else "")
    print(f"{count}{'; ' if written else ''}{', '.join(written)}", file=stream)
