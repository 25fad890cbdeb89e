"""How every command begins and ends: options are parsed, and whatever happens becomes an exit status.

0    done
1    something went wrong: one sentence on standard error says what
2    the command line could not be understood
130  interrupted by Ctrl-C
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

import tyro

from detector.errors import DigitReaderError

ArgsT = TypeVar("ArgsT")


def run(
    main: Callable[[ArgsT], int | None],
    arguments: type[ArgsT],
    description: str | None,
    *,
    interrupted: str = "error: interrupted.",
    prog: str | None = None,
    words: Sequence[str] | None = None,
) -> NoReturn:
    """Parse the command line, do what it asks for and exit.

    main: what to do; its answer is the exit status, None for 0.
    interrupted: what Ctrl-C leaves on standard error; "" for nothing.
    prog: what the command is called in its help; without it, the file that was started.
    words: the command line; without it, that of this process.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names can be any bytes
    try:
        try:
            status = main(tyro.cli(arguments, prog=prog, args=words, description=description))
        finally:  # not left to the interpreter's end, where a closed pipe can no longer be caught
            sys.stdout.flush()
    except BrokenPipeError:  # whoever reads the output has had enough, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except DigitReaderError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        if interrupted:
            print(interrupted, file=sys.stderr)
        sys.exit(130)
    sys.exit(status)
