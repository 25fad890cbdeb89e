"""Makes chances of a detector's scores: fitted on synthetic validation scenes, written into its weights.

    python tools/calibrate.py runs/NAME/best.safetensors
    python tools/calibrate.py runs/NAME/best.safetensors --onnx digits.int8.onnx digits.onnx
    python tools/calibrate.py weights.safetensors --preset lines paper --count 20                # a small try

Afterwards a digit's score, and a number's, is the chance that it is right, and digits are read from the score on at
which most numbers are. The network stays as it is; what was fitted before is replaced. Run it before figures are
measured: it changes what is read, and the checksum that a model card gives.
"""

from detector.commands import calibrate
from detector.commands.entry import run

if __name__ == "__main__":
    run(calibrate.main, calibrate.Args, __doc__)
