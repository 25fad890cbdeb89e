"""Requests that a server must survive: torn, lying and flooding ones, and pictures that would fill the memory."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from PIL import Image

BOUNDARY = b"----edge"
CONTENT_TYPES = (
    b"image/png",
    b"image/jpeg",
    b"application/octet-stream",
    b"text/html",
    b"application/json",
    b"",
    b"\xff/;;=",
)


@dataclass(frozen=True)
class Malformed:
    """One request."""

    kind: str
    """What is wrong with it: a key of KINDS."""
    sent: bytes
    """All bytes to send."""
    hangs_up: bool = False
    """Whether the client closes the connection after them, while the server still waits for more."""


def malformed_request(rng: Random) -> Malformed:
    """A random request of one of the KINDS. Some turn out to be valid, since damage is random."""
    kind = rng.choice(list(KINDS))
    request = KINDS[kind](rng)
    return request if isinstance(request, Malformed) else Malformed(kind, request)


def small_image(rng: Random) -> bytes:
    """A file of a small picture in one colour, of any format."""
    file = io.BytesIO()
    image = Image.new("RGB", (rng.randint(1, 40), rng.randint(1, 40)), (rng.randrange(256), 0, 0))
    image.save(file, rng.choice(("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")))
    return file.getvalue()


def request(body: bytes, kind: bytes = b"image/png", query: bytes = b"", length: object = None) -> bytes:
    """A valid request to read a picture, but for what is given."""
    size = str(len(body) if length is None else length).encode()
    return (
        b"POST /api/read" + query + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
        + kind + b"\r\nContent-Length: " + size + b"\r\n\r\n" + body
    )  # fmt: skip


def form(*files: bytes, name: bytes = b"a.png", end: bytes = b"--" + BOUNDARY + b"--\r\n") -> bytes:
    """A valid form with these files, but for what is given."""
    parts = [
        b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="f"; filename="' + name
        + b'"\r\nContent-Type: image/png\r\n\r\n' + file + b"\r\n"
        for file in files
    ]  # fmt: skip
    return b"".join(parts) + end


def form_request(body: bytes, boundary: bytes = BOUNDARY, length: object = None) -> bytes:
    """A request with a form."""
    return request(body, b"multipart/form-data; boundary=" + boundary, length=length)


def damaged(rng: Random, data: bytes) -> bytes:
    """The data with some bytes changed, lost or added."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        start = rng.randrange(len(changed) + 1)
        changed[start : start + rng.randint(0, 4)] = rng.randbytes(rng.randint(0, 4))
    return bytes(changed)


def torn(rng: Random, data: bytes) -> bytes:
    """The first part of the data."""
    return data[: rng.randrange(len(data))]


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG file whose header claims this size, with any rows in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def bomb(rng: Random) -> bytes:
    """A small file of a picture that is huge, or claims to be."""
    width, height = rng.choice(((12_000, 12_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (0, 0), (10**6, 1000)))
    low = struct.pack("<HH", width & 0xFFFF, height & 0xFFFF)
    bmp = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return rng.choice((png(width, height, bytes(10**6)), b"GIF89a" + low + b"\xf7\0\0" + bytes(800), bmp + bytes(6)))


def headers(rng: Random) -> bytes:
    """A form that is mostly headers, fields or boundaries."""
    disposition = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="x"'
    return rng.choice(
        (
            b"".join(disposition + b"\r\n\r\n1\r\n" for _ in range(rng.randint(1, 2000))),
            disposition + b"; a" * rng.randint(1, 9000) + b"\r\n\r\n",
            disposition + b"\r\n" + b"".join(b"X-%d: 1\r\n" % i for i in range(rng.randint(1, 2000))) + b"\r\n",
            b"--" + BOUNDARY + b"\r\n" + rng.randbytes(50) + b": " + rng.randbytes(50) + b"\r\n\r\n",
            (b"--" + BOUNDARY + b"\r\n") * rng.randint(1, 2000),
            form(*[b""] * rng.randint(1, 200)),
            form(small_image(rng), name=rng.randbytes(30)),
            form(small_image(rng), name=b"a" * rng.randint(1, 20_000)),
        )
    )


KINDS: dict[str, Callable[[Random], bytes | Malformed]] = {
    "noise": lambda rng: rng.randbytes(rng.randint(1, 300)) + b"\r\n\r\n",
    "damaged picture": lambda rng: request(damaged(rng, small_image(rng)), rng.choice(CONTENT_TYPES[:3])),
    "torn picture": lambda rng: request(torn(rng, small_image(rng))),
    "no picture": lambda rng: request(rng.randbytes(rng.randint(0, 3000)), rng.choice(CONTENT_TYPES)),
    "program": lambda rng: request(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n" + rng.randbytes(20)),
    "bomb": lambda rng: request(bomb(rng)),
    "bomb in a form": lambda rng: form_request(form(bomb(rng), small_image(rng)[:20])),
    "damaged form": lambda rng: form_request(damaged(rng, form(small_image(rng), small_image(rng)))),
    "torn form": lambda rng: form_request(torn(rng, form(small_image(rng)))),
    "form without an end": lambda rng: form_request(form(small_image(rng), end=b"")),
    "form with another boundary": lambda rng: form_request(
        form(small_image(rng)), rng.choice((b"", b"other", b'"', b"\xff" * 9, b"a" * 300, b"=;=", b"----edg"))
    ),
    "empty form": lambda rng: form_request(rng.choice((b"", form(), form(b""), b"\r\n", b"--" + BOUNDARY))),
    "headers": lambda rng: form_request(headers(rng)),
    "bad query": lambda rng: request(
        small_image(rng),
        query=b"?" + rng.choice((b"min_score=", b"model=", b"turn=", b"sweep=", b"x=", b"%", b"&&=&"))
        + rng.choice((b"2", b"nan", b"-inf", b"%00", b"%ff%fe", b"1e999", b"a" * 5000, b"[]", b"")),
    ),
    "wrong length": lambda rng: request(
        small_image(rng) + b"\r\n",
        length=rng.choice((0, 1, -1, "x", "1, 2", "1e3", "9" * 15, "9" * 30, 21_000_000, "")),
    ).replace(b"Connection: close\r\n", rng.choice((b"Connection: close\r\n", b"Transfer-Encoding: chunked\r\n"))),
    "bad chunks": lambda rng: request(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    + rng.choice((b"zz\r\n", b"-5\r\nhallo\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"\r\n\r\n")),
    "wrong place": lambda rng: request(small_image(rng)).replace(
        b"POST /api/read",
        rng.choice((b"PUT /api/read", b"GET /", b"POST /", b"GET /page/../app.py", b"GET /page/%2e%2e/%2e%2e/errors.py",
                    b"GET /api/examples/..%2fREADME.md", b"BREW /api/read", b"GET http://[/", b"GET /%00", b"GET *")),
    ),
    "wrong host": lambda rng: request(small_image(rng)).replace(
        b"localhost", rng.choice((b"evil.example", b"localhost:x", b"[::1", b"", b"\xff", b"127.0.0.1.evil.example"))
    ),
    "half a request": lambda rng: Malformed("half a request", torn(rng, form_request(form(small_image(rng)))), True),
    "endless": lambda rng: Malformed(
        "endless", request(b"", length=0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        + b"ffffffff\r\n" + bytes(999), True),
    "hurried": lambda rng: Malformed("hurried", request(small_image(rng)), True),
}  # fmt: skip
