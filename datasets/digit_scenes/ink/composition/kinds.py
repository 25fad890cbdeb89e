"""By name, all kinds of composed pages."""

from __future__ import annotations

from collections.abc import Callable

from digit_scenes.ink.composition import notes
from digit_scenes.ink.composition.composer import Composer

Kind = Callable[[Composer], None]
KINDS: dict[str, Kind] = {
    "numbers": notes.numbers,
}
