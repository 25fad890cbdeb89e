"""How well text was read: whole lines, whole pictures, and single characters."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

Lines = Sequence[str]


def string_metrics(truth: Sequence[Lines | None], read: Sequence[Lines | None]) -> dict[str, float]:
    """How well the lines of text of each picture were read.

    truth, read: for each picture its lines in reading order, numbers parted by spaces. A truth of None says that the
    text is not known, and the picture is left out; () says that there is nothing to read. Spaces are dropped unless
    told otherwise, because how wide a gap parts two numbers is a matter of taste. The figures:

    - exact_lines: the share of the true lines that were read exactly. Lines are paired in order so that as many as
      possible are equal, and one line too many does not spoil those below it.
    - exact_lines_spaced: the same with spaces kept.
    - exact_pictures: the share of the pictures of which all lines are right, in order, and no line is too many.
    - cer: the character error rate. It is the edit distance between the lines of a picture, joined, summed over all
      pictures, divided by the count of true characters.
    - extra_lines: how many more lines were read than there are, for each picture on average.
    - text_lines, text_pictures: how many there are.

    Shares of nothing are nan.
    """
    pairs = [(true, found or ()) for true, found in zip(truth, read, strict=True) if true is not None]
    lines = exact = exact_spaced = pictures = errors = characters = extra = 0
    for true, found in pairs:
        joined_true, joined_found = _lines(true, ""), _lines(found, "")
        lines += len(joined_true)
        exact += common_in_order(joined_true, joined_found)
        exact_spaced += common_in_order(_lines(true, " "), _lines(found, " "))
        pictures += joined_true == joined_found
        errors += levenshtein("".join(joined_true), "".join(joined_found))
        characters += sum(map(len, joined_true))
        extra += max(0, len(joined_found) - len(joined_true))
    return {
        "exact_lines": _share(exact, lines),
        "exact_lines_spaced": _share(exact_spaced, lines),
        "exact_pictures": _share(pictures, len(pairs)),
        "cer": _share(errors, characters),
        "extra_lines": _share(extra, len(pairs)),
        "text_lines": float(lines),
        "text_pictures": float(len(pairs)),
    }


def written_metrics(truth: Sequence[Lines | None], read: Sequence[Lines]) -> dict[str, float]:
    """How well numbers were read as they are written, signs and gaps between numbers included.

    truth, read: as of string_metrics, but numbers have their signs: "12.5 -3". The figures:

    - exact_written: the share of the pictures whose numbers, joined by spaces, are exactly right.
    - exact_written_lines: the share of the true lines that are, paired in order.

    Shares of nothing are nan.
    """
    pairs = [
        (_lines(true, " "), _lines(found, " ")) for true, found in zip(truth, read, strict=True) if true is not None
    ]
    lines = sum(len(true) for true, _ in pairs)
    return {
        "exact_written": _share(sum(" ".join(true) == " ".join(found) for true, found in pairs), len(pairs)),
        "exact_written_lines": _share(sum(common_in_order(true, found) for true, found in pairs), lines),
    }


def levenshtein(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """The fewest insertions, deletions and substitutions that turn `a` into `b` (Wagner and Fischer, 1974)."""
    row = list(range(len(b) + 1))  # row[j]: from the items of a seen so far to b[:j]
    for i, item in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (item != other))
    return row[-1]


def aligned(true: str, read: str) -> list[tuple[str, str]]:
    """An alignment by the fewest edits: pairs of a true and a read character, '' where one has none."""
    rows = [list(range(len(read) + 1))]  # rows[i][j]: edits from true[:i] to read[:j]
    for i, a in enumerate(true, 1):
        row = [i]
        for j, b in enumerate(read, 1):
            row.append(min(rows[-1][j - 1] + (a != b), rows[-1][j] + 1, row[j - 1] + 1))
        rows.append(row)
    pairs: list[tuple[str, str]] = []
    i, j = len(true), len(read)
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (true[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((true[i], read[j]))
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
            pairs.append((true[i], ""))
        else:
            j -= 1
            pairs.append(("", read[j]))
    return pairs[::-1]


def common_in_order(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """How many equal items can be paired without crossing: the length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for item in a:
        diagonal = 0
        for j, other in enumerate(b, 1):
            diagonal, row[j] = row[j], diagonal + 1 if item == other else max(row[j], row[j - 1])
    return row[-1]


def _lines(lines: Lines, gap: str) -> list[str]:
    """The lines with `gap` between their numbers; lines of nothing but spaces are left out."""
    return [joined for line in lines if (joined := gap.join(line.split()))]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
