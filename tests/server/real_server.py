"""The real server, in a process of its own, and what its tests ask of it."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
SERVE = ROOT / "tools" / "serve.py"
LIMITS = ("--max-upload", "1", "--max-pixels", "1", "--max-pictures", "3", "--timeout", "4")


@dataclass
class Server:
    url: str
    process: subprocess.Popen[str]
    errors: Path

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        return url.host, url.port or 0

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, 60)

    def post(self, **options: Any) -> httpx.Response:
        return httpx.post(f"{self.url}/api/read", timeout=60, **options)

    def is_well(self, picture: bytes) -> bool:
        answer = self.post(content=picture)
        return answer.status_code == 200 and answer.json()["pictures"][0]["width"] == 300


def started(errors: Path, *options: str) -> Server:
    command = [sys.executable, str(SERVE), "--port", "0", "--threads", "1", *options]
    with errors.open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.startswith("digit-reader listens on http://127.0.0.1:"), errors.read_text()
    return Server(said.split()[-1], process, errors)


def error_of(answer: httpx.Response, status: int) -> str:
    """The sentence of a response that is nothing but an error with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    sentence: str = answer.json()["error"]
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence
