"""A server for the tests of a file, and a picture to send to it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.server.real_server import LIMITS, ROOT, Server, started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests. At the end it must have logged no error."""
    server = started(tmp_path_factory.mktemp("serve") / "errors", *LIMITS)
    yield server
    server.process.send_signal(signal.SIGTERM)
    out, _ = server.process.communicate(timeout=60)
    assert server.process.returncode == 0
    assert out == "digit-reader stopped\n"
    said = server.errors.read_text().splitlines()
    assert [line for line in said if not line.startswith("Corrupt JPEG")] == []  # libjpeg's own, about the fuzz


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small picture, 300 x 200, with digits."""
    path = tmp_path_factory.mktemp("pictures") / "digits.png"
    with Image.open(ROOT / "examples" / "tilted.jpg") as image:
        image.crop((130, 50, 430, 250)).save(path)
    return path


@pytest.fixture(scope="module")
def picture(path: Path) -> bytes:
    return path.read_bytes()
