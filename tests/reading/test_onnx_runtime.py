"""Exported detectors on ONNX Runtime: the network itself, how a reader with it is loaded, and reading without torch."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import detector
from detector.errors import OptionError, WeightsError
from detector.models import checkpoint
from detector.models.base import Detector
from detector.models.ladder.classifiers import Softmax, SoftmaxConfig
from detector.reading import loading, onnx_runtime
from detector.reading.onnx_runtime import SHARED_THREAD_GAIN, OnnxNetwork, split_among_threads
from detector.types import Detections

ROOT = Path(__file__).parents[2]

# One digit for each picture that has a bright pixel: its box is around them all, the brightest says which it is.
GRAPH = """
<ir_version: 10, opset_import: ["": 18]>
bright (uint8[B, H, W, 3] pictures) => (float[N, 4] boxes, int64[N] labels, float[N] scores, int64[N] picture)
<int64[1] one = {1}, int64[1] two = {2}, int64[1] last = {-1}, float dark = {100}, float ten = {10}, float full = {255}>
{
    pixels = Cast <to = 1> (pictures)
    grey = ReduceMax <keepdims = 0> (pixels, last)
    brightest_of_rows = ReduceMax <keepdims = 0> (grey, two)
    brightest = ReduceMax <keepdims = 0> (brightest_of_rows, one)
    light = Greater (grey, dark)
    ink = Cast <to = 6> (light)
    rows = ReduceMax <keepdims = 0> (ink, two)
    columns = ReduceMax <keepdims = 0> (ink, one)
    x0 = ArgMax <axis = 1> (columns)
    y0 = ArgMax <axis = 1> (rows)
    x_last = ArgMax <axis = 1, select_last_index = 1> (columns)
    y_last = ArgMax <axis = 1, select_last_index = 1> (rows)
    x1 = Add (x_last, one)
    y1 = Add (y_last, one)
    sides = Concat <axis = 1> (x0, y0, x1, y1)
    sides_as_float = Cast <to = 1> (sides)
    found = Greater (brightest, dark)
    places = NonZero (found)
    picture = Reshape (places, last)
    boxes = Gather (sides_as_float, picture)
    values = Gather (brightest, picture)
    ones = Mod <fmod = 1> (values, ten)
    labels = Cast <to = 7> (ones)
    scores = Div (values, full)
}
"""
METADATA = {"format": "digit-reader 1", "model": "faster-rcnn", "config": "{}", "whole_picture": "0"}


def write(path: Path, graph: str = GRAPH, **metadata: str) -> Path:
    model = onnx.parser.parse_model(graph)
    onnx.helper.set_model_props(model, METADATA | metadata)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("onnx") / "x.onnx")


@pytest.fixture(scope="module")
def network(exported: Path) -> OnnxNetwork:
    return OnnxNetwork(exported, threads=1)


def picture(height: int, width: int, box: tuple[int, int, int, int] | None = None, value: int = 207) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    if box:
        image[box[1] : box[3], box[0] : box[2]] = value
    return image


def bright(image: np.ndarray) -> Detections:
    """What the graph says, said by NumPy."""
    grey = image.max(2)
    y, x = np.nonzero(grey > 100)
    if not len(x):
        return Detections.empty()
    box = np.array([[x.min(), y.min(), x.max() + 1, y.max() + 1]], np.float32)
    return Detections(box, np.array([grey.max() % 10], np.int64), np.array([grey.max() / 255], np.float32))


def assert_same(found: Detections, expected: Detections) -> None:
    assert found.boxes.tolist() == expected.boxes.tolist()
    assert found.labels.tolist() == expected.labels.tolist()
    assert found.scores.tolist() == expected.scores.tolist()


# the network


def test_no_pictures_and_pictures_without_digits(network: OnnxNetwork) -> None:
    assert network.find([]) == []
    assert [len(found) for found in network.find([picture(1, 1), picture(20, 30), picture(1, 1)])] == [0, 0, 0]


def test_one_pixel_is_a_picture(network: OnnxNetwork) -> None:
    [found] = network.find([picture(1, 1, (0, 0, 1, 1), 254)])
    assert_same(
        found, Detections(np.array([[0, 0, 1, 1]], np.float32), np.array([4]), np.array([254 / 255], np.float32))
    )


@pytest.fixture(scope="module", params=[1, 2, 3])
def of_threads(exported: Path, request: pytest.FixtureRequest) -> OnnxNetwork:
    return OnnxNetwork(exported, threads=request.param)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 999)), max_size=7))
def test_every_picture_gets_its_own_answer_in_any_company(
    of_threads: OnnxNetwork, sizes: list[tuple[int, int, int]]
) -> None:
    images = [np.random.default_rng(seed).integers(0, 140, (h, w, 3)).astype(np.uint8) for h, w, seed in sizes]
    found = of_threads.find(images)
    assert len(found) == len(images)
    for own, image in zip(found, images, strict=True):
        assert_same(own, bright(image))


@given(st.integers(1, 40))
def test_many_pictures_of_one_size_go_a_few_at_a_time(network: OnnxNetwork, pixels: int) -> None:
    images = [np.random.default_rng(seed).integers(0, 140, (3, 4, 3)).astype(np.uint8) for seed in range(5)]
    batches: list[int] = []
    run = network._run

    def counted(session: Any, batch: np.ndarray) -> list[Detections]:
        batches.append(len(batch))
        return run(session, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_runtime, "RUN_PX", pixels)
        patch.setattr(network, "_run", counted)
        patch.setattr(network, "threads", 1)
        found = network.find(images)
    assert sum(batches) == 5
    assert max(batches) <= max(1, pixels // 12)
    for own, image in zip(found, images, strict=True):
        assert_same(own, bright(image))


@given(st.lists(st.sampled_from([(9, 9), (9, 10), (30, 40), (300, 3)]), max_size=20), st.integers(1, 5))
def test_threads_take_pictures_of_their_own_where_that_is_faster(shapes: list[tuple[int, int]], threads: int) -> None:
    shares = split_among_threads(shapes, threads)
    assert sorted(i for share in shares for i in share) == list(range(len(shapes)))
    assert 1 <= len(shares) <= threads
    if len(shares) > 1:
        sizes = [sum(math.prod(shapes[i]) for i in share) for share in shares]
        assert max(sizes) * (1 + SHARED_THREAD_GAIN * (threads - 1)) < sum(sizes)
        assert sum(len({shapes[i] for i in share}) for share in shares) <= len(set(shapes)) + threads - 1


def test_what_is_shared_out_and_what_is_not() -> None:
    small, large = (10, 10, 3), (20, 20, 3)
    assert split_among_threads([small], 2) == [[0]]
    assert split_among_threads([small, small], 2) == [[0], [1]]
    assert split_among_threads([large, small], 2) == [[0, 1]]  # who has the small one would wait for the other
    assert split_among_threads([small, large, small, large], 2) == [[1], [3, 0, 2]]
    assert split_among_threads([small, large, small, large, small, small], 2) == [[0, 1, 2, 3, 4, 5]]
    assert split_among_threads([small] * 3, 4) == [[0], [1], [2]]
    assert split_among_threads([], 2) == [[]]


def test_views_of_pictures_are_read_as_they_are(network: OnnxNetwork) -> None:
    image = picture(30, 40, (3, 5, 10, 20))
    image[3, 4] = 250
    image.setflags(write=False)
    views = [image[::-1], image[:, ::-1], image[4:25, 2:38], image[..., ::-1]]
    for found, view in zip(network.find(views), views, strict=True):
        assert_same(found, bright(view))


def test_it_says_what_it_is(network: OnnxNetwork, tmp_path: Path) -> None:
    assert network.runtime == "ONNX Runtime"
    assert network.name == "faster-rcnn"
    assert not network.whole_picture
    assert OnnxNetwork(write(tmp_path / "y.onnx", whole_picture="1")).whole_picture
    assert onnx_runtime.FORMAT == checkpoint.FORMAT


FIXED = """
<ir_version: 10, opset_import: ["": 18]>
fixed (uint8[B, H, W, 3] pictures) => (float[N, 4] boxes, int64[N] labels, float[N] scores, int64[N] picture)
<float[5, 4] boxes = {-5, -5, 4, 4, 2, 2, 90, 90, 30, 30, 40, 40, 1, 1, 1, 5, 3, 3, 6, 6},
 int64[5] labels = {1, 2, 3, 4, 5}, float[5] scores = {0.5, 0.7, 0.9, 0.9, 1.5}, int64[5] picture = {0, 0, 0, 0, 0}>
{ }
"""


def test_answers_are_put_right(tmp_path: Path) -> None:
    """Inside the picture, of some size, best first, scores of 1 at most."""
    [found] = OnnxNetwork(write(tmp_path / "x.onnx", FIXED)).find([picture(20, 10)])
    assert found.boxes.tolist() == [[3, 3, 6, 6], [2, 2, 10, 20], [0, 0, 4, 4]]
    assert found.labels.tolist() == [5, 2, 1]
    assert found.scores.tolist() == pytest.approx([1, 0.7, 0.5])


# files


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def no_onnx(path: Path) -> None:
    path.write_bytes(b"\x89PNG, or so" * 50)


def without_metadata(path: Path) -> None:
    onnx.save(onnx.parser.parse_model(GRAPH), path)


def of_another_format(path: Path) -> None:
    write(path, format="digit-reader 7")


def with_other_inputs(path: Path) -> None:
    write(path, GRAPH.replace("pictures", "images"))


def with_other_types(path: Path) -> None:
    write(path, GRAPH.replace("uint8[", "float16["))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "expected a weights file, found none"),
        (damage, "damaged or else"),
        (empty, "damaged or else"),
        (no_onnx, "damaged or else"),
        (without_metadata, r"expected a detector of this project .* got 'something else'"),
        (of_another_format, "got 'digit-reader 7'"),
        (with_other_inputs, r"expected pictures tensor\(uint8\) in .* got images tensor\(uint8\) in"),
        (with_other_types, r"got pictures tensor\(float16\) in"),
    ],
)
def test_files_that_are_not_what_they_should_be(
    tmp_path: Path, spoil: Callable[[Path], None], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "x.onnx")
    spoil(path)
    with pytest.raises(WeightsError, match=message) as caught:
        detector.load(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.endswith(".")
    assert "\n" not in text
    assert capfd.readouterr() == ("", "")


def test_a_network_that_fails_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "x.onnx", GRAPH.replace("Reshape (places, last)", "Reshape (places, two)"))
    with pytest.raises(
        WeightsError, match=r"x\.onnx: the network failed on pictures of shape \(1, 5, 5, 3\)"
    ) as caught:
        OnnxNetwork(path).find([picture(5, 5)])
    assert "\n" not in str(caught.value)


def test_onnx_runtime_that_is_not_installed(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(WeightsError, match=r"the extra 'onnx', which is not installed .*digit-reader\[onnx\]"):
        detector.load(exported)


# loading


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of which the content is shipped, with the smallest of all models as default."""
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(loading, "DEFAULT_MODEL", "softmax")
    return tmp_path


def ship(folder: Path, *suffixes: str) -> None:
    if ".onnx" in suffixes:
        write(folder / "softmax.onnx", model="softmax")
    if ".int8.onnx" in suffixes:
        write(folder / "softmax.int8.onnx", model="softmax", precision="int8")
    if ".safetensors" in suffixes:
        checkpoint.save(folder / "softmax.safetensors", "softmax", Softmax(SoftmaxConfig()), {})


def test_a_file_decides_the_runtime(exported: Path, tmp_path: Path) -> None:
    ship(tmp_path, ".safetensors")
    for runtime in (None, "onnx"):
        reader = detector.load(exported, model="faster-rcnn", min_score=0.2, threads=1, runtime=runtime)
        assert isinstance(reader.model, OnnxNetwork)
        assert reader.min_score == 0.2
        assert reader.read(picture(40, 40, (10, 8, 20, 30), 255)).text == "5"
    for runtime in (None, "torch"):
        assert isinstance(detector.load(tmp_path / "softmax.safetensors", runtime=runtime).model, Detector)
    upper = tmp_path / "X.ONNX"
    upper.write_bytes(exported.read_bytes())
    assert isinstance(detector.load(upper).model, OnnxNetwork)


def test_shipped_weights_are_read_with_onnx_runtime_where_that_can_be(shipped: Path) -> None:
    ship(shipped, ".onnx", ".safetensors")
    assert detector.load().model.runtime == detector.load(device="cpu:0").model.runtime == "ONNX Runtime"
    assert detector.load(runtime="torch").model.runtime == "PyTorch"
    with pytest.raises(OptionError, match="'toaster'"):  # by PyTorch, as it is not the CPU
        detector.load(device="toaster")


def test_int8_is_for_processors_that_have_it(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship(shipped, ".int8.onnx", ".onnx", ".safetensors")
    for has_it, runtime in ((True, "ONNX Runtime, int8"), (False, "ONNX Runtime")):
        monkeypatch.setattr(loading, "int8_is_fast", lambda has_it=has_it: has_it)
        assert detector.load().model.runtime == runtime
        assert detector.load(runtime="int8").model.runtime == "ONNX Runtime, int8"
        assert detector.load(runtime="onnx").model.runtime == "ONNX Runtime"
        assert detector.load(shipped / "softmax.int8.onnx", runtime="int8").model.runtime == "ONNX Runtime, int8"
    with pytest.raises(OptionError, match=r"expected int8 for .*int8\.onnx, got onnx"):
        detector.load(shipped / "softmax.int8.onnx", runtime="onnx")


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        ("processor : 0\nflags : fpu avx2 avx512_vnni\n", True),
        ("flags\t\t: fpu avx_vnni\nflags : fpu\n", True),
        ("flags : fpu avx2 avx512f\n", False),
        ("Features : fp asimd\n", False),
        ("", False),
        (None, False),
    ],
)
def test_a_processor_s_instructions_are_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, fast: bool
) -> None:
    info = tmp_path / "cpuinfo"
    if text is not None:
        info.write_text(text)
    monkeypatch.setattr(onnx_runtime, "CPUINFO_FILE", info)
    onnx_runtime.int8_is_fast.cache_clear()
    assert onnx_runtime.int8_is_fast() is fast
    onnx_runtime.int8_is_fast.cache_clear()


def test_without_onnx_runtime_shipped_weights_are_read_with_pytorch(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(shipped, ".onnx", ".safetensors")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert detector.load().model.runtime == "PyTorch"
    with pytest.raises(WeightsError, match=r"digit-reader\[onnx\]"):
        detector.load(runtime="onnx")


@pytest.mark.parametrize(("suffix", "runtime"), [(".onnx", "onnx"), (".safetensors", "torch")])
def test_what_is_shipped_in_one_form_is_read_in_that(shipped: Path, suffix: str, runtime: str) -> None:
    ship(shipped, suffix)
    assert detector.load().model.runtime == detector.load(runtime=runtime).model.runtime
    for other in set(loading.WEIGHTS_SUFFIXES) - {runtime}:
        with pytest.raises(WeightsError, match=f"are for {runtime}, not for {other}; leave runtime out"):
            detector.load(runtime=other)
    with pytest.raises(WeightsError, match="sliding-window: no weights are shipped"):
        detector.load(model="sliding-window", runtime=runtime)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"runtime": "torch"}, OptionError, "runtime: expected onnx for .*, got torch, which takes .safetensors files"),
        ({"runtime": "tensorflow"}, OptionError, "runtime: expected one of int8, onnx, torch, got 'tensorflow'"),
        ({"runtime": ""}, OptionError, "runtime: expected one of int8, onnx, torch, got ''"),
        ({"device": "cuda"}, OptionError, "device: expected cpu for .*, got 'cuda'"),
        ({"threads": 0}, OptionError, "threads: expected at least 1, got 0"),
        ({"threads": -3}, OptionError, "threads: expected at least 1, got -3"),
        ({"min_score": 1.5}, OptionError, "min_score: expected a number from 0 to 1"),
        ({"model": "sliding-window"}, WeightsError, "expected weights of 'sliding-window', got those of 'faster-rcnn'"),
    ],
)
def test_options_that_do_not_go_together(exported: Path, options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        detector.load(exported, **options)


def test_onnx_runtime_for_other_weights() -> None:
    with pytest.raises(OptionError, match=r"runtime: expected torch for w\.safetensors, got onnx"):
        detector.load("w.safetensors", runtime="onnx")


def test_the_evaluation_tool_takes_them(exported: Path, tmp_path: Path) -> None:
    options = ["--weights", exported, "--runtime", "onnx", "--threads", "1", "--out", tmp_path]
    command = [sys.executable, ROOT / "tools" / "evaluate.py", "--preset", "strips", "--count", "2", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "metrics.json").is_file()


# without torch

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
