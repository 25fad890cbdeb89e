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
from detector.server.limits import Limits, Refusal, Reservation

MAX_IGNORED_FIELDS = 32  # parts of a form that are no files
MAX_PART_HEADER_BYTES = 8192
BINARY_TYPE = "application/octet-stream"
# Types that are surely no pictures. The decoders judge all others, as senders often declare a wrong type.
REFUSED_TYPES = ("application/json", "application/pdf", "application/zip", "audio/", "multipart/", "text/", "video/")
POSTSCRIPT_SIGNATURES = (b"%!PS", b"\xc5\xd0\xd3\xc6")  # such files are programs, which a server must not run


class TypeRefused(ImageError):
    """A file that is declared to be no picture, or of a format that a server does not open."""


class _Named(io.BytesIO):
    """Bytes with a file name, which the messages of errors begin with."""

    name = ""


@dataclass(frozen=True)
class Upload:
    """A file as it was sent: its name, the type it is declared to have ('' for none), and its bytes."""

    name: str
    type: str
    data: bytes = field(repr=False)

    def open(self, max_pixels: int) -> Picture:
        """The picture, uint8 (H, W, 3) RGB. Raises TypeRefused, and ImageError as images.open_image does."""
        if self.type.startswith(REFUSED_TYPES):
            raise TypeRefused(f"{self.name}: expected a picture, got {self.type:.80}; save it as PNG or JPEG.")
        if self.data.startswith(POSTSCRIPT_SIGNATURES):
            raise TypeRefused(f"{self.name}: expected a picture of pixels, got PostScript; save it as PNG or JPEG.")
        source = _Named(self.data)
        source.name = self.name
        return open_image(source, max_pixels)


async def receive_uploads(request: Request, limits: Limits, reservation: Reservation) -> list[Upload]:
    """The pictures of a request, one or more, once all of it is there. reservation: grows by the bytes that arrive.

    Raises Refusal for what is too large, malformed, or of a type that holds no pictures; and ClientDisconnect.
    """
    declared = request.headers.get("content-type", "")
    kind, options = parse_options_header(declared)
    _check_type(kind.decode("latin-1"), declared, request.headers.get("content-encoding", "identity"))
    body = _chunks(request, limits, reservation)
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
    if kind not in ("", BINARY_TYPE, "multipart/form-data") and not kind.startswith("image/"):
        raise Refusal(
            415,
            f"The request: expected multipart/form-data, image/... or {BINARY_TYPE}, got {declared!r:.100}; "
            "say what is sent in the header Content-Type.",
        )
    if encoding != "identity":
        raise Refusal(415, f"The request: expected no Content-Encoding, got {encoding!r:.40}; send it as it is.")


async def _chunks(request: Request, limits: Limits, reservation: Reservation) -> AsyncIterator[bytes]:
    """The body in pieces, as they arrive. Raises Refusal for a body that is too large."""
    max_size, size = limits.max_upload, int(request.headers.get("content-length", 0))
    if size <= max_size:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > max_size:
                break
            reservation.add(len(chunk))
            yield chunk
    if size > max_size:
        raise Refusal(
            413, f"The request: expected at most {max_size / 1e6:g} MB, got more; send fewer pictures, or smaller ones."
        )


class _Form:
    """A multipart form that arrives in pieces. Raises Refusal for a malformed one."""

    def __init__(self, boundary: bytes, limits: Limits) -> None:
        self._limits = limits
        self._uploads: list[Upload] = []
        self._fields = 0
        self._ended = False
        self._name, self._value, self._header_bytes_left = bytearray(), bytearray(), MAX_PART_HEADER_BYTES
        self._headers: dict[bytes, bytes] = {}
        self._data = bytearray()
        if not boundary:
            raise _malformed("no boundary in its Content-Type")
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begin,
                    "on_header_field": lambda data, start, end: self._header_piece(self._name, data[start:end]),
                    "on_header_value": lambda data, start, end: self._header_piece(self._value, data[start:end]),
                    "on_header_end": self._header_end,
                    "on_part_data": lambda data, start, end: self._data.extend(memoryview(data)[start:end]),
                    "on_part_end": self._part_end,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _malformed(str(error)) from None

    def write(self, chunk: bytes) -> None:
        """Parse the next piece."""
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

    def _part_begin(self) -> None:
        self._headers, self._data, self._header_bytes_left = {}, bytearray(), MAX_PART_HEADER_BYTES

    def _header_piece(self, text: bytearray, more: bytes) -> None:
        self._header_bytes_left -= len(more)
        if self._header_bytes_left < 0:
            raise _malformed(f"more than {MAX_PART_HEADER_BYTES} bytes of headers")
        text += more

    def _header_end(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _part_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        kind, _ = parse_options_header(self._headers.get(b"content-type", b""))
        name, data = options.get(b"filename"), bytes(self._data)
        self._data = bytearray()
        if name is None and not kind.startswith(b"image/"):
            self._fields += 1
            if self._fields > MAX_IGNORED_FIELDS:
                raise _malformed(f"more than {MAX_IGNORED_FIELDS} fields that are no files")
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
