"""Stands before the application: says which hosts it answers for, and has the last word when something fails."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import traceback
from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("detector.server")

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
FAILED = "Something went wrong here; the server's own output says what."
PATIENCE = 2.0  # seconds for the rest of a request that is refused before all of it has arrived
HOST = re.compile(r"(\[[0-9a-f:.]*\]|[^:]*?)\.?(:[0-9]*)?")
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),  # kept, but asked for anew each time: files have tags to compare
)


class Guard:
    """An application around another.

    hosts: what clients may call this server, without ports; none for anything. A page from elsewhere whose name was
    made to point here would otherwise pass for one of this server's own (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
        try:
            if self._is_known(host):
                await self._app(scope, exchange.receive, exchange.send)
            else:
                known = ", ".join(sorted(self._hosts))
                await exchange.answer(421, f"Host: expected one of {known}, got {host!r:.100}; see --allow-host.")
        except Exception as error:
            logger.error("error: %s: %s", exchange.asked, _in_one_line(error))
            if not exchange.answered:
                await exchange.answer(500, FAILED)

    def _is_known(self, host: str) -> bool:
        match = HOST.fullmatch(host)
        # Browsers always send one; what does not is none.
        return not self._hosts or not host or (match is not None and match[1] in self._hosts)


class _Exchange:
    """One request and its response, as they pass by."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._more = True  # of the request is to come
        self._silent = any(name == b"expect" for name, _ in scope["headers"])  # until it is asked for its body
        self.answered = False
        self.asked = f"{scope['method']} {scope.get('raw_path', b'').decode('latin-1')}"

    async def receive(self) -> Message:
        """The next piece of the request."""
        message = await self._receive()
        self._silent = False
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """The next piece of the response."""
        if message["type"] == "http.response.start":
            await self._hear_out()
            self.answered = True
            message = {**message, "headers": [*message["headers"], *HEADERS]}
            logger.info("%s %d", self.asked, message["status"])
        await self._send(message)

    async def answer(self, status: int, sentence: str) -> None:
        """A sentence as the whole response."""
        body = json.dumps({"error": sentence}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def _hear_out(self) -> None:
        """Waits a little for the rest of the request: many clients listen to an answer only when they have sent all."""

        async def rest() -> None:
            while self._more:
                await self.receive()

        if self._more and not self._silent:
            try:
                await asyncio.wait_for(rest(), PATIENCE)
            except asyncio.TimeoutError:
                self._more = False


def _in_one_line(error: Exception) -> str:
    """What went wrong and where."""
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" ({frame.filename}:{frame.lineno})" for frame in where)
    return " ".join(f"{type(error).__name__}: {error}".split())[:500] + place
