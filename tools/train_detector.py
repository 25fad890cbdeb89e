"""Trains a detector on endless scenes, or on a COCO dataset of digits.

    python tools/train_detector.py                                         # an hour, on all kinds of scenes
    python tools/train_detector.py --minutes 2 --preset strips --name try  # a first look, on a laptop
    python tools/train_detector.py --scenes 50000 --preset paper=3 lines=2 clean=1 strips=1
    python tools/train_detector.py --data my_digits --val-data more_digits --init runs/NAME/best.safetensors --lr 5e-4
    python tools/train_detector.py --resume runs/NAME                      # goes on exactly where it was stopped

Ctrl-C saves and stops. Under runs/NAME: best.safetensors, last.safetensors, log.jsonl, curves.png, config.json, and
last.state for --resume.
"""

from detector.commands import train
from detector.commands.entry import run

if __name__ == "__main__":
    run(train.main, train.Args, __doc__)
