"""Scores a detector: boxes by COCO's rules, digits, lines of text, and time.

    python tools/evaluate.py --preset clean --count 20
    python tools/evaluate.py --preset paper --count 1000 --out out/paper --coco-results out/paper/results.json
    python tools/evaluate.py --data path/to/dataset                # annotations.json and images/ in it
    python tools/evaluate.py --annotations path/to/any.json --images path/to/pictures
    python tools/evaluate.py --lines path/to/manifest.csv          # columns file, lines: '12 345|67' is two lines
    python tools/evaluate.py --preset paper --count 200 --failures out/failures    # what was read wrongly, to look at

Prints a table; --out takes metrics.json, confusion.png, where text is known risk_coverage.png and, where boxes are
known, pr_curve.png; --failures takes the pictures that were read wrongly, drawn beside the truth, worst first. A
picture that cannot be read is reported and left out, and the exit status is then 1.
"""

from detector.commands import evaluate
from detector.commands.entry import run

if __name__ == "__main__":
    run(evaluate.main, evaluate.Args, __doc__)
