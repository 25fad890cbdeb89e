"""Turns a detector's scores into chances of being right, and writes how into its weights.

    python tools/calibrate.py runs/NAME/best.safetensors
    python tools/calibrate.py runs/NAME/best.safetensors --onnx digits.int8.onnx digits.onnx
    python tools/calibrate.py weights.safetensors --preset lines paper --count 20                # a small try

What is fitted is fitted on validation scenes. Afterwards the score of a digit, or of a number, is the chance that it is
right, and the threshold for digits is the one at which most numbers are read rightly. The network stays as it is; what
was fitted before is replaced. Run it before figures are measured: it changes what is read, and the weights' checksum.
"""

from detector.commands import calibrate
from detector.commands.entry import run

if __name__ == "__main__":
    run(calibrate.main, calibrate.Args, __doc__)
