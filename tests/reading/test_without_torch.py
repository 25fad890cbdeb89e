"""Reading without torch: no module of it imports torch, and pictures are read where there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reading.bright import write

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "detector" / "reading").glob("*.py") if path.stem != "__init__")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("onnx") / "x.onnx")


WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "albumentations", "pycocotools", "safetensors", "matplotlib"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def without_torch(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT + code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_of_reading_imports_torch_or_a_runtime(module: str) -> None:
    code = f"import sys, detector.reading.{module}; print(sorted({{'torch', 'onnxruntime'}} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_reading_needs_no_torch(exported: Path) -> None:
    done = without_torch(
        """
import numpy as np
import detector
image = np.zeros((60, 60, 3), np.uint8)
image[20:50, 20:40] = 255
reader = detector.load(sys.argv[1], threads=1)
page = reader.read(image)
detector.draw_page(image, page)
print(page.text, reader.model.runtime)
try:
    detector.load("weights.safetensors")
except detector.WeightsError as error:
    print(error)
""",
        exported,
    )
    assert done.stderr == ""
    read, refused = done.stdout.splitlines()
    assert read == "5 ONNX Runtime"
    assert refused == (
        "weights.safetensors: weights in safetensors form need the extra 'torch', which is not installed "
        "(No module named 'torch'); install it, as in: pip install 'digit-reader[torch]'"
    )


def test_the_inference_tool_needs_no_torch(exported: Path) -> None:
    code = "import runpy; runpy.run_path('tools/infer.py', run_name='__main__')"
    done = without_torch(code, "examples/page.jpg", "--weights", exported, "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["file"] == "examples/page.jpg"


def test_shipped_weights_need_no_torch() -> None:
    if not (ROOT / "detector" / "weights" / "faster-rcnn.onnx").is_file():
        pytest.skip("no weights are shipped in ONNX form")
    done = without_torch("import detector; print(detector.read('examples/page.jpg').text)")
    assert done.returncode == 0, done.stderr
    assert any(letter.isdigit() for letter in done.stdout)
