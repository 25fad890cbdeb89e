"""Which package may import which. Imports run one way, from the top of this picture to its bottom:

    tools   detector/__main__.py
      |
    commands
      |
    ladder   benchmark   server
      |
    export   scoring   detector/__init__.py
      |
    reading   training
      |
    models
      |
    results
      |
    draw
      |
    files   images   rotation   progress
      |
    types   errors   version   weights
    categories   amounts

A package may import whatever stands in a lower row, and itself. Packages in one row do not import each other.
`digit_scenes` stands beside the picture: it may import `categories`, `types` and `errors`, and `images` where it opens
pictures. It may be imported by `ladder`, `benchmark`, `commands` and tools.

An import counts wherever it stands. One inside a function loads later, and one under TYPE_CHECKING never; but both
show that the code knows the other package. Only the tests of what is *loaded* look at imports at the top alone.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.imports import Tree, read_tree

ROOT = Path(__file__).parents[1]

ROWS: tuple[tuple[str, ...], ...] = (
    ("categories", "amounts"),
    ("types", "errors", "version", "weights"),
    ("files", "images", "rotation", "progress"),
    ("draw",),
    ("results",),
    ("models",),
    ("reading", "training"),
    ("export", "scoring", "detector"),
    ("ladder", "benchmark", "server"),
    ("commands",),
    ("tools", "__main__"),
)
"""The picture from the bottom up; "detector" is detector/__init__.py."""

SCENES_IMPORTS = {"categories", "types", "errors"}
SCENES_FILE_READERS = {"digit_scenes.coco": {"images"}, "digit_scenes.manifest": {"images"}}
IMPORTERS_OF_SCENES = {"commands", "ladder", "benchmark", "tools", "digit_scenes"}


def place_of(module: str) -> str | None:
    """The name of a module's package in ROWS, or "digit_scenes"; None for a library."""
    first, *rest = module.split(".")
    if first in ("digit_scenes", "tools"):
        return first
    if first != "detector":
        return None
    return rest[0] if rest else "detector"


def wrong_imports(tree: Tree) -> list[str]:
    """Every import that runs against the picture, in words."""
    row_of = {name: i for i, row in enumerate(ROWS) for name in row}
    wrong = []
    for one in tree.imports:
        importer, imported = place_of(one.importer), place_of(one.imported)
        if imported is None or importer is None or importer == imported != "tools":
            continue
        if importer == "digit_scenes":
            right = imported in SCENES_IMPORTS | SCENES_FILE_READERS.get(one.importer, set())
        elif imported == "digit_scenes":
            right = importer in IMPORTERS_OF_SCENES
        else:
            right = row_of[imported] < row_of[importer]
        if not right:
            wrong.append(str(one))
    return wrong


@cache
def project() -> Tree:
    """This project's own tree."""
    return read_tree(ROOT)


def is_within(module: str, *packages: str) -> bool:
    """Whether a module is one of these packages, or lies in one."""
    return any(module == package or module.startswith(package + ".") for package in packages)


def loaded_by(packages: str, *forbidden: str) -> dict[str, list[str]]:
    """What of the forbidden packages each module of a package loads when it is imported."""
    tree = project()
    loads = {
        name: sorted(module for module in tree.top_level_imports(name) if is_within(module, *forbidden))
        for name in tree.files
        if is_within(name, packages)
    }
    assert loads, f"there is no {packages}"
    return {name: modules for name, modules in loads.items() if modules}


# The picture


def test_every_module_has_its_place() -> None:
    places = {place_of(name) for name in project().files}
    assert places == {name for row in ROWS for name in row} | {"digit_scenes"}


def test_imports_run_one_way() -> None:
    assert wrong_imports(project()) == []


def test_exceptions_that_are_allowed_are_used() -> None:
    used = {(one.importer, place_of(one.imported)) for one in project().imports}
    assert {(name, place) for name, places in SCENES_FILE_READERS.items() for place in places} <= used


def test_models_never_import_reading() -> None:
    """Not even in a function: a detector does not know how large pictures are read."""
    assert [str(one) for one in project().imports if is_models(one.importer) and is_reading(one.imported)] == []


def is_models(module: str) -> bool:
    return is_within(module, "detector.models")


def is_reading(module: str) -> bool:
    return is_within(module, "detector.reading")


def test_scoring_takes_predictions() -> None:
    """It knows no model and no benchmark. A name for the type checker alone is no dependency."""
    forbidden = ("detector.models", "detector.benchmark", "torch", "torchvision")
    known = [one for one in project().imports if is_within(one.importer, "detector.scoring") and one.moment != "typing"]
    assert [str(one) for one in known if is_within(one.imported, *forbidden)] == []
    assert loaded_by("detector.scoring", *forbidden) == {}


# What is loaded


def test_reading_loads_no_torch_at_its_top() -> None:
    with_torch = ("torch", "torchvision", "detector.models", "detector.export", "detector.training")
    assert loaded_by("detector.reading", *with_torch) == {}


def test_the_package_itself_and_the_server_load_no_torch() -> None:
    assert [name for name in project().top_level_imports("detector") if is_within(name, "torch", "torchvision")] == []
    assert loaded_by("detector.server", "torch", "torchvision", "detector.models") == {}


def loaded_in_a_process(code: str) -> set[str]:
    """The names of all modules that some code has loaded when it ends."""
    code += "; import sys; print(*sorted(sys.modules))"
    paths = f"import sys; sys.path[:0] = {[str(ROOT), str(ROOT / 'datasets')]}; "
    done = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "needed", "forbidden"),
    [
        ("import detector; detector.load(runtime='torch')", "detector.models.faster_rcnn", "detector.models.ladder"),
        ("import detector; detector.load(runtime='int8')", "onnxruntime", "torch"),
        ("import detector; detector.Page", "detector.types", "onnxruntime"),
    ],
)
def test_a_process_loads_what_it_needs(code: str, needed: str, forbidden: str) -> None:
    loaded = loaded_in_a_process(code)
    assert needed in loaded
    assert not [name for name in loaded if is_within(name, forbidden)]


# The test itself


def made_up(root: Path, sources: Mapping[str, str]) -> Tree:
    """A tree of made-up files, by their paths without suffix."""
    for name, source in sources.items():
        path = root / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return read_tree(root)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("from detector.reading import reader", "imports detector.reading.reader (top)"),
        ("import detector.reading.reader as r", "imports detector.reading.reader (top)"),
        ("def f():\n    from detector.reading.reader import Reader", "imports detector.reading.reader (function)"),
        ("class A:\n    async def f(self):\n        import detector.server", "imports detector.server (function)"),
        ("if TYPE_CHECKING:\n    from detector import reading", "imports detector.reading (typing)"),
        ("if not A:\n    pass\nelif typing.TYPE_CHECKING:\n    import tools.x", "imports tools.x (typing)"),
        ("try:\n    import detector.export\nexcept ImportError:\n    pass", "imports detector.export (top)"),
        ("from ..reading import reader", "imports detector.reading.reader (top)"),
        ("from .. import reading", "imports detector.reading (top)"),
        ("import digit_scenes.coco", "imports digit_scenes.coco (top)"),
    ],
)
def test_an_import_that_runs_up_is_found(source: str, line: str, tmp_path: Path) -> None:
    tree = made_up(
        tmp_path,
        {
            "detector/models/net": source,
            "detector/models/__init__": "import torch",
            "detector/reading/__init__": "",
            "detector/reading/reader": "import detector.models.net",
        },
    )
    (found,) = wrong_imports(tree)
    assert found.startswith("detector.models.net:")
    assert found.endswith(line)


def test_imports_that_run_down_are_right(tmp_path: Path) -> None:
    tree = made_up(
        tmp_path,
        {
            "detector/models/net": "import torch\nfrom .box import Box\nfrom detector.types import Target",
            "detector/models/box": "from ..errors import DataError",
            "datasets/digit_scenes/coco": "from detector.images import open_image",
        },
    )
    assert wrong_imports(tree) == []
    assert tree.top_level_imports("detector.models.net") >= {"torch", "detector.models.box", "detector.errors"}


def test_scenes_know_no_detector_and_rows_no_neighbours(tmp_path: Path) -> None:
    tree = made_up(
        tmp_path,
        {
            "datasets/digit_scenes/page": "def f():\n    import detector.images",
            "detector/ladder/climb": "import detector.benchmark.measure",
            "detector/training/fit": "import detector.scoring.metrics",
            "detector/scoring/metrics": "import digit_scenes",
            "tools/one": "import tools.other",
        },
    )
    assert [line.split(":")[0] for line in wrong_imports(tree)] == [
        "detector.ladder.climb",
        "detector.scoring.metrics",
        "detector.training.fit",
        "digit_scenes.page",
        "tools.one",
    ]


def test_what_is_loaded_goes_through_packages_and_others_but_not_through_functions(tmp_path: Path) -> None:
    tree = made_up(
        tmp_path,
        {
            "detector/reading/__init__": "from detector.reading import search",
            "detector/reading/search": "import numpy\ndef f():\n    import torch",
            "detector/reading/loading": "from detector.reading.reader import Reader",
            "detector/reading/reader": "if TYPE_CHECKING:\n    import tensorflow",
        },
    )
    assert tree.top_level_imports("detector.reading.loading") == {
        *("detector", "detector.reading", "detector.reading.search", "detector.reading.reader", "numpy"),
    }
