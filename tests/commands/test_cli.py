"""The command `digit-reader`: which commands it has, what it says of itself, and how every command ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from detector.commands import cli, entry
from detector.errors import DigitReaderError, OptionError

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "datasets")])}
LOADED = "; print(*sorted(name.split('.')[0] for name in sys.modules))"


def ended(*words: str) -> int:
    """The exit status, in this process."""
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert not isinstance(end.value.code, str)
    return end.value.code or 0


def test_help_is_a_line_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--help") == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: digit-reader COMMAND")
    assert [
        line.split()[0] for line in out.splitlines() if line.startswith("  ") and line[2:].split()[0] in cli.COMMANDS
    ]
    assert out.count("\n") < 25
    assert max(map(len, out.splitlines())) <= 100
    for status in ("0 done", "1 ", "2 ", "130 interrupted"):
        assert status in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert capsys.readouterr().out.startswith("digit-reader ")


@pytest.mark.parametrize("words", [[], ["raed"], ["--print-completion"], ["--print-completion", "cmd"], ["read"]])
def test_what_is_not_understood_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(*words) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    if words in ([], ["raed"]):
        assert all(name in error for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help_under_its_own_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(name, "--help") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: digit-reader {name} ")
    assert f"    digit-reader {name}" in out
    assert "tools/" not in out


def test_each_tool_is_a_command_and_thin() -> None:
    called = {}
    for path in (ROOT / "tools").glob("*.py"):
        code = path.read_text(encoding="utf-8").split('"""')[2]
        if "from detector.commands import " in code:
            called[code.split("from detector.commands import ")[1].split("\n")[0]] = code
    assert set(called) == set(cli.COMMANDS)
    assert all(len(code.splitlines()) < 10 for code in called.values())


def test_one_place_turns_errors_into_exit_statuses() -> None:
    files = [*(ROOT / "tools").glob("*.py"), *(ROOT / "detector").rglob("*.py")]
    assert [path.stem for path in files if "sys.exit(" in path.read_text(encoding="utf-8")] == ["entry"]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (OptionError("no such thing"), 1, "error: no such thing\n"),
        (entry.UsageError("say what"), 2, "error: say what\n"),
        (DigitReaderError("broken"), 1, "error: broken\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
    ],
)
def test_whatever_happens_becomes_an_exit_status(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def action() -> int:
        raise error

    with pytest.raises(SystemExit) as end:
        entry.exit_with(action, interrupted="stopped")
    assert end.value.code == status
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("status", [0, 1, None])
def test_what_an_action_returns_is_the_status(status: int | None) -> None:
    with pytest.raises(SystemExit) as end:
        entry.exit_with(lambda: status)
    assert end.value.code == status


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "detector", "--help"],
        [sys.executable, "-m", "detector", "read", "--help"],
        [sys.executable, str(ROOT / "tools" / "infer.py"), "--help"],
    ],
)
def test_help_into_a_pipe_that_closes_is_quiet(command: list[str]) -> None:
    """The reading end is closed before anything is written."""
    there, here = os.pipe()
    os.close(there)
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=here, stderr=subprocess.PIPE, text=True) as process:
        os.close(here)
        _, error = process.communicate(timeout=100)
    assert error == ""
    assert process.returncode == 1


def test_a_command_that_reads_imports_no_torch(tmp_path: Path) -> None:
    code = f"import sys; from detector.commands import cli; cli.load('read'){LOADED}"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert not {"torch", "torchvision", "albumentations", "pycocotools", "matplotlib"} & set(done.stdout.split())


def test_an_extra_that_is_missing_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "detector.commands.train", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert ended("train", "--help") == 1
    assert capsys.readouterr().err == (
        "error: train: expected the extra 'train' to be installed, got none (import of torch halted; None in "
        "sys.modules); install it, as in: pip install 'digit-reader[train]'\n"
    )


@pytest.mark.parametrize("shell", cli.SHELLS)
def test_completion_knows_commands_and_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--print-completion", shell) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in cli.COMMANDS)
    for option in (
        "--min-number-score",
        "--max-upload",
        "--freeze-norms",
        "--most-failures",
        "--mnist-dir",
        "--ink-dir",
    ):
        assert option in script


def test_completion_works_in_bash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--print-completion", "bash") == 0
    script = tmp_path / "completion"
    script.write_text(capsys.readouterr().out)
    ask = f"""
        source {script}
        for words in "digit-reader re" "digit-reader read --js"; do
            COMP_WORDS=($words); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE="$words"; COMP_POINT=${{#words}}
            _tyro_digit_reader; echo "${{COMPREPLY[*]}}"
        done
    """
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.split() == ["read", "--json"]
