"""Serves the application: listens before the weights are loaded, and leaves nobody waiting when it ends."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from os import PathLike

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from detector.errors import OptionError
from detector.reading.loading import DEFAULT_MODEL, SUFFIXES, load
from detector.reading.reader import Reader
from detector.server.app import create_app
from detector.server.guard import LOOPBACK, Guard
from detector.server.limits import Limits

LAST = 10.0  # seconds for the answers that are due when the server is stopped
IDLE = 15.0  # seconds for which a connection may say nothing, or take to say what it asks for


def shipped_readers(
    weights: str | PathLike[str] | None = None,
    model: str | None = None,
    threads: int | None = None,
    runtime: str | None = None,
) -> dict[str, Reader]:
    """Readers by the names of their models, the default first: of a file, or of all weights that are shipped.

    Options and errors are those of loading.load.
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
    suffixes = SUFFIXES.values() if runtime is None else [SUFFIXES[runtime]]
    models = (file.name.partition(".") for file in resources.files("detector.weights").iterdir())
    return sorted({name for name, dot, suffix in models if dot + suffix in suffixes})


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens, with port 0 on any that is free. Raises OptionError where that cannot be."""
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
    """What to type into a browser."""
    host, port = server.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def hosts_of(host: str, others: Sequence[str]) -> tuple[str, ...]:
    """What a server may be called: on this machine alone its usual names and others, in a network anything but then."""
    alone = host in ("localhost", "::1") or host.startswith("127.")
    return (*LOOPBACK, host, *others) if alone else (*LOOPBACK, *others) if others else ()


def serve(
    readers: Mapping[str, Reader],
    server: socket.socket,
    limits: Limits,
    hosts: Sequence[str] = (),
    ready: Callable[[], object] = lambda: None,
) -> None:
    """Answers what comes to a listening socket until SIGINT or SIGTERM, and then what has already come.

    hosts: see guard.Guard. ready: called when it answers. Returns when all is done.
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
        timeout_graceful_shutdown=int(LAST),
    )
    # uvicorn hands a signal on to whoever listened before it, when it is done: here, nobody has to do any more.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _Server(config, app, ready).run([server])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    """Says when it answers, and refuses what is still arriving when it is stopped."""

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
    """Hangs up on who says nothing, or takes too long to say what he asks for: uvicorn itself waits forever."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_asked():
            self._wait_no_more()
        elif self._patience is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _is_asked(self) -> bool:
        """Whether a request is being answered, so that its own time limits count."""
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._patience = self.loop.call_later(IDLE, self._give_up)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if not self._is_asked():
            self.transport.close()
