"""Exported detectors on ONNX Runtime: what the network finds, and files that are none."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import detector
from detector.categories import DIGITS
from detector.errors import WeightsError
from detector.images import Picture
from detector.models import checkpoint
from detector.reading import onnx_runtime
from detector.reading.onnx_runtime import SHARED_THREAD_GAIN, OnnxNetwork, split_among_threads
from detector.types import Detections
from tests.reading.bright import GRAPH, assert_same, bright, picture, write


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("onnx") / "x.onnx")


@pytest.fixture(scope="module")
def network(exported: Path) -> OnnxNetwork:
    return OnnxNetwork(exported, threads=1)


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
def test_every_picture_gets_its_own_digits_in_any_batch(
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

    def counted(session: Any, batch: Picture) -> list[Detections]:
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


def test_which_pictures_are_split_among_threads() -> None:
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
    assert network.categories == DIGITS  # as in files from before there were others
    signs = json.dumps([*DIGITS, "+", "kWh"])
    assert OnnxNetwork(write(tmp_path / "z.onnx", categories=signs)).categories == (*DIGITS, "+", "kWh")
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


def with_other_categories(path: Path) -> None:
    write(path, categories='["1", "0"]')


def with_damaged_categories(path: Path) -> None:
    write(path, categories="{0")


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
        (with_other_categories, r"categories: expected 0 to 9, then .* got \('1', '0'\)"),
        (with_damaged_categories, r"export it again"),
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
    path = write(tmp_path / "x.onnx", GRAPH.replace("Reshape (found_at, last)", "Reshape (found_at, two)"))
    with pytest.raises(
        WeightsError, match=r"x\.onnx: the network failed on pictures of shape \(1, 5, 5, 3\)"
    ) as caught:
        OnnxNetwork(path).find([picture(5, 5)])
    assert "\n" not in str(caught.value)


def test_onnx_runtime_that_is_not_installed(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(WeightsError, match=r"the extra 'onnx', which is not installed .*digit-reader\[onnx\]"):
        detector.load(exported)
