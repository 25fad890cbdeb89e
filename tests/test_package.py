"""What is installed with what: reading takes little, and everything that is imported is asked for."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
HOMES = {"detector": ROOT, "digit_scenes": ROOT / "datasets"}
DISTRIBUTIONS = {
    "python_multipart": "python-multipart",
    "cv2": "opencv-python-headless",
    "onnx_ir": "onnx-ir",
    "PIL": "pillow",
}  # where another name than the module's
PEERS = {"ultralytics"}  # measured where they happen to be installed


@lru_cache
def project() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib")  # Python 3.11
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def names(requirements: list[str]) -> set[str]:
    """The packages that are asked for, extras of the project itself replaced by what they ask for."""
    found: set[str] = set()
    for requirement in requirements:
        match = re.match(r"([\w.-]+)(?:\[([\w,-]+)\])?", requirement)
        assert match, requirement
        if match[1] == project()["name"]:
            found |= extras(*match[2].split(","))
        else:
            found.add(match[1].lower())
    return found


def extras(*chosen: str) -> set[str]:
    return set().union(*(names(project()["optional-dependencies"][extra]) for extra in chosen))


def base() -> set[str]:
    return names(project()["dependencies"])


def imports(path: Path, anywhere: bool = False) -> Iterator[str]:
    """What a file imports when it is itself imported or, if anywhere, ever."""

    def visit(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "the project imports by absolute names"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif anywhere or not (is_function(node) or is_for_types_only(node)):
            for child in ast.iter_child_nodes(node):
                yield from visit(child)

    yield from visit(ast.parse(path.read_text()))


def is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def file_of(module: str) -> Path | None:
    """The file of a module of the project, or None for what is none."""
    home = HOMES.get(module.split(".")[0])
    if home is None:
        return None
    place = home.joinpath(*module.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def loaded_with(*starts: Path) -> set[str]:
    """The packages without which these files cannot be imported, through all the project's files that they import."""
    packages: set[str] = set()
    seen: set[Path] = set()
    ahead = list(starts)
    while ahead:
        path = ahead.pop()
        if path in seen:
            continue
        seen.add(path)
        for module in imports(path):
            parts = module.split(".")
            ahead += [file for i in range(len(parts)) if (file := file_of(".".join(parts[: i + 1])))]
            packages.add(parts[0])
    return distributions(packages)


def distributions(modules: set[str]) -> set[str]:
    return {DISTRIBUTIONS.get(name, name) for name in modules - set(HOMES) - sys.stdlib_module_names}


def test_reading_takes_the_base_and_the_base_is_for_reading() -> None:
    modules = ("reading/loading", "reading/onnx_runtime", "draw", "results")
    reading = loaded_with(ROOT / "tools" / "infer.py", *(ROOT / "detector" / f"{name}.py" for name in modules))
    assert reading == base()


def test_installing_to_read_brings_no_torch() -> None:
    assert extras("onnx") == {"onnxruntime"}


def test_pytorch_takes_the_torch_extra() -> None:
    modules = (ROOT / "detector" / "models" / f"{name}.py" for name in ("checkpoint", "base"))
    assert loaded_with(*modules) <= base() | extras("torch")
    assert extras("torch") == {"torch", "torchvision", "safetensors"}


def test_making_scenes_training_and_evaluating_take_the_train_extra() -> None:
    tools = ("make_dataset", "train_detector", "evaluate", "compare")
    assert loaded_with(*(ROOT / "tools" / f"{name}.py" for name in tools)) <= base() | extras("train")


def test_exporting_takes_the_export_extra() -> None:
    assert loaded_with(*(ROOT / "detector" / "export").glob("*.py")) <= base() | extras("export")
    assert {"torch", "onnx", "onnxscript", "onnxruntime"} <= extras("export")
    assert loaded_with(ROOT / "detector" / "commands" / "export.py") <= base() | extras("export")


def test_all_is_all_and_dev_has_what_tests_need() -> None:
    others = set(project()["optional-dependencies"]) - {"all", "dev"}
    assert extras("all") == extras(*others)
    assert extras("all") < extras("dev")
    files = list((ROOT / "tests").rglob("*.py"))
    helpers = {path.stem for path in files} | {"tests", "hubconf"}
    used = {module.split(".")[0] for path in files for module in imports(path, anywhere=True)}
    assert distributions(used - helpers) <= base() | extras("dev")


def test_whatever_is_imported_anywhere_is_asked_for() -> None:
    files = [file for folder in ("detector", "datasets", "tools") for file in (ROOT / folder).rglob("*.py")]
    assert files
    used = {module.split(".")[0] for file in files for module in imports(file, anywhere=True)}
    assert distributions(used - PEERS) <= base() | extras("all")


def test_every_package_and_all_its_data_are_installed() -> None:
    tomllib = pytest.importorskip("tomllib")
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    there = {
        ".".join(file.parent.relative_to(home).parts)
        for name, home in HOMES.items()
        for file in (home / name).rglob("__init__.py")
    }
    assert set(setuptools["packages"]) == there
    weights = {file.suffix for file in (ROOT / "detector" / "weights").iterdir() if file.is_file()} - {".py"}
    assert weights <= {Path(pattern).suffix for pattern in setuptools["package-data"]["detector.weights"]}
