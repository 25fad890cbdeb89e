"""Reads the numbers in pictures: files, folders, patterns, or one picture from standard input.

    python tools/infer.py examples
    python tools/infer.py photo.jpg scans 'more/**/*.png' --annotated out --json out/read.jsonl
    python tools/infer.py scans --min-number-score 0.9             # numbers less sure than that are shown as ???
    cat photo.jpg | python tools/infer.py - --json -               # standard output holds JSON Lines and nothing else

A picture that cannot be read is reported, the others still are, and the exit status is then 1.
"""

from detector.commands import read
from detector.commands.entry import run

if __name__ == "__main__":
    run(read.main, read.Args, __doc__, interrupted=read.INTERRUPTED)
