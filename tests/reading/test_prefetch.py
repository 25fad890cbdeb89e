"""Opening pictures ahead: order, errors, memory, and leaving early."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import ImageError
from detector.reading import prefetch
from detector.reading.prefetch import open_ahead


def tiny(value: int, pixels: int = 4) -> np.ndarray:
    return np.full((1, pixels, 3), value, np.uint8)


def flat(groups: Iterable[list[Any]]) -> list[Any]:
    return [picture for group in groups for picture in group]


def test_nothing_to_open() -> None:
    assert list(open_ahead([])) == []


@given(st.lists(st.sampled_from(["picture", "bad"]), max_size=30))
def test_all_come_in_order_with_errors_in_their_places(kinds: list[str]) -> None:
    sources = [tiny(i) if kind == "picture" else b"no picture" for i, kind in enumerate(kinds)]
    opened = flat(open_ahead(sources))
    assert len(opened) == len(kinds)
    for i, (kind, picture) in enumerate(zip(kinds, opened, strict=True)):
        if kind == "bad":
            assert isinstance(picture, ImageError)
        else:
            assert isinstance(picture, np.ndarray)
            assert picture[0, 0, 0] == i


def test_groups_are_small_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "GROUP_PX", 10)
    monkeypatch.setattr(prefetch, "MAX_GROUP_PICTURES", 5)
    sizes = [len(group) for group in open_ahead([tiny(0)] * 30)]
    assert sum(sizes) == 30
    assert max(sizes) <= 3  # 4 + 4 pixels are under 10, and one more makes them 12
    assert max(len(group) for group in open_ahead([b""] * 30)) <= 5


def test_no_more_is_opened_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "MAX_WAITING_PX", 100)
    monkeypatch.setattr(prefetch, "GROUP_PX", 1)
    opened: list[int] = []

    def open_image(source: int) -> np.ndarray:
        opened.append(source)
        return tiny(0, 60)

    monkeypatch.setattr(prefetch, "open_image", open_image)
    for taken, group in enumerate(open_ahead(range(20)), 1):  # type: ignore[arg-type]
        assert len(group) == 1
        time.sleep(0.005)
        assert len(opened) <= taken + 2
    assert opened == list(range(20))


def test_who_leaves_early_leaves_no_thread_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "MAX_WAITING_PX", 10)
    before = threading.active_count()
    groups = open_ahead(tiny(0) for _ in count())
    next(groups)
    groups.close()
    assert threading.active_count() == before


def test_what_goes_wrong_in_the_list_itself_is_raised_to_whoever_takes() -> None:
    def sources() -> Iterator[np.ndarray]:
        yield tiny(0)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(open_ahead(sources()))


def test_open_files_are_read() -> None:
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(tiny(9)).save(data, "PNG")
    data.seek(0)
    (picture,) = flat(open_ahead([data]))
    assert isinstance(picture, np.ndarray)
    assert picture[0, 0].tolist() == [9, 9, 9]
