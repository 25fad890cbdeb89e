"""Containerfile and .dockerignore: what would be in the image is put in a folder, and served from there.

No container engine is taken for granted: the few instructions that are used are understood here.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[1]
CONTAINERFILE = ROOT / "Containerfile"
NOT_SENT = {".git", ".venv", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__", "runs", "out"}


def instructions(text: str) -> list[tuple[str, str]]:
    """Name and argument of each instruction, in order; comments left out and continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


INSTRUCTIONS = instructions(CONTAINERFILE.read_text(encoding="utf-8"))


def only(name: str) -> str:
    """The argument of the one instruction of that name."""
    (argument,) = (argument for given, argument in INSTRUCTIONS if given == name)
    return argument


def sent(path: str, rules: list[str]) -> bool:
    """Whether a file, by its path from the top, goes to whoever builds: the last rule that matches decides."""
    parts = path.split("/")
    names = ["/".join(parts[: i + 1]) for i in range(len(parts))]  # a rule for a folder is one for all in it
    decided = True
    for rule in rules:
        pattern = rule.removeprefix("!").strip("/")
        regex = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(regex, name) for name in names):
            decided = rule.startswith("!")
    return decided


@pytest.fixture(scope="module")
def context() -> dict[str, Path]:
    """What is sent to whoever builds: path from the top -> file."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    found = {}
    for folder, folders, files in os.walk(ROOT):
        # Never sent, as is checked below, and long to walk through.
        folders[:] = [name for name in folders if name not in NOT_SENT]
        for file in files:
            path = Path(folder, file).relative_to(ROOT).as_posix()
            if sent(path, rules):
                found[path] = ROOT / path
    assert not any(sent(f"{name}/a/b", rules) for name in NOT_SENT)
    return found


@pytest.fixture(scope="module")
def image(context: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of the image, as the COPY instructions fill it; read-only."""
    folder = tmp_path_factory.mktemp("image") / "app"
    folder.mkdir()
    for name, argument in INSTRUCTIONS:
        if name == "COPY":
            *sources, target = argument.split()
            for source in sources:
                inside = [path for path in context if path == source or path.startswith(source + "/")]
                assert inside, f"COPY {argument}: nothing of {source} is sent"
                for path in inside:
                    place = folder / target / (path[len(source) + 1 :] if path != source else Path(path).name)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(context[path], place)
    for copied in [folder, *folder.rglob("*")]:
        copied.chmod(0o555 if copied.is_dir() else 0o444)
    return folder


def settings(image: Path) -> dict[str, str]:
    """The variables of the image; the project is found there first."""
    given = dict(re.findall(r"(\w+)=(\S+)", only("ENV")))
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR")}
    return inherited | given | {"PYTHONPATH": os.pathsep.join([str(image), str(image / "datasets")])}


class Served:
    """The server of the image, running. It listens at a free port, and not to everybody."""

    def __init__(self, image: Path) -> None:
        python, *words = json.loads(only("ENTRYPOINT"))
        assert python == "python"
        assert words[:3] == ["-m", "detector", "serve"]
        options = words[3:]
        options[options.index("--host") + 1], options[options.index("--port") + 1] = "127.0.0.1", "0"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "detector", "serve", *options, "--threads", "1"],
            cwd=image,
            env=settings(image),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            said = self.process.stdout.readline() if selector.select(120) else ""
        address = re.search(r"http://[0-9.:]+", said)
        assert address, f"expected the address, got {said!r}"
        self.address = address[0]

    def ask(self, path: str, data: bytes | None = None) -> Any:
        with urlopen(Request(self.address + path, data, {"Content-Type": "application/octet-stream"})) as response:
            return json.load(response)

    def is_healthy(self) -> bool:
        """By the health check of the image."""
        check = only("HEALTHCHECK")
        python, *words = json.loads(check[check.index("[") :])
        assert python == "python"
        port = only("EXPOSE")
        assert f"http://127.0.0.1:{port}/" in words[-1]
        words[-1] = words[-1].replace(f"http://127.0.0.1:{port}", self.address)
        return subprocess.run([sys.executable, *words], stderr=subprocess.DEVNULL, timeout=60).returncode == 0

    def stop(self) -> int:
        self.process.terminate()
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture(scope="module")
def served(image: Path) -> Iterator[Served]:
    served = Served(image)
    yield served
    served.stop()


def test_only_what_serving_needs_is_sent(context: dict[str, Path]) -> None:
    assert {path.split("/")[0] for path in context} <= {
        "LICENSE",
        "README.md",
        "datasets",
        "detector",
        "examples",
        "pyproject.toml",
    }
    assert not [path for path in context if path.endswith((".safetensors", ".gz", ".pyc"))]
    assert sum(path.stat().st_size for path in context.values()) < 15_000_000


def test_what_pip_installs_is_sent(context: dict[str, Path]) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = re.search(r"^packages = \[(.*?)\]", project, re.MULTILINE | re.DOTALL)
    assert packages
    for package in re.findall(r'"([a-z_.]+)"', packages[1]):
        folder = package.replace(".", "/").replace("digit_scenes", "datasets/digit_scenes")
        assert f"{folder}/__init__.py" in context, package
    assert re.search(r'^readme = "README.md"$', project, re.MULTILINE)
    assert "--editable '.[serve]'" in only("RUN")
    assert re.search(r"^serve = \[", project, re.MULTILINE)


def test_it_runs_without_rights() -> None:
    names = [name for name, _ in INSTRUCTIONS]
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", only("FROM"))
    user, group = only("USER").split(":")
    assert min(int(user), int(group)) >= 1000  # numbers, so that engines can tell that it is not root
    assert names.index("USER") > max(i for i, name in enumerate(names) if name in ("RUN", "COPY"))
    entry = json.loads(only("ENTRYPOINT"))
    assert entry[entry.index("--host") + 1] == "0.0.0.0"
    assert entry[entry.index("--port") + 1] == only("EXPOSE")


def test_it_reads_and_writes_nothing(served: Served, image: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in [image, *image.rglob("*")]}

    before = state()
    assert served.is_healthy()
    examples = {example["name"]: example["url"] for example in served.ask("/api/examples")["examples"]}
    assert "tilted.jpg" in examples  # those of the image: it is the image's code that answers
    assert [model["runtime"][:12] for model in served.ask("/api/models")["models"]] == ["ONNX Runtime"] * 2
    (record,) = served.ask("/api/read", (ROOT / "examples" / "tilted.jpg").read_bytes())["pictures"]
    assert record["text"]
    assert urlopen(served.address + "/").status == 200
    assert state() == before


def test_it_needs_no_torch(served: Served, image: Path) -> None:
    """Nor anything else that the extra does not bring, as far as that can be told where it is installed."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys("
        "['torch', 'torchvision', 'safetensors', 'onnx', 'albumentations', 'matplotlib', 'pycocotools']));"
        "import detector.server.app, detector.server.running;"
        "print(detector.server.app.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=image, env=settings(image), capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).is_relative_to(image)


def test_it_ends_when_it_is_told_to(image: Path, served: Served) -> None:
    other = Served(image)
    assert other.is_healthy()
    assert other.stop() in (0, -15)
    assert not other.is_healthy()


@pytest.mark.parametrize(
    ("path", "goes"),
    [
        ("a.txt", False),
        ("kept/b.txt", True),
        ("kept/deep/c.txt", True),
        ("kept/secret/d.txt", False),
        ("kept/deep/x.tmp", True),
        ("kept/x.tmp", False),
        ("kept/deep/cache/e", False),
        ("cache/e", False),
        ("other/kept/b.txt", False),
    ],
)
def test_rules_of_what_is_sent(path: str, goes: bool) -> None:
    assert sent(path, ["*", "!kept", "kept/secret", "kept/*.tmp", "**/cache"]) == goes
