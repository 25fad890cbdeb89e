"""The card of shipped weights: what it tells of a training, and that its text can be read and pasted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detector.categories import DIGITS
from detector.errors import DataError
from detector.models.card import THEN, figures_of, markdown, read_json, training_command

CARDS = sorted((Path(__file__).parents[2] / "detector" / "weights").glob("*.json"))


def commands_in(text: str) -> list[str]:
    """The commands of a card's code block, as a shell would take them."""
    block = text.partition("```sh\n")[2].partition("\n```")[0]
    return [" ".join(line.split()) for line in block.replace("\\\n", " ").splitlines()]


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_shipped_card_is_what_its_json_says(path: Path) -> None:
    card = read_json(path)
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert text == markdown(card)
    assert all(len(line) <= 120 or line.startswith("|") for line in text.splitlines())
    assert commands_in(text) == card["trained"]["command"].split(THEN)


def test_a_card_names_the_categories_beyond_the_digits() -> None:
    card = read_json(CARDS[0])
    old = dict(card, config={"stem": 16})
    assert "categories" not in markdown(old)
    new = " ".join(markdown(dict(card, config={"categories": [*DIGITS, ".", "kWh"]})).split())
    assert "It finds 12 categories: `0` `1` `2` `3` `4` `5` `6` `7` `8` `9` `.` `kWh`." in new
    assert "Not meant for: reading letters, which are found and left alone, or any decision" in new


def test_a_command_has_what_is_not_none() -> None:
    args = {"minutes": 1.5, "scenes": None, "preset": ["a=1", "b"], "amp": False, "tensorboard": True, "name": "x"}
    expected = "python tools/train_detector.py --minutes 1.5 --preset a=1 b --no-amp --tensorboard"
    assert training_command(args) == expected


def test_figures_by_folder(tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    metrics = {"AP": 0.51236, "AP50": None, "pictures": 3, "unheard_of": 1}
    (tmp_path / "clean" / "metrics.json").write_text(json.dumps(metrics))
    assert figures_of([tmp_path / "clean"]) == {"clean": {"AP": 0.5124, "pictures": 3}}


@pytest.mark.parametrize("content", [None, "{", "3"])
def test_what_is_no_json_of_a_run(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match="expected a JSON file of a run or an evaluation"):
        read_json(path)
