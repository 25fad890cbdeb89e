"""Open whatever a user has as uint8 (H, W, 3) RGB, and find the pictures that a command line names.

Pillow decodes, except plain JPEGs: OpenCV decodes these to the same pixels in half the time and memory. This module
decides how bit depths, alpha and orientation become plain RGB. Each thing that can be wrong with a picture has one
sentence of its own.
"""

from __future__ import annotations

import glob
import io
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from detector.errors import ImageError, TooLargeError

Picture: TypeAlias = NDArray[np.uint8]
Source: TypeAlias = (
    "str | PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | NDArray[np.generic] | Image.Image"
)

MAX_PIXELS = 150_000_000  # under the limit at which Pillow refuses, so that the error message is ours
IMAGE_SUFFIXES = frozenset(
    (".bmp", ".gif", ".jfif", ".jp2", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)
MIN_VISIBLE_ALPHA = 64  # of 255; pixels less opaque have no say in whether a transparent picture is laid on white
EXIF_ORIENTATION = 0x0112  # the tag
FLIP_AXIS_OF_ORIENTATION = {
    2: 1,
    3: -1,
    4: 0,
    6: 1,
    7: -1,
    8: 0,
}  # OpenCV's flip code by orientation, once rows and columns are right


def open_image(source: Source, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a picture to uint8 (H, W, 3) RGB, the way a viewer shows it.

    source: a path, the bytes of a picture file, an open binary file, a PIL image, or a NumPy array. An array is in RGB
    order (not OpenCV's BGR), (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), of bool, uint8, uint16 (0-65535) or float (0-1,
    or 0-255 where any value is above 1).
    max_pixels: a picture with more pixels is refused before anything is decoded.

    EXIF orientation is applied. Transparent pictures are laid on white, or on black where the visible ink is light.
    Pixels of 16 bits and more are scaled to 8 by their full range. Where a picture fills only a part of that, as the 12
    bits of a scanner do, they are scaled by its own range. Of several frames or pages the first is taken.
    Raises ImageError where the source is missing, no picture, damaged or empty, and its subclass TooLargeError where it
    has more than max_pixels pixels.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, Image.Image):
        _check_size(source.size, "the picture", max_pixels)
        with _one_sentence("the picture"):
            return _from_pil(source, "the picture")
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decode(bytes(source), "the given bytes", max_pixels)
    if isinstance(source, (str, PathLike)):
        return _decode(_read_file(Path(source)), str(source), max_pixels)
    if hasattr(source, "read"):
        name = str(getattr(source, "name", "the given file"))
        data = source.read()
        if not isinstance(data, bytes):
            raise ImageError(f"{name}: expected a file opened in binary mode, got one in text mode; open it with 'rb'.")
        return _decode(data, name, max_pixels)
    raise ImageError(
        "expected a path, bytes, a binary file, a NumPy array or a PIL image as the picture, "
        f"got {type(source).__name__}; convert it to one of these."
    )


def find_images(arguments: Iterable[str | PathLike[str]]) -> list[Path]:
    """The pictures that files, folders and glob patterns name, each once, in the order of the arguments.

    A folder stands for the pictures directly in it, in natural order (2.png before 10.png). A file that is named itself
    is taken, whatever it is called and whether or not it exists: opening it tells what is wrong with it.
    Raises ImageError for a folder without pictures and for a pattern that matches nothing.
    """
    found: dict[Path, None] = {}
    for argument in arguments:
        path, text = Path(argument), str(argument)
        if path.is_dir():
            paths = [p for p in _entries(path) if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file()]
            if not paths:
                raise ImageError(
                    f"{text}: expected pictures ({', '.join(sorted(IMAGE_SUFFIXES))}) in this folder, found none; "
                    "name another folder, or a pattern such as 'folder/**/*.png' for the folders in it."
                )
        elif not path.exists() and glob.has_magic(text):
            paths = [p for p in map(Path, glob.glob(text, recursive=True)) if p.is_file()]
            if not paths:
                raise ImageError(f"{text}: expected at least one file to match this pattern, found none; check it.")
        else:
            paths = [path]
        found.update(dict.fromkeys(sorted(paths, key=_natural)))
    return list(found)


def _entries(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise ImageError(f"{folder}: this folder cannot be listed ({error.strerror}); check its permissions.") from None


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", str(path))  # text and digits by turns, text first
    return [(int(part) if i % 2 else 0, part) for i, part in enumerate(parts)]


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file; check the name.") from None
    except IsADirectoryError:
        raise ImageError(f"{path}: expected a picture, got a folder; name a file in it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"{path}: cannot be opened ({reason}); check that it is a readable file.") from None


def _decode(data: bytes, name: str, max_pixels: int) -> Picture:
    if not data:
        raise ImageError(f"{name}: expected a picture, got an empty file; get it again.")
    with _one_sentence(name, max_pixels), Image.open(io.BytesIO(data)) as image:
        _check_size(image.size, name, max_pixels)
        picture = _plain_jpeg(data, image)
        return _from_pil(image, name) if picture is None else picture


def _plain_jpeg(data: bytes, image: Image.Image) -> Picture | None:
    """The picture decoded by OpenCV if it is a whole JPEG in grey or RGB, else None."""
    if image.format not in ("JPEG", "MPO") or image.mode not in ("L", "RGB"):
        return None
    # OpenCV would fill in what is missing: the marker of the end has to come after the last start of a scan.
    if data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        return None
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if decoded is None or decoded.shape[:2] != image.size[::-1]:
        return None
    picture = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB, dst=decoded)
    orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    if orientation in (5, 6, 7, 8):
        picture = cv2.transpose(picture)
    if orientation in FLIP_AXIS_OF_ORIENTATION:
        picture = cv2.flip(picture, FLIP_AXIS_OF_ORIENTATION[orientation])
    plain: Picture = picture.astype(np.uint8, copy=False)
    return plain


@contextmanager
def _one_sentence(name: str, max_pixels: int = MAX_PIXELS) -> Iterator[None]:
    """Silence Pillow's warnings, and turn whatever its decoders raise into one ImageError about the named picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError(
            f"{name}: expected a picture, got something else or a format not known here; save it as PNG or JPEG."
        ) from None
    except Image.DecompressionBombError:
        raise _too_large(name, "far more", max_pixels) from None
    # Damaged files make the decoders raise nearly anything: OSError, SyntaxError, struct.error, IndexError, ...
    except Exception as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise ImageError(f"{name}: the picture is truncated or damaged ({reason}); get it again.") from None


def _check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"{name}: expected at least one pixel, got {width} x {height}; get the picture again.")
    if width * height > max_pixels:
        raise _too_large(name, f"{width} x {height}", max_pixels)


def _too_large(name: str, got: str, max_pixels: int) -> TooLargeError:
    return TooLargeError(
        f"{name}: expected at most {max_pixels / 1e6:g} million pixels, got {got}; scale it down or cut it up."
    )


def _from_pil(image: Image.Image, name: str) -> Picture:
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # grey of more than 8 bits
        return _from_array(_deep_to_bytes(np.asarray(image), name))
    if image.has_transparency_data:
        return _flatten(np.asarray(image.convert("RGBA")))
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _from_array(array: NDArray[np.generic], max_pixels: int = MAX_PIXELS) -> Picture:
    shape = array.shape
    if not (array.ndim == 2 or (array.ndim == 3 and shape[2] in (1, 3, 4))):
        raise ImageError(
            f"the array: expected shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), got {shape}; "
            "give one picture at a time, channels last."
        )
    _check_size((shape[1], shape[0]), "the array", max_pixels)
    if array.dtype == np.bool_:
        pixels = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint8:
        pixels = array.astype(np.uint8)
    elif array.dtype == np.uint16:
        pixels = _deep_to_bytes(array, "the array")
    elif array.dtype.kind == "f":
        pixels = _floats_to_bytes(array)
    else:
        raise ImageError(f"the array: expected bool, uint8, uint16 or float, got {array.dtype}; convert it.")
    if array.ndim == 2 or shape[2] == 1:
        return np.repeat(pixels.reshape(*shape[:2], 1), 3, axis=2)
    if shape[2] == 4:
        return _flatten(pixels)
    return np.ascontiguousarray(pixels)


def _deep_to_bytes(deep: NDArray[np.generic], name: str) -> Picture:
    """Pixels of more than 8 bits scaled to uint8: by the full range that they seem to have, or else by their own."""
    values = deep.astype(np.float32)
    low, high = _range(values, name)
    if low >= 0 and 2**15 <= high < 2**16:
        full = 65535.0
    elif low >= 0 and high <= 1 and deep.dtype.kind == "f":
        full = 1.0
    elif low >= 0 and 1 < high <= 255 and deep.dtype.kind == "f":
        full = 255.0
    else:  # 10, 12 or 14 bits in 16, 32 bits, negative values
        values -= low
        full = max(high - low, 1e-12)
    values *= 255 / full
    return np.rint(values, out=values).astype(np.uint8)


def _floats_to_bytes(array: NDArray[np.generic]) -> Picture:
    values = array.astype(np.float32)
    low, high = _range(values, "the array")
    # Smooth resizing leaves values a little beyond either end.
    if low < -32 or high > 287:
        raise ImageError(f"the array: expected floats in 0-1 or 0-255, got {low:g} to {high:g}; scale them.")
    if high <= 1.25:
        values *= 255
    return np.rint(np.clip(values, 0, 255, out=values), out=values).astype(np.uint8)


def _range(values: NDArray[np.float32], name: str) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError(f"{name}: expected finite pixel values, got NaN or infinite ones; replace them.")
    return low, high


def _flatten(rgba: Picture) -> Picture:
    """uint8 (H, W, 4) laid on white, or on black where its visible ink is light: white on white would be lost."""
    alpha = rgba[..., 3]
    if (alpha == 255).all():
        return np.ascontiguousarray(rgba[..., :3]).astype(np.uint8)
    ink = rgba[alpha >= MIN_VISIBLE_ALPHA][:, :3]
    paper = 0 if len(ink) and float(ink.mean()) > 127.5 else 255
    weight = alpha[..., None].astype(np.uint16)
    mixed = rgba[..., :3] * weight + paper * (255 - weight)  # at most 255 * 255, which uint16 holds
    return ((mixed + 127) // 255).astype(np.uint8)
