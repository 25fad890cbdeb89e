"""Bars are for people who look on: none in a file."""

from __future__ import annotations

import io
import sys

import pytest

from detector.progress import with_bar
from detector.training.runs import Bar, RunProgress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(io.StringIO(), False), (Terminal(), True), (None, False)])
def test_bars_are_shown_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None, shown: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(with_bar(range(3), unit="picture", title="here")) == [0, 1, 2]
    assert list(with_bar(iter("ab"), unit="picture", total=2, keep=False)) == ["a", "b"]
    with Bar(minutes=None, scenes=8, progress=RunProgress()) as bar:
        bar.show(RunProgress(step=1, scenes=4, seconds=1.0, best={"AP": 0.5}), {"loss": 1.0})
    written = stream.getvalue() if stream else ""
    assert ("here: 100%" in written) == ("8 scenes" in written) == shown
    assert bool(written) == shown
