"""Following a document: its blocks of code, and somebody who runs each of them with less to do.

Commands are those that are written there: tools are run in this process, their options parsed as ever, curl asks a real
server, Python is executed, JSON is compared with what the project writes. A block in a language that nobody here can
check is a failure.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import detector
from detector.commands.entry import parse
from detector.errors import ImageError
from detector.images import open_image
from detector.models import checkpoint
from detector.models.registry import entry
from detector.results import json_record
from detector.training.runs import RunProgress
from digit_scenes.coco import read_coco
from digit_scenes.manifest import read_manifest
from tests.fences import Block, commands
from tests.tiny import TINY_DETECTORS

ROOT = Path(__file__).parents[1]
ADDRESS = "http://127.0.0.1:8000"
COMMANDS = {
    "infer": "read",
    "serve": "serve",
    "train_detector": "train",
    "evaluate": "evaluate",
    "export": "export",
    "make_dataset": "dataset",
    "calibrate": "calibrate",
}  # tool -> the module that it calls


@lru_cache
def tool(name: str) -> ModuleType:
    if name in COMMANDS:
        return importlib.import_module(f"detector.commands.{COMMANDS[name]}")
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    spec.loader.exec_module(module)
    return module


def extras() -> set[str]:
    """Those of pyproject.toml, which Python 3.10 cannot read."""
    table = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[project.optional-dependencies]")[1]
    return set(re.findall(r"^([a-z]+) = \[", table.split("\n[")[0], re.MULTILINE))


def options(arguments: type) -> Iterator[str]:
    """The names of a command's options, those in groups too."""
    for field in fields(arguments):
        if isinstance(field.default_factory, type) and is_dataclass(field.default_factory):
            yield from options(field.default_factory)
        else:
            yield field.name.replace("_", "-")


def changed(args: Any, **options: Any) -> Any:
    """Arguments with some options changed, whatever groups they are in."""
    values = {field.name: getattr(args, field.name) for field in fields(args)}
    groups = {name: changed(value, **options) for name, value in values.items() if is_dataclass(value)}
    return replace(args, **groups, **{name: value for name, value in options.items() if name in values})


class Follower:
    """Somebody who follows a document: in a folder where whatever it takes for granted is there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, server: Callable[[], str]) -> None:
        self.folder, self.patch, self.server = folder, monkeypatch, server
        self.images: dict[str, str] = {}  # tag of a container image -> file it was made of
        self.unnamed = 0
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["docs"])

    def follow(self, block: Block, document: Path) -> None:
        if block.language == "python":
            code = self._served(block.text)
            exec(compile("\n" * block.line + code, str(document), "exec"), {"__name__": "__main__"})
        elif block.language == "sh":
            for words, comment in commands(block.text):
                self.run(words, comment)
        elif block.language == "json":
            self.compare_json(block.text)
        elif block.language == "csv":
            self.compare_manifest(block.text)
        elif block.language == "nginx":
            compare_proxy(block.text)
        else:
            raise AssertionError(f"nobody knows how to check a block in {block.language or 'no language'!r}")

    def run(self, words: list[str], comment: str = "") -> None:
        """One command line, with what is piped into it."""
        piped = b""
        while "|" in words:
            cut = words.index("|")
            assert words[0] == "cat", f"{shlex.join(words)}: only cat is known before a pipe"
            piped, words = Path(words[1]).read_bytes(), words[cut + 1 :]
        if words[0].startswith("PYTHONPATH="):
            words = words[1:]
        program = words[0].removeprefix(".venv/bin/")
        if program == "python" and words[1] == "-m":
            self.module(words[2], words[3:])
        elif program == "python":
            path = Path(words[1])
            assert path.parent == Path("tools"), f"{path}: expected a tool"
            self.tool(path.stem, words[2:], piped)
        elif program == "digit-reader":
            self.tool({command: name for name, command in COMMANDS.items()}[words[1]], words[2:], piped)
        elif program == "pip":
            self.pip(words[1:])
        elif program in ("ruff", "mypy"):
            assert f"$(BIN)/{program}" in (ROOT / "Makefile").read_text(encoding="utf-8")
        elif program == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        elif program == "curl":
            self.curl(words[1:], int(comment) if re.fullmatch("[1-5][0-9]{2}", comment) else 200)
        elif program in ("docker", "podman"):
            self.container(words[1:])
        else:
            raise AssertionError(f"{shlex.join(words)}: nobody knows how to check {program}")

    def module(self, name: str, words: Sequence[str]) -> None:
        """`python -m`: tests are not run by a test, but they have to be there."""
        if name == "detector":
            self.run(["digit-reader", *words])
        elif name == "pytest":
            assert all((ROOT / word).exists() for word in words if not word.startswith("-")), shlex.join(words)
        else:
            assert (ROOT / name.replace(".", "/")).with_suffix(".py").is_file(), f"there is no module {name}"

    def pip(self, words: Sequence[str]) -> None:
        assert words[:-1] in (["install"], ["install", "-e"])
        match = re.fullmatch(r"(?:\.|digit-reader)\[([a-z,]+)\]", words[-1])
        assert match
        assert set(match[1].split(",")) <= extras()

    def tool(self, name: str, words: Sequence[str], piped: bytes) -> None:
        module = tool(name)
        self.patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped)))
        try:
            args = parse(module.Args, words)
        except SystemExit:
            raise AssertionError(f"tools/{name}.py does not take {shlex.join(words)}") from None
        getattr(self, name)(module, args)

    def infer(self, module: ModuleType, args: Any) -> None:
        assert module.main(args) == 0

    def evaluate(self, module: ModuleType, args: Any) -> None:
        assert module.main(changed(args, count=1)) == 0

    def make_dataset(self, module: ModuleType, args: Any) -> None:
        module.main(replace(args, count=2, workers=1, preview=min(args.preview, 2)))

    def train_detector(self, module: ModuleType, args: Any) -> None:
        """Two pictures where they come from a dataset that the document makes; else all but the training."""
        little = {"minutes": None, "scenes": 2, "batch_size": 2, "workers": 0, "val_count": 1}
        args = changed(args, device="cpu")  # whatever the document has
        if args.pictures.data and {"display", "meter"} & set(args.pictures.data.parts):
            module.main(changed(args, **little))
            return

        def fit(name: str, model: Any, *rest: Any, resume: bool) -> RunProgress:
            assert resume == (rest[-1] / "best.safetensors").exists()
            checkpoint.save(rest[-1] / "best.safetensors", name, model, {})
            return RunProgress()

        self.unnamed += 1  # the time of day is the same for two that follow each other here
        with self.patch.context() as patch:
            patch.setattr(module, "fit", fit)
            patch.setattr(module, "validation_pictures", lambda args, categories: {})
            if not args.pictures.data:  # drawing scenes of all presets takes long to begin with
                patch.setattr(module, "training_batches", lambda args, *rest: module.shares(args.pictures.preset))
            tiny = entry(args.start.model).build(TINY_DETECTORS[args.start.model])
            patch.setattr(module, "first_model", lambda args, data: tiny)
            module.main(changed(args, name=args.run.name or f"unnamed-{self.unnamed}"))
        if args.start.init:
            assert module.first_model(args, None).name == args.start.model

    def calibrate(self, module: ModuleType, args: Any) -> None:
        module.main(replace(args, count=2, spaced=20))

    def export(self, module: ModuleType, args: Any) -> None:
        """With the shipped file for the one that would be written: export itself is tested elsewhere, and slow."""

        def export(network: Any, path: Path, calibration: Any) -> None:
            shutil.copy(self.folder / "detector" / "weights" / f"{network.name}.onnx", path)

        with self.patch.context() as patch:
            patch.setattr("detector.export.onnx.export", export)
            patch.setattr("detector.export.quantise.RANGE_IMAGE_COUNT", 2)
            module.main(replace(args, check=min(args.check, 1)))

    def ship_weights(self, module: ModuleType, args: Any) -> None:
        assert (args.run / "best.safetensors").is_file()
        assert all((folder / "metrics.json").is_file() for folder in args.figures)

    def benchmark(self, module: ModuleType, args: Any) -> None:
        module.sizes_of(args)

    def compare(self, module: ModuleType, args: Any) -> None:
        module.budget_of(args)
        assert module.choose(args.only)

    def serve(self, module: ModuleType, args: Any) -> None:
        assert args.reading.weights is None or detector.load(args.reading.weights).model

    def curl(self, words: Sequence[str], status: int) -> None:
        if not shutil.which("curl"):
            pytest.skip("curl is not installed")
        assert any(word.startswith(ADDRESS) for word in words)
        command = ["curl", "-sS", "-w", "\n%{http_code}", *map(self._served, words)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True, timeout=60)
        body, _, got = done.stdout.rpartition("\n")
        assert int(got) == status, f"{shlex.join(words)}: {body}"
        if "-o" not in words:
            assert ("error" in json.loads(body)) == (status != 200)

    def container(self, words: list[str]) -> None:
        """No daemon is taken for granted: names, files and ports have to agree."""
        verb, *words = words
        if verb == "build":
            file, tag = words[words.index("-f") + 1], words[words.index("-t") + 1]
            assert (ROOT / file).is_file()
            assert words[-1] == "."
            self.images[tag] = (ROOT / file).read_text(encoding="utf-8")
            return
        assert verb == "run"
        tag = next(word for word in words if word in self.images)
        port = words[words.index("-p") + 1].rsplit(":", 1)[-1]
        assert re.search(rf"^EXPOSE {port}$", self.images[tag], re.MULTILINE)
        self.tool("serve", words[words.index(tag) + 1 :], b"")

    def compare_json(self, text: str) -> None:
        """Every value has the keys and types of something that the project writes, or is read as a dataset."""
        decoder, rest = json.JSONDecoder(), text.strip()
        while rest:
            value, end = decoder.raw_decode(rest)
            rest = rest[end:].lstrip()
            if "annotations" in value:
                self.compare_dataset(value)
            else:
                assert any(alike(value, real) for real in self.real()), f"nothing looks like {value}"

    def compare_dataset(self, value: dict[str, Any]) -> None:
        Path("as_written.json").write_text(json.dumps(value), encoding="utf-8")
        for image in value["images"]:
            Path(image["file_name"]).touch()
        dataset = read_coco(Path("as_written.json"), Path())
        assert sum(map(len, dataset.targets)) == len(value["annotations"]) > 0

    def compare_manifest(self, text: str) -> None:
        path = Path("examples/as_written.csv")
        path.write_text(text, encoding="utf-8")
        manifest = read_manifest(path)
        assert all(picture.is_file() for picture in manifest.paths)
        with (ROOT / "examples" / "truth.csv").open(newline="", encoding="utf-8") as file:
            known = {row["file"]: row["lines"] for row in csv.DictReader(file)}
        assert all(known[row["file"]] == row["lines"] for row in csv.DictReader(io.StringIO(text)))

    def real(self) -> Iterator[Any]:
        """One of each thing that is written or answered."""
        yield json_record("photo.jpg", detector.read("photo.jpg"))
        try:
            open_image("gone.jpg")
        except ImageError as error:
            yield {"file": "gone.jpg", "error": str(error)}
        for question in ("/api/health", "/api/models", "/api/examples"):
            yield self._ask(question)
        yield self._ask("/api/read", "-F", "picture=@photo.jpg")
        yield from self._ask("/api/read?sweep=true", "-F", "picture=@photo.jpg")["pictures"][0]["sweep"]

    def _ask(self, path: str, *words: str) -> Any:
        done = subprocess.run(
            ["curl", "-sS", *words, self.server() + path], capture_output=True, check=True, timeout=60
        )
        return json.loads(done.stdout)

    def _served(self, text: str) -> str:
        return text.replace(ADDRESS, self.server()) if ADDRESS in text else text


def alike(written: Any, real: Any) -> bool:
    """Whether both have the same keys and kinds of values; of lists, what they begin with, if with anything."""
    if isinstance(written, dict) and isinstance(real, dict):
        return written.keys() == real.keys() and all(alike(written[key], real[key]) for key in written)
    if isinstance(written, list) and isinstance(real, list):
        return not real or all(alike(one, real[0]) for one in written)
    numbers = [isinstance(value, int | float) and not isinstance(value, bool) for value in (written, real)]
    return all(numbers) or type(written) is type(real)


def compare_proxy(text: str) -> None:
    """Brackets and semicolons; and what is said of this server."""
    assert text.count("{") == text.count("}")
    assert all(line.strip()[-1:] in ("", "{", "}", ";") for line in text.splitlines())
    assert f"proxy_pass {ADDRESS}" in text
    assert f"client_max_body_size {tool('serve').LimitOptions().max_upload}m;" in text
    assert f":{tool('serve').ListeningOptions().port}" in ADDRESS
