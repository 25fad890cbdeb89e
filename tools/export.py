"""Writes a detector as an ONNX file, which reads the same without PyTorch.

    python tools/export.py                                             # the shipped one, to out/faster-rcnn.onnx
    python tools/export.py --model sliding-window --check 500
    python tools/export.py --weights runs/NAME/best.safetensors --out digits.onnx
    python tools/infer.py photo.jpg --weights digits.onnx

Pixels in (uint8), boxes, labels and scores out; any number of pictures of any size at a time.
"""

from detector.commands import export
from detector.commands.entry import run

if __name__ == "__main__":
    run(export.main, export.Args, __doc__)
