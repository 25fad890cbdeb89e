"""Progress bars: on standard error, and only where that is a terminal, so that none ends up in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def on_terminal() -> bool:
    """Whether someone may be looking at standard error."""
    return sys.stderr is not None and sys.stderr.isatty()


def with_bar(
    items: Iterable[Item], *, unit: str, total: int | None = None, title: str | None = None, keep: bool = True
) -> Iterable[Item]:
    """The items, while a bar shows how many of them were taken.

    unit: what one item is. total: how many there are, where `items` has no length. keep: whether the bar stays when all
    were taken.
    """
    if not on_terminal():
        return items
    bar: Iterable[Item] = tqdm(items, unit=unit, total=total, desc=title, leave=keep)
    return bar
