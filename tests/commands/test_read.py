"""The command `read`: what it prints and writes, what it refuses, and its exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import detector
from detector.commands import read
from detector.commands.entry import parse
from detector.errors import OptionError
from detector.files import appearing
from detector.reading.reader import Reader
from detector.results import annotated_paths
from tests.fakes import FakeDetector, blank, draw_blobs

ROOT = Path(__file__).parents[2]


loaded: list[dict[str, Any]] = []  # what was asked of detector.load, besides weights and threshold


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The tool with a detector that needs no weights, in a folder of its own."""

    def load(weights: Any, min_score: float | None, min_number_score: float, **options: Any) -> Reader:
        loaded.append(options)
        return Reader(FakeDetector(0.9), min_score, min_number_score, tables=options.get("tables", False))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(detector, "load", load)
    return lambda *arguments: read.main(parse(read.Args, arguments))


def picture(path: str | Path, digits: list[int] | None = None) -> bytes:
    """Writes 12 over 3, or the given digits in a row, or nothing for []; returns the bytes of the file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    boxes = [[10, 10, 20, 30], [24, 10, 34, 30], [10, 50, 20, 70]]
    if digits is not None:
        boxes = [[10 + 14 * i, 10, 20 + 14 * i, 30] for i in range(len(digits))]
    Image.fromarray(draw_blobs(blank(90, 120), boxes, [1, 2, 3] if digits is None else digits)).save(path)
    return path.read_bytes()


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_prints_what_it_read(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    picture("a.png", [4, 2])
    picture("b.png")
    picture("c.png", [])
    assert run("a.png", "b.png", "c.png") == 0
    out, err = capsys.readouterr()
    assert out == "a.png: 42\nb.png:\n  12\n  3\nc.png: (no digits)\n3 pictures read on PyTorch\n"
    assert err == ""


def test_one_bad_picture_does_not_stop_the_others(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    picture("in/1.png", [1])
    Path("in/2.png").write_bytes(b"")
    picture("in/3.png", [3])
    Path("none").mkdir()
    assert run("in", "none", "no/*.png", "gone.png", "in/1.png", "--json", "out.jsonl") == 1
    out, err = capsys.readouterr()
    assert out.startswith("in/1.png: 1\nin/3.png: 3\n2 pictures read on PyTorch, 4 not; JSON Lines in out.jsonl")
    assert err.count("error: ") == len(err.splitlines()) == 4
    read = records(Path("out.jsonl").read_text())
    assert [record["file"] for record in read] == ["in/1.png", "in/2.png", "in/3.png", "none", "no/*.png", "gone.png"]
    assert [set(record) == {"file", "error"} for record in read] == [False, True, False, True, True, True]
    assert "empty file" in read[1]["error"]


def test_json_lines_hold_everything_and_nothing_else(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    picture("a.png")
    assert run("a.png", "--json", "-", "--annotated", "out") == 0
    out, err = capsys.readouterr()
    digit = {"digit": 3, "box": [10.0, 50.0, 20.0, 70.0], "score": 0.9}
    number = {"text": "3", "score": 0.9, "rejected": False, "digits": [digit], "written": "3", "value": 3, "signs": []}
    (record,) = records(out)
    assert list(record) == ["file", "width", "height", "turned", "text", "lines", "written", "signs"]
    assert (record["file"], record["width"], record["height"], record["text"]) == ("a.png", 120, 90, "12\n3")
    assert record["lines"][1] == {"text": "3", "numbers": [number], "written": "3"}
    assert record["lines"][0]["numbers"][0]["score"] == 0.81
    assert "annotated pictures in out/" in err


def test_reads_standard_input(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = picture("a.png", [7])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert run("-", "--json", "-", "--annotated", "out") == 0
    (record,) = records(capsys.readouterr().out)
    assert (record["file"], record["text"]) == ("-", "7")
    assert Path("out/stdin.png").exists()


def test_csv_has_a_row_a_number(run: Callable[..., int]) -> None:
    picture("a, b.png")
    assert run("a, b.png", "--csv", "deep/out.csv") == 0
    with open("deep/out.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["file"], row["line"], row["number"], row["text"]) for row in rows] == [
        ("a, b.png", "1", "1", "12"),
        ("a, b.png", "2", "1", "3"),
    ]
    assert [float(rows[0][side]) for side in ("x0", "y0", "x1", "y1")] == [10, 10, 34, 30]


@pytest.mark.parametrize("digits", [None, []])
def test_coco_results_are_taken_by_pycocotools(
    run: Callable[..., int], digits: list[int] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    from pycocotools.coco import COCO

    picture("a.png", [])
    picture("b.png", digits)
    assert run("a.png", "b.png", "--coco", "out.json") == 0
    found = json.loads(Path("out.json").read_text())
    if digits == []:
        assert found == []
        return
    assert found[0]["image_id"] == 2
    assert found[0]["file_name"] == "b.png"
    assert found[0]["bbox"] == [10, 10, 10, 20]
    assert sorted(row["category_id"] for row in found) == [2, 3, 4]
    truth = COCO()
    truth.dataset = {"images": [{"id": 1}, {"id": 2}], "annotations": [], "categories": []}
    truth.createIndex()
    assert len(truth.loadRes(found).anns) == 3


def test_annotated_pictures_do_not_collide(run: Callable[..., int]) -> None:
    for name in ("a/1.png", "b/1.png", "b/1.bmp", "b/c/1.png"):
        picture(name, [5])
    assert run("a", "b", "b/c", "--annotated", "out") == 0
    assert sorted(str(path) for path in Path("out").rglob("*.png")) == [
        "out/a/1.png",
        "out/b/1-2.png",
        "out/b/1.png",
        "out/b/c/1.png",
    ]
    with Image.open("out/a/1.png") as image:
        assert not (np.array(image) == 255).all()


def test_annotated_pictures_of_one_folder_lie_flat_and_never_replace_it(run: Callable[..., int]) -> None:
    data = picture("in/1.png", [5])
    assert annotated_paths([Path("in/1.png")], Path("out")) == [Path("out/1.png")]
    assert annotated_paths([], Path("out")) == []
    with pytest.raises(OptionError, match="one of the pictures read"):
        run("in", "--annotated", "in")
    assert Path("in/1.png").read_bytes() == data


def test_min_score_is_passed_on(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    picture("a.png", [5])
    assert run("a.png", "--min-score", "0.95") == 0
    assert "(no digits)" in capsys.readouterr().out
    with pytest.raises(OptionError):
        run("a.png", "--min-score", "7")


def test_a_number_that_is_not_sure_enough_is_never_given_away_silently(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 12 over 3, the first has a score of 0.81, the second of 0.9."""
    picture("a.png")
    assert run("a.png", "--min-number-score", "0.85", "--csv", "a.csv", "--json", "a.jsonl", "--annotated", "out") == 0
    assert capsys.readouterr().out.startswith("a.png:\n  ??\n  3\n")
    (record,) = records(Path("a.jsonl").read_text())
    withheld, sure = (line["numbers"][0] for line in record["lines"])
    assert (record["text"], withheld["text"], withheld["rejected"]) == ("??\n3", "??", True)
    assert (sure["text"], sure["rejected"]) == ("3", False)
    assert [digit["digit"] for digit in withheld["digits"]] == [1, 2]
    assert [row.split(",")[3] for row in Path("a.csv").read_text().splitlines()[1:]] == ["??", "3"]
    assert Path("out/a.png").exists()
    with pytest.raises(OptionError, match="min_number_score: expected a number from 0 to 1, got nan"):
        run("a.png", "--min-number-score", "nan")


def test_what_computes_is_passed_on_and_told(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture("a.png", [5])
    monkeypatch.setattr(FakeDetector, "runtime", "ONNX Runtime")
    monkeypatch.setattr(FakeDetector, "name", "faster-rcnn", raising=False)
    assert run("a.png", "--runtime", "onnx", "--threads", "1", "--json", "-") == 0
    usual = {"model": None, "device": "cpu", "turn": True, "tables": False}
    assert loaded[-1] == usual | {"threads": 1, "runtime": "onnx"}
    assert capsys.readouterr().err == "1 picture read by faster-rcnn on ONNX Runtime; JSON Lines in -\n"


def test_the_tool_itself_needs_no_torch() -> None:
    assert "torch" not in {name.split(".")[0] for name in vars(read)}


def test_a_run_that_breaks_leaves_no_file(run: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    picture("a.png", [5])

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Reader, "detect_many", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run("a.png", "--json", "out/a.jsonl", "--csv", "out/a.csv", "--coco", "out/a.json")
    assert list(Path("out").iterdir()) == []


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="cannot be written"), appearing(tmp_path / "file" / "out.json"):
        pass


def tool(*arguments: str | bytes, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "datasets")])
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "infer.py"), *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": paths},
    )


def test_the_command_line(tmp_path: Path) -> None:
    """Real weights files, of an untrained detector: whatever it answers is answered in the right form."""
    from detector.models import checkpoint
    from detector.models.registry import DETECTORS

    design = DETECTORS["faster-rcnn"]
    weights = str(tmp_path / "tiny.safetensors")
    checkpoint.save(Path(weights), "faster-rcnn", design.build(design.config()), {})
    data = picture(tmp_path / "a.png")
    Image.fromarray(blank(60, 700)).save(tmp_path / "b.png")
    done = tool("-", str(tmp_path / "b.png"), str(tmp_path / "c.png"), "--weights", weights, "--json", "-", stdin=data)
    assert done.returncode == 1
    read = records(done.stdout.decode())
    assert [record["file"] for record in read] == ["-", str(tmp_path / "b.png"), str(tmp_path / "c.png")]
    assert ["error" in record for record in read] == [False, False, True]
    assert b"Traceback" not in done.stderr
    assert b"error: " in done.stderr


def test_usage_and_missing_weights() -> None:
    assert tool().returncode == 2
    done = tool("a.png", "--weights", "none.safetensors")
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: none.safetensors")


def rows_of_numbers(path: str, rows: list[list[int]]) -> None:
    """A picture of digits in rows and columns, without rulings."""
    boxes = [
        [20 + 60 * j, 10 + 40 * i, 30 + 60 * j, 30 + 40 * i] for i in range(len(rows)) for j in range(len(rows[i]))
    ]
    digits = [digit for row in rows for digit in row]
    Image.fromarray(draw_blobs(blank(40 * len(rows) + 20, 60 * len(rows[0]) + 40), boxes, digits)).save(path)


def test_a_table_is_written_cell_by_cell(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    rows_of_numbers("a.png", [[1, 2], [3, 4], [5, 6]])
    assert run("a.png", "--table", "t.csv", "--json", "t.jsonl") == 0
    assert Path("t.csv").read_text() == "1,2\n3,4\n5,6\n"
    out, err = capsys.readouterr()
    assert out.endswith("; JSON Lines in t.jsonl, tables in t.csv\n")
    assert err == ""
    (record,) = records(Path("t.jsonl").read_text())
    assert [[cell["text"] for cell in row] for row in record["tables"][0]["rows"]] == [
        ["1", "2"],
        ["3", "4"],
        ["5", "6"],
    ]
    assert run("a.png", "--json", "t.jsonl") == 0  # nobody asked for tables
    assert "tables" not in records(Path("t.jsonl").read_text())[0]


def test_several_tables_have_the_names_of_their_pictures(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    rows_of_numbers("a.png", [[1, 2], [3, 4], [5, 6]])
    rows_of_numbers("b.png", [[7, 8], [9, 0], [1, 2]])
    picture("none.png")
    assert run("a.png", "none.png", "b.png", "--table", "t.csv") == 0
    assert Path("t.csv").read_text() == "a.png\n1,2\n3,4\n5,6\n\nb.png\n7,8\n9,0\n1,2\n"
    assert "none.png: no table found" in capsys.readouterr().err


def test_no_table_at_all_is_said_and_leaves_an_empty_file(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    picture("a.png", [])
    assert run("a.png", "--table", "t.csv") == 0
    assert Path("t.csv").read_text() == ""
    assert capsys.readouterr().err == "a.png: no table found: expected numbers in rows and columns.\n"
