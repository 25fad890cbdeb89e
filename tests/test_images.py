"""Opening pictures: what is wrong with them first, then every kind there is."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from detector.errors import ImageError
from detector.images import MAX_PIXELS, Source, open_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def flag() -> Image.Image:
    """Two wide, three high; each corner another colour."""
    image = Image.new("RGB", (2, 3), WHITE)
    for position, colour in (((0, 0), RED), ((1, 0), GREEN), ((0, 2), BLUE)):
        image.putpixel(position, colour)
    return image


def png_declaring(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def noise(height: int = 40, width: int = 50) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def says(error: pytest.ExceptionInfo[ImageError], *parts: str) -> None:
    message = str(error.value)
    assert all(part in message for part in parts), message
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (b"", ["empty file"]),
        (b"hello, no picture", ["expected a picture"]),
        (b"\x89PNG\r\n\x1a\n", ["picture"]),
        (b"GIF89a", ["picture"]),
        (png_declaring(100_000, 100_000), ["million pixels"]),
        (png_declaring(13_000, 13_000), ["150 million pixels", "13000 x 13000"]),
        (png_declaring(0, 5), ["picture"]),
        (png_declaring(50, 50), ["truncated or damaged"]),
        (encoded(noise())[:1500], ["truncated or damaged"]),
        (encoded(noise(), "JPEG")[:700], ["truncated or damaged"]),
        (encoded(noise(), "TIFF")[:700], ["picture"]),
        (encoded(noise(), "WEBP")[:700], ["picture"]),
    ],
)
def test_bytes_that_are_no_whole_picture(tmp_path: Path, data: bytes, parts: list[str]) -> None:
    for source, name in (
        (data, "the given bytes"),
        (tmp_path / "bad.png", "bad.png"),
        (io.BytesIO(data), "given file"),
    ):
        if isinstance(source, Path):
            source.write_bytes(data)
        with pytest.raises(ImageError) as error:
            open_image(source)
        says(error, name, *parts)


def test_paths_that_lead_to_no_picture(tmp_path: Path) -> None:
    for path, part in (
        (tmp_path / "none.png", "no such file"),
        (tmp_path, "a folder"),
        (tmp_path / ("n" * 300), "cannot be opened"),
        ("nul\0byte.png", "cannot be opened"),
    ):
        with pytest.raises(ImageError) as error:
            open_image(path)
        says(error, part)
    text = tmp_path / "a.txt"
    text.write_text("a")
    with text.open() as stream, pytest.raises(ImageError) as error:
        open_image(stream)  # type: ignore[arg-type]
    says(error, "a.txt", "binary mode")
    with pytest.raises(ImageError) as error:
        open_image(17)  # type: ignore[arg-type]
    says(error, "int")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]), st.integers(0, 600), st.integers(0, 255))
def test_a_damaged_byte_gives_a_picture_or_the_one_error(kind: str, position: int, value: int) -> None:
    data = bytearray(encoded(noise(12, 11), kind))
    data[position % len(data)] = value
    try:
        image = open_image(bytes(data))
    except ImageError:
        return
    assert image.dtype == np.uint8
    assert image.shape[2] == 3


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (np.zeros((0, 5), np.uint8), "at least one pixel"),
        (np.zeros((5, 0, 3), np.uint8), "at least one pixel"),
        (np.zeros(5, np.uint8), "(5,)"),
        (np.zeros((2, 5, 5, 3), np.uint8), "(2, 5, 5, 3)"),
        (np.zeros((3, 5, 5), np.uint8), "(3, 5, 5)"),
        (np.zeros((5, 5), np.int64), "int64"),
        (np.zeros((5, 5), np.complex64), "complex64"),
        (np.full((5, 5), np.nan), "NaN"),
        (np.full((5, 5), np.inf, np.float32), "infinite"),
        (np.full((5, 5), 1000.0), "1000"),
        (np.full((5, 5), -100.0), "-100"),
    ],
)
def test_arrays_that_are_no_picture(array: np.ndarray, part: str) -> None:
    with pytest.raises(ImageError) as error:
        open_image(array)
    says(error, "the array", part)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "GIF", "WEBP"])
def test_every_lossless_format_from_every_source(tmp_path: Path, kind: str) -> None:
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    path = tmp_path / "flag"
    path.write_bytes(encoded(flag(), kind, **options))
    expected = np.array(flag())
    with path.open("rb") as stream:
        data = path.read_bytes()
        sources: list[Source] = [path, str(path), data, bytearray(data), stream, flag(), expected]
        for source in sources:
            image = open_image(source)
            assert image.dtype == np.uint8
            assert image.flags.c_contiguous
            assert image.flags.writeable
            np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "HSV", "I;16", "I", "F"])
def test_every_mode_of_a_grey_ramp(mode: str) -> None:
    ramp = np.linspace(0, 255, 256).round().astype(np.uint8)[None].repeat(4, 0)  # (4, 256)
    if mode == "I;16":
        image = Image.fromarray(ramp.astype(np.uint16) * 257)
    elif mode in ("I", "F"):
        image = Image.fromarray(ramp.astype({"I": np.int32, "F": np.float32}[mode]))
    else:
        image = Image.fromarray(ramp) if mode == "P" else Image.fromarray(ramp).convert("RGB")
        image = image.convert(mode)
    out = open_image(image)
    assert out.shape == (4, 256, 3)
    if mode == "1":
        assert set(np.unique(out)) == {0, 255}
    else:
        np.testing.assert_allclose(out, ramp[..., None].repeat(3, 2), atol=2)


def test_jpeg_cmyk_is_read_as_colours() -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)  # red
    np.testing.assert_allclose(open_image(data)[8, 8], RED, atol=12)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_undone(orientation: int, kind: str) -> None:
    # How the stored picture comes from the upright one: the inverse of what a viewer does.
    upright = np.array(flag())
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif, **options)
    np.testing.assert_array_equal(open_image(data), upright)


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpegs_are_decoded_as_pillow_does(mode: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    smooth = noise(6, 7).resize((70, 60), Image.Resampling.BICUBIC).convert(mode)
    data = encoded(smooth, "JPEG", exif=exif, quality=90, progressive=bool(orientation % 2))
    expected = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    for trailing in (b"", b"something else"):
        image = open_image(data + trailing)
        assert image.flags.c_contiguous
        assert image.flags.writeable
        np.testing.assert_allclose(image.astype(int), expected, atol=3)


@settings(max_examples=40)
@given(st.floats(0.02, 0.99))
def test_a_jpeg_cut_off_anywhere_is_refused(share: float) -> None:
    thumbnail = Image.Exif()
    thumbnail[0x010E] = "an end \xff\xd9 within"
    data = encoded(noise(), "JPEG", exif=thumbnail)
    with pytest.raises(ImageError):
        open_image(data[: int(share * len(data))])


def stroke(mode: str, colour: tuple[int, ...], ground: tuple[int, ...]) -> Image.Image:
    image = Image.new(mode, (20, 20), ground)
    image.paste(colour, (8, 3, 12, 17))
    return image


@pytest.mark.parametrize(
    ("image", "paper"),
    [
        (stroke("RGBA", (0, 0, 0, 255), (0, 0, 0, 0)), 255),  # dark ink that is in the alpha channel alone
        (stroke("RGBA", (255, 255, 255, 255), (255, 255, 255, 0)), 0),  # and light ink
        (stroke("RGBA", (200, 230, 20, 255), (0, 0, 0, 0)), 0),
        (stroke("LA", (0, 255), (0, 0)), 255),
        (stroke("LA", (255, 255), (255, 0)), 0),
        (Image.new("RGBA", (20, 20), (9, 9, 9, 0)), 255),  # nothing visible at all
    ],
)
def test_transparent_pictures_stay_readable(image: Image.Image, paper: int) -> None:
    out = open_image(encoded(image))
    np.testing.assert_array_equal(out[0, 0], [paper] * 3)
    if image.getchannel("A").getextrema()[1]:
        assert abs(out[10, 10].astype(int).mean() - paper) > 100


def test_half_transparent_ink_is_mixed_with_its_paper() -> None:
    out = open_image(np.array(stroke("RGBA", (0, 0, 0, 128), (0, 0, 0, 0))))
    np.testing.assert_array_equal(out[10, 10], [127] * 3)


def test_transparent_palette_and_colour_key() -> None:
    palette = stroke("RGB", (10, 20, 30), (250, 0, 250)).quantize(2)
    key = palette.getpixel((0, 0))
    out = open_image(encoded(palette, transparency=key))
    np.testing.assert_array_equal(out[0, 0], WHITE)
    np.testing.assert_array_equal(out[10, 10], (10, 20, 30))
    out = open_image(encoded(stroke("RGB", (10, 20, 30), (1, 2, 3)), transparency=(1, 2, 3)))
    np.testing.assert_array_equal(out[0, 0], WHITE)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(("top", "expected"), [(65535, 255), (4095, 255), (1023, 255), (40000, 156)])
def test_sixteen_bits_by_their_full_range_or_their_own(kind: str, top: int, expected: int) -> None:
    grey = np.zeros((20, 20), np.uint16)
    grey[5:15, 5:15] = top
    out = open_image(encoded(Image.fromarray(grey), kind))
    assert out[0, 0].tolist() == [0] * 3
    assert out[10, 10].tolist() == [expected] * 3
    np.testing.assert_array_equal(open_image(grey), out)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 255.0), (-3.0, 7.0), (0.0, 65535.0)])
def test_float_tiff(low: float, high: float) -> None:
    values = np.full((6, 6), low, np.float32)
    values[2:4, 2:4] = high
    out = open_image(encoded(Image.fromarray(values), "TIFF"))
    assert (out[0, 0, 0], out[3, 3, 0]) == (0, 255)


def test_float_tiff_with_nan_is_refused() -> None:
    with pytest.raises(ImageError) as error:
        open_image(encoded(Image.fromarray(np.full((6, 6), np.nan, np.float32)), "TIFF"))
    says(error, "the given bytes", "NaN")


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1), (3, 4, 3), (3, 4, 4)])
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint16, np.float16, np.float32, np.float64])
def test_arrays_of_every_shape_and_type(shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    top = {np.bool_: 1, np.uint8: 255, np.uint16: 65535}.get(dtype, 1)
    array: np.ndarray = np.full(shape, top, dtype)
    array[0, 0] = 0
    if len(shape) == 3 and shape[2] == 4:
        array[..., 3] = top
    out = open_image(array)
    assert out.shape == (3, 4, 3)
    assert out.dtype == np.uint8
    assert out[0, 0].tolist() == [0] * 3
    assert (out[1:] == 255).all()
    assert not np.shares_memory(out, array)


def test_floats_up_to_255_and_a_little_beyond_either_end() -> None:
    np.testing.assert_array_equal(open_image(np.array([[0.0, 254.6]]))[0, :, 0], [0, 255])
    np.testing.assert_array_equal(open_image(np.array([[-0.02, 1.01]]))[0, :, 0], [0, 255])
    np.testing.assert_array_equal(open_image(np.array([[-4.0, 260.0]]))[0, :, 0], [0, 255])


def test_views_and_reversed_channels_are_taken_as_they_look() -> None:
    bgr = np.array(flag())[..., ::-1]
    np.testing.assert_array_equal(open_image(bgr[..., ::-1]), np.array(flag()))


def test_the_first_of_several_frames() -> None:
    data = encoded(flag(), "TIFF", save_all=True, append_images=[Image.new("RGB", (9, 9))])
    np.testing.assert_array_equal(open_image(data), np.array(flag()))
    first, second = Image.new("L", (8, 8), 10), Image.new("L", (8, 8), 200)
    assert open_image(encoded(first, "GIF", save_all=True, append_images=[second]))[0, 0].tolist() == [10] * 3


def test_large_pictures_are_read_without_a_warning(tmp_path: Path) -> None:
    assert MAX_PIXELS >= 6000 * 8000
    Image.new("1", (9_500, 9_500)).save(tmp_path / "large.png")  # enough for Pillow to warn of a bomb
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_image(tmp_path / "large.png").shape == (9_500, 9_500, 3)
