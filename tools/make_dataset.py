"""Writes scenes of a preset as a COCO dataset: images/*.png and annotations.json.

    python tools/make_dataset.py --preset clean --split test --count 20 --out out/clean --preview 20
    python tools/make_dataset.py --preset paper --split test --count 1000 --seed 0 --out out/paper --workers 8
    python tools/make_dataset.py --preset lines --split train --count 5000 --mnist-dir path/to/emnist --out out/emnist

The same settings write the same bytes, whatever the number of workers. Interrupted, it leaves at most a folder
*.partial.
"""

from detector.commands import dataset
from detector.commands.entry import run

if __name__ == "__main__":
    run(dataset.main, dataset.Args, __doc__, interrupted=dataset.INTERRUPTED)
