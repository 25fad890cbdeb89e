"""Runs the application: listens before the weights are loaded, and finishes what has arrived when it is stopped."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from os import PathLike
from typing import cast

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from detector.errors import OptionError
from detector.reading.loading import DEFAULT_MODEL, WEIGHTS_SUFFIXES, load
from detector.reading.reader import Reader
from detector.server.app import create_app
from detector.server.guard import LOOPBACK, Guard
from detector.server.limits import Limits

SHUTDOWN_TIMEOUT_S = 10.0  # for the responses that are due when the server is stopped
IDLE_TIMEOUT_S = 15.0  # for a connection without a request, or with one whose head is not complete


def shipped_readers(
    weights: str | PathLike[str] | None = None,
    model: str | None = None,
    threads: int | None = None,
    runtime: str | None = None,
) -> dict[str, Reader]:
    """Readers by the names of their models, the default first.

    weights: a file, whose reader is the only one; None for all weights that are shipped. The other options, and the
    errors, are those of `loading.load`.
    """
    if weights is not None:
        reader = load(weights, model, threads=threads, runtime=runtime, spinning=False)
        return {str(getattr(reader.model, "name", None) or model or "detector"): reader}
    first = model or DEFAULT_MODEL
    readers = {first: load(model=first, threads=threads, runtime=runtime, spinning=False)}
    for name in _shipped_models(runtime):
        if name not in readers:
            readers[name] = load(model=name, threads=threads, runtime=runtime, spinning=False)
    return readers


def _shipped_models(runtime: str | None) -> list[str]:
    suffixes = WEIGHTS_SUFFIXES.values() if runtime is None else [WEIGHTS_SUFFIXES[runtime]]
    models = (file.name.partition(".") for file in resources.files("detector.weights").iterdir())
    return sorted({name for name, dot, suffix in models if dot + suffix in suffixes})


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any that is free. Raises OptionError for an address that cannot be had."""
    if not 0 <= port < 2**16:
        raise OptionError(f"port: expected a number from 0 to 65535, got {port}; 0 is for any that is free.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        server = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OptionError(f"host {host}, port {port}: there is no such address ({error}); name another.") from None
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        server.listen(2048)
    except OSError as error:
        server.close()
        reason = (error.strerror or str(error)).lower()
        raise OptionError(
            f"host {host}, port {port}: cannot listen there ({reason}); name another --port, or 0 for any that is free."
        ) from None
    return server


def address_of(server: socket.socket) -> str:
    """The URL to type into a browser."""
    host, port = server.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def hosts_of(host: str, others: Sequence[str]) -> tuple[str, ...]:
    """The names by which clients may call a server that listens at `host`; () for any.

    A server for this machine alone has its usual names and `others`. One in a network has any name, unless `others`
    are given.
    """
    this_machine_only = host in ("localhost", "::1") or host.startswith("127.")
    return (*LOOPBACK, host, *others) if this_machine_only else (*LOOPBACK, *others) if others else ()


def serve(
    readers: Mapping[str, Reader],
    server: socket.socket,
    limits: Limits,
    hosts: Sequence[str] = (),
    ready: Callable[[], object] = lambda: None,
) -> None:
    """Serve on a listening socket until SIGINT or SIGTERM, and return once all requests that had arrived are done.

    hosts: see `guard.Guard`. ready: is called when the server responds.
    """
    app = create_app(readers, limits)
    config = uvicorn.Config(
        Guard(app, hosts),
        http=_Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(SHUTDOWN_TIMEOUT_S),
    )
    # When it is done, uvicorn raises the signal again for the handlers it found. These do nothing.
    handlers = {signum: signal.signal(signum, lambda *_: None) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        _Server(config, app, ready).run([server])
    finally:
        for signum, handler in handlers.items():
            signal.signal(signum, handler)


class _Server(uvicorn.Server):
    """Calls `ready` once it responds, and refuses requests that are still arriving when it is stopped."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._app, self._ready = app, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.service.refuse_more()
        await super().shutdown(sockets)


class _Protocol(HttpToolsProtocol):
    """Closes a connection that sends no complete head of a request in time: uvicorn itself waits forever."""

    _idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._has_request():
            self._stop_timer()
        elif self._idle_timer is None:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _has_request(self) -> bool:
        """Whether a request is at the application, whose own time limits count then."""
        return self.cycle is not None and not self.cycle.response_complete

    def _start_timer(self) -> None:
        self._idle_timer = self.loop.call_later(IDLE_TIMEOUT_S, self._close_if_idle)

    def _stop_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _close_if_idle(self) -> None:
        self._idle_timer = None
        if not self._has_request():
            self.transport.close()
