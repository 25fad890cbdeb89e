"""Finding the pictures that a command line names: folders, patterns and files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from detector.errors import ImageError
from detector.images import find_images


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_folder_lists_its_pictures_in_natural_order(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("10.png", "2.PNG", "1.jpeg", "notes.txt", ".hidden.png", "sub/3.png")))
    assert [path.name for path in find_images([tmp_path])] == ["1.jpeg", "2.PNG", "10.png"]


def test_patterns_files_and_doubles(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("a/1.png", "a/b/2.png", "a/what[1].png", "c.dat")))
    found = find_images([tmp_path / "c.dat", f"{tmp_path}/**/*.png", tmp_path / "a/1.png", "missing.png"])
    names = [str(path.relative_to(tmp_path)) if path.is_absolute() else str(path) for path in found]
    assert names == ["c.dat", "a/1.png", "a/b/2.png", "a/what[1].png", "missing.png"]
    assert find_images([tmp_path / "a/what[1].png"]) == [tmp_path / "a/what[1].png"]
    assert find_images([]) == []


def test_arguments_that_name_no_picture(tmp_path: Path) -> None:
    touch(tmp_path / "notes.txt")
    with pytest.raises(ImageError, match=rf"^{re.escape(str(tmp_path))}: expected .*found none; .*\.$"):
        find_images([tmp_path])
    with pytest.raises(ImageError, match=r"\*\.png: expected .*pattern, found none; .*\.$"):
        find_images([f"{tmp_path}/*.png"])


def test_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ImageError, match=r"\(Permission denied\); check its permissions\.$"):
        find_images([tmp_path])
