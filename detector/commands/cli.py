"""The command `digit-reader`: finds the command that is asked for, imports it and runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import NoReturn

import tyro

from detector.commands import entry
from detector.commands.entry import UsageError, exit_with
from detector.commands.options import one_of
from detector.errors import OptionError
from detector.version import version

NAME = "digit-reader"
SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True)
class Command:
    what: str
    """What it does, for the list of commands."""
    extras: tuple[str, ...] = ()
    """The extras of the package that it needs."""


COMMANDS = {
    "read": Command("Read the numbers in pictures."),
    "serve": Command("Serve a page to read pictures on, and an API.", ("serve",)),
    "train": Command("Train a detector on scenes or on your own pictures.", ("train",)),
    "evaluate": Command("Score a detector: boxes, digits, lines of text, time.", ("train",)),
    "export": Command("Write a detector as an ONNX file.", ("export", "train")),
    "dataset": Command("Write scenes as a COCO dataset.", ("train",)),
    "calibrate": Command("Turn a detector's scores into chances of being right.", ("train",)),
}

HELP = """\
usage: {prog} COMMAND [OPTIONS]

Reads the numbers in pictures, written by hand or printed.

commands:
{commands}

options:
  -h, --help                 show this help and exit; COMMAND --help shows a command's own
  --version                  show the version and exit
  --print-completion SHELL   print a script that completes command lines in {shells}

exit status:
  0 done, 1 something went wrong, 2 the command line could not be understood, 130 interrupted
"""


def main(words: Sequence[str] | None = None, prog: str = NAME) -> NoReturn:
    """Run the command that the words name, those of this process unless others are given, and exit."""
    exit_with(lambda: dispatch(list(sys.argv[1:] if words is None else words), prog))


def dispatch(words: Sequence[str], prog: str) -> int:
    """Do what the first word says, with the others. Raises UsageError where it says nothing that is known."""
    if not words:
        raise UsageError(f"expected a command, {one_of(COMMANDS)}, got none; see {prog} --help.")
    first, *rest = words
    if first in ("-h", "--help"):
        commands = "\n".join(f"  {name:<10} {command.what}" for name, command in COMMANDS.items())
        print(HELP.format(prog=prog, commands=commands, shells=one_of(SHELLS)), end="")
    elif first == "--version":
        print(f"{NAME} {version()}")
    elif first == "--print-completion":
        if len(rest) != 1 or rest[0] not in SHELLS:
            raise UsageError(f"--print-completion: expected {one_of(SHELLS)}, got {' '.join(rest) or 'nothing'}.")
        print_completion(rest[0])
    elif first in COMMANDS:
        run(first, rest, f"{prog} {first}")
    else:
        raise UsageError(f"expected a command, {one_of(COMMANDS)}, got {first!r}; see {prog} --help.")
    return 0


def run(name: str, words: Sequence[str], prog: str) -> NoReturn:
    """Run one command and exit. Raises OptionError where the extra that it needs is not installed."""
    with expecting_extra(name):
        command = load(name)
        interrupted = getattr(command, "INTERRUPTED", entry.INTERRUPTED)
        entry.run(command.main, command.Args, command.__doc__, interrupted=interrupted, prog=prog, words=words)


def load(name: str) -> ModuleType:
    """The module of a command, which has its `Args` and `main`. Raises ImportError for packages that are missing."""
    return import_module(f"detector.commands.{name}")


@contextmanager
def expecting_extra(name: str) -> Iterator[None]:
    """Replace the error for a package that is missing by an OptionError that names the command's extras."""
    try:
        yield
    except ModuleNotFoundError as error:
        extras = COMMANDS[name].extras
        if not extras or (error.name or "").partition(".")[0] in ("detector", "digit_scenes"):
            raise
        raise OptionError(
            f"{name}: expected the extra {' and '.join(map(repr, extras))} to be installed, got none ({error}); "
            f"install it, as in: pip install '{NAME}[{','.join(extras)}]'"
        ) from error


def print_completion(shell: str) -> None:
    """Print the script of a shell. Commands whose extra is not installed are completed without their options."""
    callables = {}
    for name, command in COMMANDS.items():
        try:
            callables[name] = load(name).Args
        except ImportError:
            callables[name] = type(name, (), {"__doc__": command.what})
    tyro.extras.subcommand_cli_from_dict(
        callables, prog=NAME, args=["--tyro-print-completion", shell], config=entry.STYLE
    )
