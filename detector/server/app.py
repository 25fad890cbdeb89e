"""The application: which path gives which response."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

import detector
from detector.images import IMAGE_SUFFIXES
from detector.reading.reader import Reader
from detector.server import schema
from detector.server.guard import FAILED_SENTENCE
from detector.server.limits import Limits, Refusal
from detector.server.reference import STYLE, as_html
from detector.server.service import Service
from detector.version import version

PAGE_FOLDER = Path(__file__).with_name("page")
DESCRIPTION = "Reads the handwritten numbers in pictures: every digit's box, class and score, and the numbers as text."


def create_app(readers: Mapping[str, Reader], limits: Limits | None = None) -> FastAPI:
    """An application that reads pictures. readers: by the names of their models, the first is the default.

    `app.state.service` holds its Service. The service's threads end when the application is shut down.
    """
    service = Service(readers, limits or Limits())
    example_files = example_pictures()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="digit-reader",
        version=version(),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # it would load its scripts from elsewhere
        redoc_url=None,
        exception_handlers={
            Refusal: _refused,
            ValidationError: _invalid_query,
            HTTPException: _http_error,
            ClientDisconnect: _disconnected,
            Exception: _failed,  # starlette then raises the error on, and Guard logs it
        },
    )
    app.state.service = service

    @app.post(
        "/api/read",
        summary="Read the numbers in pictures",
        responses=schema.RESPONSES,
        openapi_extra=schema.REQUEST,
    )
    async def read(request: Request) -> Response:
        # Not a parameter: FastAPI would then take a fifth of the time that a response costs beside reading.
        status, body = await service.read(request, schema.ReadQuery.model_validate(dict(request.query_params)))
        return Response(body, status, media_type="application/json")

    @app.get("/api/health", summary="How the server is")
    async def health() -> schema.Health:
        return schema.Health(version=version(), uptime_s=round(service.uptime, 3), waiting=service.waiting)

    @app.get("/api/models", summary="Which detectors there are, and what a request may take")
    async def models() -> schema.Models:
        listed = [
            schema.Model(name=name, runtime=reader.model.runtime, min_score=reader.min_score)
            for name, reader in service.readers.items()
        ]
        limits = schema.Most(
            max_upload_bytes=service.limits.max_upload,
            max_pixels=service.limits.max_pixels,
            max_pictures=service.limits.max_pictures,
        )
        return schema.Models(default=listed[0].name, models=listed, limits=limits)

    @app.get("/api/examples", summary="Pictures to try")
    async def examples() -> schema.Examples:
        return schema.Examples(
            examples=[schema.Example(name=name, url=f"/api/examples/{name}") for name in sorted(example_files)]
        )

    @app.get("/api/examples/{name}", summary="One of them", response_class=FileResponse)
    async def example(name: str) -> Response:
        if name not in example_files:
            raise HTTPException(404)
        return FileResponse(example_files[name])

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(as_html(app.openapi(), request.url.netloc))

    @app.get("/docs.css", include_in_schema=False)
    async def docs_style() -> Response:
        return Response(STYLE, media_type="text/css")

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(PAGE_FOLDER / "index.html")

    app.mount("/page", StaticFiles(directory=PAGE_FOLDER, check_dir=False))
    return app


def example_pictures() -> dict[str, Path]:
    """The files of examples/ by name, in a checkout; {} where the package is installed without them."""
    root = Path(detector.__file__).resolve().parents[1]
    if not (root / "pyproject.toml").is_file() or not (root / "examples").is_dir():
        return {}
    return {path.name: path for path in (root / "examples").iterdir() if path.suffix.lower() in IMAGE_SUFFIXES}


def _error(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": sentence}, status, dict(headers or {}))


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return _error(error.status, error.sentence, {"Retry-After": "1"} if error.status in (429, 503) else None)


async def _invalid_query(_: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    first = error.errors()[0]
    name, got = str(first["loc"][-1]), repr(first.get("input"))
    if first["type"] == "extra_forbidden":
        known = ", ".join(schema.ReadQuery.model_fields)
        return _error(400, f"{name:.40}: expected one of {known} in the query, got this; leave it out.")
    return _error(400, f"{name:.40}: {first['msg'].lower()}, got {got:.60}; see /docs.")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        return _error(404, f"{path:.100}: expected a path that is listed at /docs, got one that is not; check it.")
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        return _error(405, f"{path:.100}: expected {allowed}, got {request.method:.20}; see /docs.", error.headers)
    return _error(error.status_code, f"{path:.100}: {error.detail}", error.headers)


async def _failed(_: Request, __: Exception) -> Response:
    return _error(500, FAILED_SENTENCE)


async def _disconnected(_: Request, __: Exception) -> Response:
    return _error(400, "The request: expected all of it, got a part; send it again.")
