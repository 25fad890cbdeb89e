"""README.md, CONTRIBUTING.md and docs/ say what is so: each is followed from top to bottom, in a folder of its own."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest

from detector.images import open_image
from detector.models import checkpoint
from detector.models.registry import entry
from digit_scenes import Scenes
from digit_scenes.coco import dataset_head, write_coco
from tests.fences import Block, blocks
from tests.follow import ROOT, Follower, options, tool

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
SERVE = ROOT / "tools" / "serve.py"


@pytest.fixture(scope="module")
def server() -> Iterator[Callable[[], str]]:
    """The address of a real server, which is started when it is first asked for."""
    started: list[tuple[subprocess.Popen[str], str]] = []

    def address() -> str:
        if not SERVE.exists():
            pytest.skip("tools/serve.py is not there")
        if not started:
            process = subprocess.Popen(
                [sys.executable, SERVE, "--port", "0", "--threads", "1"],
                env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "datasets")])},
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                said = process.stdout.readline() if selector.select(120) else ""
            match = re.search(r"http://[0-9.:]+", said)
            started.append((process, match[0] if match else ""))
            assert match, f"expected the address, got {said!r}"
        return started[0][1]

    yield address
    for process, _ in started:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that documents take for granted: the project's own files, pictures, datasets, weights."""
    folder = tmp_path_factory.mktemp("things")
    for name in ("examples", "detector/weights"):
        shutil.copytree(ROOT / name, folder / name)
    picture = open_image(ROOT / "examples" / "tilted.jpg")[..., ::-1]
    for name in ("photo.jpg", "scans/1.png", "scans/2.png", "more/of/them.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), picture)
    cv2.imwrite(str(folder / "digit.png"), cv2.resize(picture[:120, :120], (28, 28)))
    (folder / "truth.csv").write_text("file,lines\nphoto.jpg,1370476 8346139\n", encoding="utf-8")
    for name in ("mine", "mine_too"):
        write_coco(folder / name, Scenes("strips", "test"), 2, dataset_head("strips", "test", 0, None), workers=1)
    (folder / "runs" / "NAME").mkdir(parents=True)
    shutil.copy(
        folder / "detector" / "weights" / "faster-rcnn.safetensors", folder / "runs" / "NAME" / "best.safetensors"
    )
    shutil.copy(folder / "detector" / "weights" / "faster-rcnn.onnx", folder / "digits.onnx")
    rung = folder / "runs" / "ladder" / "modern-cnn"
    rung.mkdir(parents=True)
    classifier = entry("modern-cnn")
    checkpoint.save(rung / "weights.safetensors", "modern-cnn", classifier.build(classifier.config()), {})
    return folder


@pytest.fixture
def follower(things: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Callable[[], str]) -> Follower:
    folder = tmp_path / "checkout"
    shutil.copytree(things, folder)
    for name in ("tools", "datasets", "hubconf.py", "Makefile", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "digits").symlink_to(ROOT / "datasets" / "digit_scenes" / "mnist_idx")
    return Follower(folder, monkeypatch, server)


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_followed(name: str, follower: Follower) -> None:
    for block in blocks((ROOT / name).read_text(encoding="utf-8")):
        try:
            follower.follow(block, ROOT / name)
        except Exception as error:
            raise AssertionError(f"{name}, block after line {block.line}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("name", NAMES)
def test_no_code_hides_outside_of_fences(name: str) -> None:
    fenced = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"(?:\A|\n)\s*\n(?: {4}|\t) *(?:\$ |\.venv|python|pip|curl|import )", fenced)


@pytest.mark.parametrize("name", NAMES)
def test_options_named_in_passing_are_there(name: str) -> None:
    """`evaluate.py --failures` in a sentence or a table."""
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    for program, words in re.findall(r"`(?:python )?(?:tools/)?([a-z_]+)\.py((?: [^`]*)?)`", text):
        if (ROOT / "tools" / f"{program}.py").exists():
            known = set(options(tool(program).Args))
            named = re.findall(r"--(?:no-)?([a-z][a-z0-9-]*)", words)
            assert set(named) <= known, f"{program}.py has no {set(named) - known}"


@pytest.mark.parametrize("name", NAMES)
def test_paths_named_in_passing_are_there(name: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    named = re.findall(r"`((?:detector|datasets|docs|tests|tools)/[a-z0-9_/.-]*)`", text)
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert there.exists(), f"{name}: {target}"
        assert ROOT in there.parents
        if anchor:
            assert anchor in headings(there), f"{name}: {target}"


def headings(path: Path) -> set[str]:
    """What links to the headings of a document are called."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_what_is_wrong_is_found(follower: Follower) -> None:
    here = ROOT / "README.md"
    wrong = {
        "ruby": "puts 1",
        "": "python tools/infer.py photo.jpg",
        "python": "import detector\ndetector.red('photo.jpg')",
        "json": '{"file": "photo.jpg", "width": 640}',
        "csv": "file,text\nphoto.jpg,1",
        "nginx": "server {",
    }
    for language, text in wrong.items():
        with pytest.raises(Exception):  # noqa: B017 - any will do
            follower.follow(Block(language, text, 1), here)
    for line in (
        "python tools/infer.py photo.jpg --no-such-option",
        "python tools/infer.py gone.jpg",
        "python tools/no_such_tool.py",
        "python setup.py",
        "pip install -e '.[nothing]'",
        "make coffee",
        "rm -rf runs",
        "less photo.jpg | python tools/infer.py -",
    ):
        with pytest.raises(Exception):  # noqa: B017
            follower.follow(Block("sh", line, 1), here)


def test_blocks_are_found() -> None:
    text = "a\n```sh\nb\n```\n  ```json\n  {}\n  ```\n"
    assert blocks(text) == [Block("sh", "b\n", 2), Block("json", "  {}\n", 5)]
    assert blocks("") == []
    for broken in ("```sh\na\n", "```sh\n```python\n```\n"):
        with pytest.raises(AssertionError):
            blocks(broken)
