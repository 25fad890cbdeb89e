"""detector.scoring.evaluation, with readers that know the answers, or some of them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from detector.categories import CATEGORIES
from detector.errors import DataError, ImageError, OptionError
from detector.reading.calibration import Calibration, Chance
from detector.scoring.evaluation import BLOCK_ORDER, evaluate, format_confusions, format_table, save
from detector.scoring.mistakes import Verdict, breakdown
from detector.types import Target
from digit_scenes import Scene, Scenes
from tests.fakes import KnowingReader, strip_scenes


class Broken:
    """Three scenes of which the second cannot be opened."""

    scenes = Scenes("strips", "test", 5)

    def __getitem__(self, index: int) -> Scene:
        if index == 1:
            raise ImageError("b.png: expected a picture, got nothing; get it again.")
        return self.scenes[index]


def test_nothing_to_evaluate_on() -> None:
    with pytest.raises(OptionError, match="at least one picture"):
        evaluate(KnowingReader([]), [], 0)


def test_no_readable_picture_at_all() -> None:
    class Nothing:
        def __getitem__(self, index: int) -> Scene:
            raise ImageError(f"picture {index} is gone.")

    with pytest.raises(DataError, match=r"none of 3 .* picture 0 is gone"):
        evaluate(KnowingReader([]), Nothing(), 3)


def test_pictures_without_any_digit(tmp_path: Path) -> None:
    empty = Scene(np.zeros((20, 30, 3), np.uint8), Target.empty(), ())
    evaluation = evaluate(KnowingReader([]), [empty, empty], 2)
    assert evaluation.results == []
    assert math.isnan(evaluation.metrics["AP"])
    assert evaluation.metrics["exact_pictures"] == 1
    save(evaluation, tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text())["AP"] is None
    assert "AP                        -" in format_table(evaluation.blocks)


def test_a_reader_that_knows_all_is_perfect() -> None:
    scenes = strip_scenes(4)
    metrics = evaluate(KnowingReader(scenes), scenes, 4).metrics
    assert [metrics[key] for key in ("AP", "AP50", "f1", "exact_lines", "exact_pictures", "cer")] == pytest.approx(
        [1] * 5 + [0]
    )
    assert (metrics["pictures"], metrics["unread_pictures"]) == (4, 0)
    assert metrics["ms_per_picture"] > 0


def test_a_reader_that_sees_nothing_scores_zero() -> None:
    metrics = evaluate(KnowingReader([]), strip_scenes(2), 2).metrics
    assert [metrics[key] for key in ("AP", "recall", "exact_lines", "cer", "missed_share")] == [0, 0, 0, 1, 1]
    assert metrics["true_digits"] == 10


def test_only_what_passes_the_threshold_is_read_as_text() -> None:
    scenes = strip_scenes(3)
    reader = KnowingReader(scenes)
    reader.min_score = 1.0
    metrics = evaluate(reader, scenes, 3).metrics
    assert metrics["AP"] == pytest.approx(1)
    assert (metrics["recall"], metrics["exact_lines"]) == (0, 0)


def test_one_bad_picture_does_not_stop_the_rest() -> None:
    scenes = [Broken.scenes[0], Broken.scenes[2]]
    evaluation = evaluate(KnowingReader(scenes), Broken(), 3)
    assert list(evaluation.unread) == [1]
    assert evaluation.metrics["AP"] == pytest.approx(1)
    assert (evaluation.metrics["pictures"], evaluation.metrics["unread_pictures"]) == (2, 1)
    assert evaluation.results is not None
    assert {row["image_id"] for row in evaluation.results} == {0, 2}


def test_coverage_and_risk_are_part_of_the_report(tmp_path: Path) -> None:
    """The reader knows two strips of three; the numbers of the third are missed and none of all is read wrongly."""
    scenes = strip_scenes(3)
    evaluation = evaluate(KnowingReader(scenes[:2]), scenes, 3)
    metrics = evaluation.metrics
    assert metrics["numbers"] == 3
    assert metrics["coverage_at_95"] == metrics["coverage_at_99"] == pytest.approx(2 / 3)
    assert metrics["risk_coverage_area"] == pytest.approx(1 / 9)
    assert 0 < metrics["digit_ece"] < 0.5
    save(evaluation, tmp_path)
    points = json.loads((tmp_path / "metrics.json").read_text())["risk_coverage"]
    assert [point[1:] for point in points] == [[0.3333, 0.0], [0.6667, 0.0]]


def test_numbers_are_scored_by_the_calibration_that_is_given() -> None:
    scenes = strip_scenes(1)
    plain, low = (
        evaluate(KnowingReader(scenes), scenes, 1, calibration=Calibration(number=Chance(1.0, offset))).numbers.scores
        for offset in (0.0, -2.0)
    )
    assert low == pytest.approx(Chance(1.0, -2.0)(plain))


def test_the_table_shows_every_figure() -> None:
    scenes = strip_scenes(2)
    evaluation = evaluate(KnowingReader(scenes), scenes, 2)
    table = format_table(evaluation.blocks)
    assert set(evaluation.metrics) <= set(table.split())
    assert [row.split()[0] for row in table.splitlines() if row[0] != " "] == [
        title for title in BLOCK_ORDER if title != "signs"
    ]


def test_a_new_figure_shows_in_the_table_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_a_new_one(verdicts: Sequence[Verdict]) -> dict[str, float]:
        return breakdown(verdicts) | {"mirrored_share": 0.125}

    monkeypatch.setattr("detector.scoring.evaluation.breakdown", with_a_new_one)
    scenes = strip_scenes(1)
    evaluation = evaluate(KnowingReader(scenes), scenes, 1)
    assert evaluation.metrics["mirrored_share"] == 0.125
    assert "mirrored_share        0.125" in format_table(evaluation.blocks)
    assert format_table(evaluation.blocks | {"new": {"figure": 1.0}}).splitlines()[-1].split() == ["new", "figure", "1"]


def test_the_commonest_confusions_have_a_row_each() -> None:
    scenes = strip_scenes(2)
    rows = format_confusions(evaluate(KnowingReader([]), scenes, 2).confusion).splitlines()
    assert [row.split()[0] for row in rows] == ["confused", "missed", "invented"]
    assert rows[0].split()[1] == "none"


def with_signs() -> Scene:
    """The line 1.5 -3, each digit 10 wide and 20 high."""
    boxes = [(10, 10, 20, 30), (22, 27, 25, 30), (28, 10, 38, 30), (70, 18, 78, 21), (82, 10, 92, 30)]
    labels = np.array([CATEGORIES.index(name) for name in "1.5-3"], np.int64)
    target = Target(np.array(boxes, np.float32), labels, np.zeros(5, np.bool_))
    return Scene(np.zeros((40, 100, 3), np.uint8), target, ("15 3",), ("1.5 -3",))


def test_signs_have_figures_of_their_own_and_none_in_those_of_digits() -> None:
    scene = with_signs()
    evaluation = evaluate(KnowingReader([scene]), [scene], 1)
    metrics = evaluation.metrics
    assert [metrics[key] for key in ("AP", "exact_lines_spaced", "exact_written", "AP50_signs")] == pytest.approx(
        [1] * 4
    )
    assert (metrics["true_digits"], metrics["true_signs"], metrics["numbers"]) == (3, 2, 2)
    assert evaluation.results is not None
    assert len(evaluation.results) == 3
    (result,) = evaluation.image_results
    assert (result.texts, result.written) == (("15 3",), ("1.5 -3",))
    blind = evaluate(KnowingReader([scene]), [scene], 1, categories=CATEGORIES[:10]).metrics
    assert [blind[key] for key in ("AP", "exact_written", "AP50_signs")] == pytest.approx([1, 0, 0])


def test_where_there_are_no_signs_nothing_is_said_of_them() -> None:
    metrics = evaluate(KnowingReader([]), strip_scenes(1), 1).metrics
    assert "AP50_signs" not in metrics
    assert math.isnan(metrics["exact_written"])
