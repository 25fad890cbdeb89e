"""Middleware around the application: checks the host, adds headers, and responds when the application fails."""

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
FAILED_SENTENCE = "Something went wrong here; the server's own output says what."
DRAIN_TIMEOUT_S = 2.0  # for the rest of a request that is refused before all of it has arrived
HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]*\]|[^:]*?)\.?(:[0-9]*)?")
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),  # browsers keep a file, but ask each time whether its ETag is still the same
)


class Guard:
    """An ASGI application around another.

    hosts: the names, without ports, by which clients may call this server; empty for any. Checking them stops DNS
    rebinding: a foreign page whose name was made to point here would otherwise count as this server's own.
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
                await exchange.respond(421, f"Host: expected one of {known}, got {host!r:.100}; see --allow-host.")
        except Exception as error:
            logger.error("error: %s: %s", exchange.request_line, _in_one_line(error))
            if not exchange.responded:
                await exchange.respond(500, FAILED_SENTENCE)

    def _is_known(self, host: str) -> bool:
        match = HOST_AND_PORT.fullmatch(host)
        # Browsers always send a Host, so a request without one comes from no page.
        return not self._hosts or not host or (match is not None and match[1] in self._hosts)


class _Exchange:
    """One request and its response: passes both on, and remembers how far they are."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._more_to_come = True  # of the request
        # A client that sends "Expect: 100-continue" holds its body back until it is asked for it.
        self._waits_for_continue = any(name == b"expect" for name, _ in scope["headers"])
        self.responded = False
        self.request_line = f"{scope['method']} {scope.get('raw_path', b'').decode('latin-1')}"

    async def receive(self) -> Message:
        """The next piece of the request."""
        message = await self._receive()
        self._waits_for_continue = False
        self._more_to_come = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """The next piece of the response."""
        if message["type"] == "http.response.start":
            await self._drain_request()
            self.responded = True
            message = {**message, "headers": [*message["headers"], *HEADERS]}
            logger.info("%s %d", self.request_line, message["status"])
        await self._send(message)

    async def respond(self, status: int, sentence: str) -> None:
        """Respond with a sentence alone."""
        body = json.dumps({"error": sentence}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def _drain_request(self) -> None:
        """Wait a little for the rest of the request: many clients read a response only after they have sent all."""

        async def rest() -> None:
            while self._more_to_come:
                await self.receive()

        if self._more_to_come and not self._waits_for_continue:
            try:
                await asyncio.wait_for(rest(), DRAIN_TIMEOUT_S)
            except asyncio.TimeoutError:
                self._more_to_come = False


def _in_one_line(error: Exception) -> str:
    """The error, with the file and line where it was raised."""
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" ({frame.filename}:{frame.lineno})" for frame in where)
    return " ".join(f"{type(error).__name__}: {error}".split())[:500] + place
