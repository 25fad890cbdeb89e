"""The pictures in a request: a form with one or many, or the bytes of one. All of it in memory, never on disk."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from detector.errors import ImageError
from detector.images import Picture, open_image
from detector.server.limits import Limits, Refusal, Share

FIELDS = 32  # parts of a form that are no pictures, which are passed over
HEADERS = 8192  # bytes of the headers of a part
RAW = "application/octet-stream"
# What can be told from a declared type; all else is for the decoders to judge, as senders often do not know better.
NO_PICTURES = ("application/json", "application/pdf", "application/zip", "audio/", "multipart/", "text/", "video/")
POSTSCRIPT = (b"%!PS", b"\xc5\xd0\xd3\xc6")  # programs, which no server should run for whoever sends them


class TypeRefused(ImageError):
    """What was sent as a picture is declared to be something else, or is of a kind that is not taken from others."""


class _Named(io.BytesIO):
    """Bytes with the name that sentences about them begin with."""

    name = ""


@dataclass(frozen=True)
class Upload:
    """A file as it was sent: its name, the type it is declared to have ('' for none), and its bytes."""

    name: str
    type: str
    data: bytes = field(repr=False)

    def open(self, max_pixels: int) -> Picture:
        """The picture, uint8 (H, W, 3) RGB. Raises TypeRefused, and ImageError as images.open_image does."""
        if self.type.startswith(NO_PICTURES):
            raise TypeRefused(f"{self.name}: expected a picture, got {self.type:.80}; save it as PNG or JPEG.")
        if self.data.startswith(POSTSCRIPT):
            raise TypeRefused(f"{self.name}: expected a picture of pixels, got PostScript; save it as PNG or JPEG.")
        source = _Named(self.data)
        source.name = self.name
        return open_image(source, max_pixels)


async def arrived(request: Request, limits: Limits, share: Share) -> list[Upload]:
    """The pictures of a request, one or more, once all of it is there. share: what they take in memory is taken of it.

    Raises Refusal for what is too large, malformed, or of a type that holds no pictures; and ClientDisconnect.
    """
    declared = request.headers.get("content-type", "")
    kind, options = parse_options_header(declared)
    _check_type(kind.decode("latin-1"), declared, request.headers.get("content-encoding", "identity"))
    body = _chunks(request, limits, share)
    if kind != b"multipart/form-data":
        data = b"".join([chunk async for chunk in body])
        if not data:
            raise Refusal(400, "The request: expected the bytes of a picture, got none; send a file.")
        return [Upload("picture", kind.decode("latin-1"), data)]
    form = _Form(options.get(b"boundary", b""), limits)
    async for chunk in body:
        form.write(chunk)
    return form.uploads()


def _check_type(kind: str, declared: str, encoding: str) -> None:
    if kind not in ("", RAW, "multipart/form-data") and not kind.startswith("image/"):
        raise Refusal(
            415,
            f"The request: expected multipart/form-data, image/... or {RAW}, got {declared!r:.100}; "
            "say what is sent in the header Content-Type.",
        )
    if encoding != "identity":
        raise Refusal(415, f"The request: expected no Content-Encoding, got {encoding!r:.40}; send it as it is.")


async def _chunks(request: Request, limits: Limits, share: Share) -> AsyncIterator[bytes]:
    """The body, as it comes, as long as it is not too large."""
    most, size = limits.max_upload, int(request.headers.get("content-length", 0))
    if size <= most:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                break
            share.take(len(chunk))
            yield chunk
    if size > most:
        raise Refusal(
            413, f"The request: expected at most {most / 1e6:g} MB, got more; send fewer pictures, or smaller ones."
        )


class _Form:
    """A multipart form that comes in pieces. What is malformed raises Refusal."""

    def __init__(self, boundary: bytes, limits: Limits) -> None:
        self._limits = limits
        self._uploads: list[Upload] = []
        self._fields = 0
        self._ended = False
        self._name, self._value, self._room = bytearray(), bytearray(), HEADERS
        self._headers: dict[bytes, bytes] = {}
        self._data = bytearray()
        if not boundary:
            raise _malformed("no boundary in its Content-Type")
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._head(self._name, data[start:end]),
                    "on_header_value": lambda data, start, end: self._head(self._value, data[start:end]),
                    "on_header_end": self._header,
                    "on_part_data": lambda data, start, end: self._data.extend(memoryview(data)[start:end]),
                    "on_part_end": self._part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _malformed(str(error)) from None

    def write(self, chunk: bytes) -> None:
        """The next piece."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed(str(error)) from None

    def uploads(self) -> list[Upload]:
        """All files, once the form is whole."""
        if not self._ended:
            raise _malformed("an end before its last boundary")
        if not self._uploads:
            raise Refusal(400, "The form: expected at least one picture, got none; send it as a file, with its name.")
        return self._uploads

    def _begin(self) -> None:
        self._headers, self._data, self._room = {}, bytearray(), HEADERS

    def _head(self, text: bytearray, more: bytes) -> None:
        self._room -= len(more)
        if self._room < 0:
            raise _malformed(f"more than {HEADERS} bytes of headers")
        text += more

    def _header(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        kind, _ = parse_options_header(self._headers.get(b"content-type", b""))
        name, data = options.get(b"filename"), bytes(self._data)
        self._data = bytearray()
        if name is None and not kind.startswith(b"image/"):
            self._fields += 1
            if self._fields > FIELDS:
                raise _malformed(f"more than {FIELDS} fields that are no files")
        elif name or data:  # a browser sends an empty file without a name where none was chosen
            if len(self._uploads) == self._limits.max_pictures:
                raise Refusal(
                    413, f"The form: expected at most {self._limits.max_pictures} pictures, got more; send fewer."
                )
            text = (name or b"").decode("utf-8", errors="replace") or "picture"
            self._uploads.append(Upload(text, kind.decode("latin-1"), data))

    def _end(self) -> None:
        self._ended = True


def _malformed(what: str) -> Refusal:
    return Refusal(400, f"The form: expected multipart/form-data, got {what:.200}; let a library write it.")
