"""How every command begins and ends: options are parsed, and whatever happens becomes an exit status.

0    done
1    something went wrong; a sentence on standard error says what
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

from detector.errors import DigitReaderError, OptionError

ArgsT = TypeVar("ArgsT")
INTERRUPTED = "error: interrupted."
STYLE = (
    tyro.conf.OmitArgPrefixes,  # an option's name does not begin with that of its group
    tyro.conf.DisallowNone,  # "None" is not offered as a value: the option is left out instead
)


class UsageError(OptionError):
    """The command line cannot be understood; the exit status is 2."""


def run(
    main: Callable[[ArgsT], int | None],
    arguments: type[ArgsT],
    description: str | None,
    *,
    interrupted: str = INTERRUPTED,
    prog: str | None = None,
    words: Sequence[str] | None = None,
) -> NoReturn:
    """Parse the command line, do what it asks for, and exit.

    main: what to do; it returns the exit status, None for 0.
    interrupted: what Ctrl-C leaves on standard error; "" for nothing.
    prog: what the command is called in its help; without it, the file that was started.
    words: the command line; without it, that of this process.
    """
    exit_with(lambda: main(parse(arguments, words, description, prog)), interrupted)


def parse(
    arguments: type[ArgsT], words: Sequence[str] | None = None, description: str | None = None, prog: str | None = None
) -> ArgsT:
    """The options that a command line gives; see run. Exits with 2, and says why, if it cannot be understood."""
    return tyro.cli(arguments, prog=prog, args=words, description=description, config=STYLE)


def exit_with(action: Callable[[], int | None], interrupted: str = INTERRUPTED) -> NoReturn:
    """Exit with the status that an action returns, or with that of the error that ends it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names can be any bytes
    try:
        try:
            status = action()
        finally:  # not left to the interpreter's end, where a closed pipe can no longer be caught
            sys.stdout.flush()
    except BrokenPipeError:  # whoever reads the output has had enough, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except DigitReaderError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        if interrupted:
            print(interrupted, file=sys.stderr)
        sys.exit(130)
    sys.exit(status)
