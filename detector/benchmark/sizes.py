"""How much the benchmark measures."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Sizes:
    """How often and on what is measured. The size of a picture is its height and width, pixels."""

    repeats: int = 25
    """Turns of each measurement; what takes milliseconds gets more of them."""
    count: int = 300
    """Scenes that each process draws of each preset."""
    pictures: int = 1000
    """Small pictures in the folder to read."""
    photograph: tuple[int, int] = (3000, 4000)
    """Size of the photograph to read."""
    huge: tuple[int, int] = (6000, 8000)
    """Size of the picture on which peak memory is measured."""
    sides: tuple[int, ...] = (128, 256, 384, 512, 768, 1024, 1536)
    """Sides of square pictures, pixels, on which growth with the area is measured."""
    digits: tuple[int, ...] = (0, 10, 30, 100, 200, 300)
    """Counts of digits on which growth with the digits is measured."""
    commands: int = 3
    """How often infer.py is run as a whole command."""
    serving: float = 60.0
    """Seconds of load on the server."""
    malformed: int = 10_000
    """Malformed requests to the server."""

    def are_full(self) -> bool:
        """Whether the pictures are those that the goals are set for. More or fewer repeats and scenes change none."""
        return self == replace(FULL, repeats=self.repeats, count=self.count)


FULL = Sizes()
QUICK = Sizes(
    repeats=1,
    count=3,
    pictures=8,
    photograph=(300, 400),
    huge=(600, 800),
    sides=(128, 256),
    digits=(0, 30),
    commands=1,
    serving=1.0,
    malformed=40,
)
