"""Files that are written whole or not at all.

What is written goes to a file beside the one wanted, with the suffix .part, which takes the name at the end.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from detector.errors import OptionError

PART_SUFFIX = ".part"

UNWRITABLE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
"""Errors of the place that a file is written to, whatever else goes on meanwhile: a full disk, a quota, ..."""


@contextmanager
def appearing_at(path: Path) -> Iterator[Path]:
    """The path of a new file that takes the name `path` when the block ends, and is removed when the block fails.

    For libraries that want a path to write to; see `appearing` for a file. Makes the folder where it is missing.
    Raises OptionError where the file cannot be written, be it for a full disk.
    """
    partial = path.with_name(path.name + PART_SUFFIX)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.open("wb").close()
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        try:
            yield partial
        except OSError as error:
            if error.errno not in UNWRITABLE_ERRNOS:
                raise
            raise _unwritable(path, error) from error
        try:
            os.replace(partial, path)
        except OSError as error:
            raise _unwritable(path, error) from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def appearing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file to write to that appears under its name, whole, when the block ends, and not at all when the block fails.

    mode: "w" for text in UTF-8, of which line ends stay as they are, or "wb" for bytes. Makes the folder where it is
    missing. Raises OptionError where the file cannot be written, be it for a full disk.
    """
    text = None if "b" in mode else "utf-8"
    with (
        appearing_at(path) as partial,
        partial.open(mode, encoding=text, errors=text and "backslashreplace", newline=text and "") as stream,
    ):
        yield stream


def write_json(path: Path, value: object, indent: int | None = None) -> None:
    """Write a value as JSON, with a line feed at its end; the file appears whole or not at all.

    Raises OptionError where it cannot be written, ValueError for nan and infinity, which JSON has no words for.
    """
    with appearing(path) as file:
        file.write(json.dumps(value, indent=indent, allow_nan=False) + "\n")


def prepare_folder(folder: Path) -> None:
    """Make the folder that results will go to, before the work. Raises OptionError where that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"{folder}: expected a folder to write to, got {error}; choose another name.") from None


def _unwritable(path: Path, error: OSError) -> OptionError:
    return OptionError(f"{path}: cannot be written ({error.strerror}); name another place.")
