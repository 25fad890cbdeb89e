"""What people get from `pip install digit-reader`: a wheel is built, and used where there is no checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAX_WHEEL_BYTES = 15_000_000
SHEETS = ("letters", "prints", "scripts")
TILTED = ROOT / "examples" / "tilted.jpg"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the checkout and nothing of an earlier build gets in."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("detector", "datasets"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", built, source)
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel, and of this project nothing else.

    Other packages are those of this environment. A folder that a .pth file names is searched, but .pth files in it are
    not followed: the checkout, which is installed by one, is not found.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip("--python", python, "install", "--no-deps", wheel)  # before others are linked, among which it would find itself
    (packages,) = folder.glob("lib/python*/site-packages")
    others = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (packages / "others.pth").write_text("\n".join(others) + "\n", encoding="utf-8")
    return python


def pip(*words: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *map(str, words)]
    done = subprocess.run(command, env=clean_environment() | {"PIP_NO_INDEX": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=300)


def test_it_carries_the_weights_and_what_makes_scenes_but_not_mnist(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    assert {path.name for path in (ROOT / "detector" / "weights").iterdir() if path.is_file()} <= {
        name.rsplit("/", 1)[-1] for name in names if name.startswith("detector/weights/")
    }
    assert {
        "digit_scenes/scene.py",
        "digit_scenes/lettering_fonts/digits.png",
        *(f"digit_scenes/lettering_fonts/{name}.{kind}" for name in SHEETS for kind in ("png", "json")),
        "detector/server/page/index.html",
    } <= names
    assert not [name for name in names if "mnist_idx" in name or name.startswith(("tests", "tools", "examples"))]
    assert wheel.stat().st_size < MAX_WHEEL_BYTES


@pytest.mark.parametrize("way", ["script", "module"])
def test_it_reads_a_picture(python: Path, tmp_path: Path, way: str) -> None:
    shutil.copy(TILTED, tmp_path / "x.jpg")
    command = [python.with_name("digit-reader")] if way == "script" else [python, "-m", "detector"]
    done = run(tmp_path, *command, "read", "x.jpg", "--json", "-")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["file"] == "x.jpg"
    truth = (ROOT / "examples" / "truth.csv").read_text(encoding="utf-8")
    assert f"tilted.jpg,{record['text']}" in truth.splitlines()


def test_it_is_the_wheel_that_is_used(python: Path, tmp_path: Path) -> None:
    done = run(tmp_path, python, "-c", "import detector, digit_scenes; print(detector.__file__, digit_scenes.__file__)")
    assert done.stderr == ""
    assert all(Path(file).is_relative_to(python.parents[1]) for file in done.stdout.split())
    assert run(tmp_path, python.with_name("digit-reader"), "--version").stdout.startswith("digit-reader ")


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        (
            ["dataset", "--out", "scenes", "--count", "1"],
            "name a folder with digits in IDX form, as in: --mnist-dir FOLDER",
        ),
        (["export", "--out", "out/x.onnx"], "export with --check 0 and without --int8."),
    ],
)
def test_without_mnist_it_says_what_to_do(python: Path, tmp_path: Path, words: list[str], way_out: str) -> None:
    done = run(tmp_path, python.with_name("digit-reader"), *words)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith(
        f"got none, since the installed package does not carry them; work in a checkout of the project, or {way_out}\n"
    )
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_other_digits_take_the_place_of_mnist(python: Path, tmp_path: Path) -> None:
    mnist = ROOT / "datasets" / "digit_scenes" / "mnist_idx"
    words = ("dataset", "--out", "scenes", "--count", "1", "--workers", "1", "--mnist-dir", str(mnist))
    done = run(tmp_path, python.with_name("digit-reader"), *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 scenes in scenes\n"
