"""Settings for all tests."""

import signal

import cv2
import torch
from hypothesis import settings

# No test depends on how fast the machine is, and every run tries the same examples.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")
cv2.setNumThreads(0)
torch.set_num_threads(1)
# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them are about.
signal.signal(signal.SIGINT, signal.default_int_handler)
