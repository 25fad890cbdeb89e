"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import IO, Any

import pytest

from detector.errors import OptionError
from detector.files import appearing, appearing_at, prepare_folder, write_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    with appearing(path) as file:
        file.write("höher\r\nund \udcff\n")
        file.flush()
        assert names(path.parent) == ["a.txt.part"]
    assert names(path.parent) == ["a.txt"]
    assert path.read_bytes() == "höher\r\nund \\udcff\n".encode()


def test_bytes_and_paths(tmp_path: Path) -> None:
    with appearing(tmp_path / "a.bin", "wb") as file:
        file.write(b"\x00\r\n")
    with appearing_at(tmp_path / "b.bin") as partial:
        partial.write_bytes(b"\x01")
    assert [(tmp_path / name).read_bytes() for name in names(tmp_path)] == [b"\x00\r\n", b"\x01"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, BrokenPipeError])
def test_a_block_that_fails_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")

    def fail(written: int) -> None:
        raise error

    with pytest.raises(error), appearing(path) as file:
        fail(file.write("half"))
    with pytest.raises(error), appearing_at(path) as partial:
        fail(partial.write_text("half"))
    assert names(tmp_path) == ["a.txt"]
    assert path.read_text() == "before"


def test_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(OptionError, match=r"a\.txt: cannot be written \(No space left on device\)"), appearing(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == ["a.txt"]
    assert path.read_text() == "before"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_disk_that_is_full_only_when_the_file_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def full(path: Path, mode: str = "r", **how: Any) -> IO[Any]:
        return opened(Path("/dev/full") if path.suffix == ".part" else path, mode, **how)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OptionError, match="No space left"):
        write_json(tmp_path / "a.json", {"small": "enough to stay in the buffer"})
    assert names(tmp_path) == []


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "a.json", tmp_path / "folder"):
        with pytest.raises(OptionError, match=f"{path}: cannot be written"):
            write_json(path, {})
    with pytest.raises(OptionError, match="expected a folder to write to"):
        prepare_folder(tmp_path / "file" / "folder")
    assert names(tmp_path) == ["file", "folder"]
    assert names(tmp_path / "folder") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OptionError, match="Permission denied"), appearing(tmp_path / "a.txt"):
        pass


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": [1, None]}, indent=1)
    assert path.read_text() == json.dumps({"a": [1, None]}, indent=1) + "\n"
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert names(tmp_path) == ["a.json"]
    prepare_folder(tmp_path / "x" / "y")
    assert (tmp_path / "x" / "y").is_dir()
