"""Fenced blocks of Markdown, and the commands in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the number of the line above its text."""

    language: str
    text: str
    line: int


def blocks(text: str) -> list[Block]:
    found: list[Block] = []
    inside: tuple[str, int, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.fullmatch(r" *```(\S*) *", line)
        if inside is None:
            inside = (fence[1], number, []) if fence else None
        elif fence:
            assert not fence[1], f"line {number}: a block begins inside of the one of line {inside[1]}"
            found.append(Block(inside[0], "\n".join(inside[2]) + "\n", inside[1]))
            inside = None
        else:
            inside[2].append(line)
    assert inside is None, f"the block of line {inside and inside[1]} does not end"
    return found


def commands(text: str) -> list[tuple[list[str], str]]:
    """The words of each line that is a command, and the comment behind it."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            found.append((words, line.rsplit(" # ", 1)[-1].strip() if " # " in line else ""))
    return found
