"""What `tools/benchmark.py` measures: the speed of all parts, beside others, and the goals for it.

sections.py   what each section of the benchmark measures     goals.py      goals, and the tables that judge them
measure.py    the clock: medians, quartiles, turns            machine.py    on what it was measured
detector_under_test.py   one detector on every runtime        parts.py      the time of each submodule
training.py inference.py reading.py windows.py serving.py     the measurements
peers.py      torchvision's and Ultralytics's detectors       malformed.py  requests to torment a server with
"""
