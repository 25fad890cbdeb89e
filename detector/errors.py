"""What can go wrong on a user's side: a small tree of exceptions, so that `except DigitReaderError` catches them all.

Every message is one sentence. It names the file or option, what was expected, what came, and what to do.
"""


class DigitReaderError(Exception):
    """Base of every error meant for a user. The commands print its message, without a traceback, and go on or stop."""


class ImageError(DigitReaderError):
    """A picture cannot be read: missing, not a picture, truncated, empty, or too many pixels."""


class TooLargeError(ImageError):
    """A picture has more pixels than are accepted. Its header tells so before any of them is decoded."""


class WeightsError(DigitReaderError):
    """A weights file is missing, damaged, belongs to another model, or needs a package that is not installed."""


class DataError(DigitReaderError):
    """A dataset, annotation file or manifest is missing, damaged or contradicts itself."""


class OptionError(DigitReaderError):
    """A setting has a value that makes no sense."""


class TrainingError(DigitReaderError):
    """Training cannot go on: a loss that is not finite, or a run that cannot be resumed."""
