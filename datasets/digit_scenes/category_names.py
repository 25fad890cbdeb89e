"""What the categories of a dataset are called here, and labels that index the categories of another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from detector.categories import CATEGORIES, DIGITS, WRITING
from detector.types import Target

ALIASES: Mapping[str, tuple[str, ...]] = {
    ".": ("point", "dot", "period", "decimal", "decimal point"),
    ",": ("comma", "decimal comma"),
    "-": ("minus", "dash", "hyphen", "\u2212", "\u2013"),
    "+": ("plus",),
    "×": ("times", "multiply"),
    "÷": ("divide", "divided by"),
    "/": ("slash",),
    "=": ("equals", "equal"),
    ":": ("colon",),
    "%": ("percent",),
    "(": ("left parenthesis", "opening parenthesis"),
    ")": ("right parenthesis", "closing parenthesis"),
    "$": ("dollar",),
    "€": ("euro",),
    "£": ("pound",),
    WRITING: ("letter", "letters", "text", "word", "other"),
}
"""Words, in small letters, by which a category of the shipped detector is known, too. Many tools take no signs."""

_KNOWN = {name: name for name in CATEGORIES} | {word: name for name, words in ALIASES.items() for word in words}


def category_of(name: str) -> str:
    """The category that a dataset means by a name: one of CATEGORIES or, where it is none of them, its own.

    Known words are known in capitals too, and with underscores or hyphens for spaces. A name of the user's own, as
    "kWh", stays as it is.
    """
    name = name.strip()
    plain = " ".join(name.lower().replace("_", " ").split())
    return _KNOWN.get(name) or _KNOWN.get(plain) or _KNOWN.get(plain.replace("-", " ")) or name


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """The ten digits, then those of these names that CATEGORIES has, in its order, then all others, sorted."""
    wanted = set(names)
    known = [name for name in CATEGORIES if name in DIGITS or name in wanted]
    return (*known, *sorted(wanted.difference(CATEGORIES)))


def extended(categories: tuple[str, ...], names: Iterable[str]) -> tuple[str, ...]:
    """A detector's categories, and behind them those of these names that it lacks, as `in_order` has them."""
    return (*categories, *(name for name in in_order(names) if name not in categories))


def relabelled(target: Target, categories: tuple[str, ...], own: tuple[str, ...]) -> Target:
    """A target whose labels index `categories`, with labels that index `own`; boxes of all others are left out."""
    if own[: len(categories)] == categories:
        return target
    table = np.array([own.index(name) if name in own else -1 for name in categories])
    labels = table[target.labels]
    kept = labels >= 0
    return replace(target, boxes=target.boxes[kept], labels=labels[kept], ignore=target.ignore[kept])
