"""The query and the responses of the API. /openapi.json is made of these classes.

Names, docstrings and field descriptions of all classes but ReadQuery are published there: clients see every change.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class ReadQuery(BaseModel):
    """The query of a request to read pictures."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model: str | None = Field(None, description="Which detector, of those in /api/models; the first without it.")
    min_score: float | None = Field(
        None, ge=0, le=1, description="Digits with a lower score are not read; the model's own threshold without it."
    )
    min_number_score: float | None = Field(
        None, ge=0, le=1, description="Numbers with a lower score are rejected: their text is withheld."
    )
    turn: bool | None = Field(None, description="Whether pictures that lie on a side are found out and read upright.")
    tables: bool = Field(False, description="Whether to look for tables, too, and tell their cells.")
    sweep: bool = Field(False, description="Whether to tell, too, what each threshold from 0.05 to 0.95 leaves.")


class Digit(BaseModel):
    """One digit, its box in pixels of the picture and how sure it is."""

    digit: int
    box: tuple[float, float, float, float] = Field(
        description="x0, y0, x1, y1 in whole pixels; x1 and y1 are exclusive."
    )
    score: float


class Sign(BaseModel):
    """One sign in or beside numbers, its box in pixels of the picture and how sure it is."""

    sign: str
    box: tuple[float, float, float, float] = Field(
        description="x0, y0, x1, y1 in whole pixels; x1 and y1 are exclusive."
    )
    score: float


class Number(BaseModel):
    """Digits that belong together, and the chance that all of them are right."""

    text: str = Field(description="Its digits alone.")
    written: str = Field(description="As it stands there, with its signs: 12.5, -3, 10:45.")
    value: float | None = Field(description="What it amounts to; null where that can be read in two ways.")
    score: float
    rejected: bool
    digits: list[Digit]
    signs: list[Sign] = Field(description="Those in written, left to right.")


class Line(BaseModel):
    """Numbers on one line of writing, left to right."""

    text: str
    written: str
    numbers: list[Number]


class Cell(BaseModel):
    """A cell of a table: its numbers as they stand there, and the box around it; no text where it is empty."""

    text: str
    box: tuple[float, float, float, float]


class Table(BaseModel):
    """Numbers in rows and columns. Words are not read, so their cells are empty."""

    ruled: bool = Field(description="Whether rulings tell of it, and not only how its numbers stand below each other.")
    corners: list[tuple[float, float]] = Field(description="x, y, from the one at the top left on as clock hands go.")
    rows: list[list[Cell]]


class Left(BaseModel):
    """What thresholds from this one to the next leave."""

    min_score: float
    text: str
    written: str
    lines: list[Line]
    signs: list[Sign]


class Picture(BaseModel):
    """What was read in a picture, or what is wrong with it."""

    file: str
    error: str | None = Field(None, description="Then nothing but the file is told.")
    width: int
    height: int
    turned: int = Field(description="Degrees clockwise by which the picture has to be turned to stand upright.")
    text: str = Field(description="The digits alone, line by line.")
    written: str = Field(description="The numbers as they stand there, line by line.")
    lines: list[Line]
    signs: list[Sign] = Field(description="Those of numbers and all others.")
    tables: list[Table] | None = Field(None, description="With tables: those in the picture, top to bottom.")
    digits: list[Digit] | None = Field(None, description="With sweep: all digits, best first.")
    sweep: list[Left] | None = Field(None, description="With sweep: the last with min_score <= s is what s leaves.")


class Read(BaseModel):
    """What was read, in the order of the pictures. ms: what reading took, without waiting."""

    model: str
    runtime: str
    ms: float
    pictures: list[Picture]


class Error(BaseModel):
    """What was expected, what came and what to do, in one sentence."""

    error: str


class Health(BaseModel):
    """How the server is."""

    status: Literal["ok"] = "ok"
    version: str
    uptime_s: float
    waiting: int = Field(description="Requests that have arrived and are not answered yet.")


class Model(BaseModel):
    """A detector, what computes it, and its own threshold."""

    name: str
    runtime: str
    min_score: float


class Most(BaseModel):
    """What a request may take."""

    max_upload_bytes: int
    max_pixels: int
    max_pictures: int


class Models(BaseModel):
    """The detectors there are."""

    default: str
    models: list[Model]
    limits: Most


class Example(BaseModel):
    """A picture to try."""

    name: str
    url: str


class Examples(BaseModel):
    """Pictures to try."""

    examples: list[Example]


BINARY_SCHEMA = {"type": "string", "format": "binary"}
REQUEST: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": given, "description": given.pop("description")}
        for name, given in ReadQuery.model_json_schema()["properties"].items()
    ],
    "requestBody": {
        "required": True,
        "description": "Files in a form, or the bytes of one picture.",
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "additionalProperties": BINARY_SCHEMA}},
            "image/*": {"schema": BINARY_SCHEMA},
            "application/octet-stream": {"schema": BINARY_SCHEMA},
        },
    },
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": model, "description": description}
    for status, model, description in (
        (200, Read, "At least one picture was read."),
        (400, Error, "The query or the form is not understood, or holds no picture."),
        (408, Error, "Not all of it arrived in time."),
        (413, Error, "More bytes, pictures or pixels than are taken."),
        (415, Error, "Of a type that is no picture."),
        (422, Error, "Not a picture, or damaged."),
        (429, Error, "Too many at once; Retry-After says when to try again."),
        (503, Error, "The server is shutting down."),
    )
}
