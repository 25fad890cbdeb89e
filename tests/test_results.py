"""Output formats: what each writes for the same pictures, and that a new one is one class."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.categories import DIGITS
from detector.draw import draw_page
from detector.errors import ImageError
from detector.results import (
    CSV_COLUMNS,
    AnnotatedPictures,
    CocoResults,
    CsvTable,
    FileOutput,
    JsonLines,
    Output,
    PlainText,
    Result,
    coco_results,
    csv_rows,
    json_record,
)
from detector.types import Digit, Line, Number, Page, Sign
from tests.fakes import blank

SEVEN, ONE = Digit(7, (10.0, 10.0, 20.0, 30.0), 0.5), Digit(1, (5.0, 40.0, 8.5, 60.0), 1.0)
TWO_LINES = Page(60, 80, (Line.of([Number.of([SEVEN])]), Line.of([Number.of([ONE])])))
RESULTS = [
    Result("a.png", 1, blank(80, 60), TWO_LINES),
    Result("b.png", 3, blank(80, 60), Page(60, 80, ())),
]


def written(output: FileOutput) -> str:
    """What a format writes for RESULTS, with a picture between them that cannot be read."""
    output.add(RESULTS[0])
    output.add_error("no.png", ImageError("no.png: no such file; check the name."))
    output.add(RESULTS[1])
    output.close()
    assert isinstance(output.stream, io.StringIO)
    return output.stream.getvalue()


def test_json_lines_hold_every_picture_and_every_error() -> None:
    assert [json.loads(line) for line in written(JsonLines(io.StringIO())).splitlines()] == [
        json_record("a.png", TWO_LINES),
        {"file": "no.png", "error": "no.png: no such file; check the name."},
        json_record("b.png", RESULTS[1].page),
    ]


def test_a_table_has_its_columns_and_a_row_for_each_number() -> None:
    rows = list(csv.reader(written(CsvTable(io.StringIO())).splitlines()))
    assert rows == [list(CSV_COLUMNS), *([str(cell) for cell in row] for row in csv_rows("a.png", TWO_LINES))]
    assert len(rows) == 3


def test_coco_results_are_one_list() -> None:
    assert json.loads(written(CocoResults(io.StringIO()))) == list(coco_results("a.png", 1, TWO_LINES))


@pytest.mark.parametrize("form", [JsonLines, CsvTable, CocoResults])
def test_no_pictures_are_an_ordinary_file(form: type[FileOutput]) -> None:
    output = form(stream := io.StringIO())
    output.close()
    assert stream.getvalue() == {JsonLines: "", CsvTable: ",".join(CSV_COLUMNS) + "\n", CocoResults: "[]"}[form]


def test_signs_are_in_every_format() -> None:
    """The number -7, and an = beside it."""
    minus, equals = Sign("-", (2.0, 18.0, 8.0, 21.0), 0.75), Sign("=", (30.0, 15.0, 40.0, 25.0), 0.6)
    number = replace(Number.of([SEVEN]), written="-7", signs=(minus,))
    page = Page(60, 80, (Line.of([number, Number.of([ONE])]),), 0, (minus, equals))
    record = json_record("a.png", page)
    assert (record["text"], record["written"], record["lines"][0]["written"]) == ("7 1", "-7 1", "-7 1")
    first, second = record["lines"][0]["numbers"]
    assert (first["written"], first["value"], second["written"], second["value"]) == ("-7", -7, "1", 1)
    assert first["signs"] == [{"sign": "-", "box": [2, 18, 8, 21], "score": 0.75}]
    assert [sign["sign"] for sign in record["signs"]] == ["-", "="]
    assert [row[-2:] for row in csv_rows("a.png", page)] == [("-7", -7.0), ("1", 1.0)]
    ids = {one["category_id"]: one["bbox"] for one in coco_results("a.png", 1, page, (*DIGITS, "-", "kWh", "="))}
    assert ids == {8: [10, 10, 10, 20], 2: [5, 40, 3.5, 20], 11: [2, 18, 6, 3], 13: [30, 15, 10, 10]}
    lines: list[str] = []
    PlainText(lines.append).add(Result("a.png", 1, blank(80, 60), page))
    assert lines == ["a.png: -7 1"]


def test_a_rejected_number_withholds_what_is_written() -> None:
    point = Sign(".", (20.0, 28.0, 22.0, 30.0), 0.9)
    number = Number("??", 0.1, (SEVEN, ONE), "7.1", (point,))
    record = json_record("a.png", Page(60, 80, (Line.of([number]),)))
    (told,) = record["lines"][0]["numbers"]
    assert (told["text"], told["written"], told["value"], len(told["signs"])) == ("??", "??", None, 1)


def test_text_of_several_lines_is_indented() -> None:
    lines: list[str] = []
    for result in RESULTS:
        PlainText(lines.append).add(result)
    assert lines == ["a.png:\n  7\n  1", "b.png: (no digits)"]


def test_annotated_pictures_are_what_is_drawn(tmp_path: Path) -> None:
    target = tmp_path / "out" / "a.png"
    AnnotatedPictures({"a.png": target}).add(RESULTS[0])
    np.testing.assert_array_equal(np.asarray(Image.open(target)), draw_page(RESULTS[0].image, TWO_LINES))


def test_a_new_format_needs_no_more_than_add() -> None:
    class Texts(Output):
        def __init__(self) -> None:
            self.texts: list[str] = []

        def add(self, result: Result) -> None:
            self.texts.append(result.page.text)

    output = Texts()
    for result in RESULTS:
        output.add(result)
    output.add_error("no.png", ImageError("no.png: no such file; check the name."))
    output.close()
    assert output.texts == ["7\n1", ""]
