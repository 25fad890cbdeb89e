"""The server's parts without sockets: pictures of several requests share batches, and nobody is held up."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from random import Random
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.benchmark.malformed import KINDS, malformed_request, small_image
from detector.benchmark.malformed import png as png_of
from detector.categories import DIGITS
from detector.errors import ImageError, OptionError
from detector.images import MAX_PIXELS, Picture
from detector.reading.calibration import Calibration, Chance
from detector.reading.reader import Reader
from detector.server.app import create_app
from detector.server.batching import Batcher, ImageDetections, when_all
from detector.server.guard import Guard
from detector.server.limits import Limits, MemoryBudget, Refusal
from detector.server.reference import as_html
from detector.server.responses import SWEEP_THRESHOLDS, ReadOptions, image_record, sweep
from detector.server.running import address_of, hosts_of, listening
from detector.types import Detections, Table
from tests import fakes

WHITE = np.full((8, 8, 3), 255, np.uint8)
PNG = small_image(Random(1))


class Patient:
    """A network that finds nothing, and waits until it may go on. batches: how many pictures each call had."""

    runtime = "patience"
    whole_picture = True
    at_once = 1
    categories = DIGITS

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.busy = threading.Event()
        self.batches: list[int] = []
        self.fails_on: int | None = None  # height of pictures

    def find(self, pictures: Sequence[Picture]) -> list[Detections]:
        self.batches.append(len(pictures))
        self.busy.set()
        assert self.go_on.wait(30)
        if self.fails_on in [picture.shape[0] for picture in pictures]:
            raise RuntimeError("cannot\nread this")
        return [Detections.empty()] * len(pictures)


def blank(height: int = 8) -> Callable[[], Picture]:
    return lambda: np.full((height, 8, 3), 255, np.uint8)


def bad() -> Picture:
    raise ImageError("bad.")


# Batches


def test_pictures_that_wait_together_go_through_in_one_batch() -> None:
    network = Patient()
    batcher = Batcher()
    reader = Reader(network)
    first = batcher.submit([blank()], reader)
    assert network.busy.wait(30)
    later = [batcher.submit([blank(), blank()], reader) for _ in range(5)]
    opened = threading.Event()
    batcher.submit([lambda: (opened.set(), WHITE)[1]], reader)
    assert opened.wait(30)
    network.go_on.set()
    for futures in [first, *later]:
        assert [future.result(30).height for future in futures] == [8] * len(futures)
    assert network.batches[0] == 1
    assert sum(network.batches) == 12
    assert len(network.batches) <= 3  # two batches may run beside each other while the others come
    batcher.close()


def test_small_pictures_pass_a_large_one() -> None:
    slow, quick = Patient(), Patient()
    quick.go_on.set()
    batcher = Batcher()
    (large,) = batcher.submit([blank()], Reader(slow))
    assert slow.busy.wait(30)
    assert batcher.submit([blank()], Reader(quick))[0].result(30).height == 8
    assert not large.done()
    slow.go_on.set()
    batcher.close()


def test_a_second_batch_starts_only_with_as_many_pictures_as_the_first() -> None:
    gates, slow, quick = [Patient(), Patient()], Patient(), Patient()
    quick.go_on.set()
    batcher = Batcher()
    for gate in gates:  # both threads are busy, until three pictures wait for them
        batcher.submit([blank()], Reader(gate))
        assert gate.busy.wait(30)
    opened = threading.Event()
    three = batcher.submit([blank(), blank(), blank(), lambda: (opened.set(), bad())[1]], Reader(slow))[:3]
    assert opened.wait(30)  # the fourth, when the others are
    gates[0].go_on.set()
    assert slow.busy.wait(30)
    assert slow.batches == [3]
    reader = Reader(quick)
    first = batcher.submit([blank()], reader)
    gates[1].go_on.set()
    with pytest.raises(concurrent.futures.TimeoutError):
        first[0].result(0.2)
    others = batcher.submit([blank(), blank()], reader)
    assert [future.result(30).height for future in first + others] == [8] * 3
    assert not any(future.done() for future in three)
    slow.go_on.set()
    assert [future.result(30).height for future in three] == [8] * 3
    batcher.close()


def test_a_picture_that_fails_spoils_no_other() -> None:
    network = Patient()
    batcher = Batcher()
    futures = batcher.submit([blank()], Reader(network))
    assert network.busy.wait(30)
    network.fails_on = 5
    futures += batcher.submit([blank(6), bad, blank(5), blank(7)], Reader(network))
    network.go_on.set()
    for i, height in ((0, 8), (1, 6), (4, 7)):
        assert futures[i].result(30).height == height
    with pytest.raises(ImageError):
        futures[2].result(30)
    with pytest.raises(RuntimeError):
        futures[3].result(30)
    batcher.close()


def test_requests_take_turns() -> None:
    network = Patient()
    batcher = Batcher()
    opened: list[str] = []
    hold = threading.Event()

    def held() -> Picture:
        assert hold.wait(30)
        return WHITE

    def noted(name: str) -> Callable[[], Picture]:
        return lambda: (opened.append(name), WHITE)[1]

    reader = Reader(network)
    batcher.submit([held], reader)
    many = batcher.submit([noted("many")] * 20, reader)
    few = batcher.submit([noted("few")] * 2, reader)
    hold.set()
    network.go_on.set()
    for future in many + few:
        future.result(30)
    assert opened[:4] == ["many", "few", "many", "few"]
    batcher.close()


def test_pictures_are_freed() -> None:
    network = Patient()
    network.go_on.set()
    batcher = Batcher()
    known: list[weakref.ref[np.ndarray]] = []

    def opened() -> Picture:
        image = WHITE.copy()
        known.append(weakref.ref(image))
        return image

    results = [future.result(30) for future in batcher.submit([opened] * 3, Reader(network))]
    batcher.submit([blank()], Reader(network))[0].result(30)
    batcher.close()
    gc.collect()
    assert len(results) == 3
    assert [ref() for ref in known] == [None] * 3


def test_nothing_is_detected_after_the_end() -> None:
    batcher = Batcher()
    batcher.close()
    assert not batcher.submit([blank()], Reader(Patient()))[0].done()


@given(st.permutations(range(5)))
def test_when_all_are_done(order: list[int]) -> None:
    futures: list[Future[ImageDetections]] = [Future() for _ in order]
    called: list[int] = []
    when_all(futures, lambda: called.append(1))
    for i in order:
        assert not called
        futures[i].set_result(ImageDetections(1, 1, Detections.empty(), 0.0))
    assert called == [1]


# Responses


@pytest.mark.parametrize("alone", [None, Chance(0.8, -1.5)])
@given(scores=st.lists(st.floats(0, 1, width=32), max_size=12), own=st.floats(0, 1))
def test_a_sweep_tells_what_each_threshold_leaves(alone: Chance | None, scores: list[float], own: float) -> None:
    ordered = np.array(sorted(scores, reverse=True), np.float32)
    x = np.cumsum(np.resize(np.array([90, 20], np.float32), len(ordered)))  # pairs
    boxes = np.stack([x, x * 0, x + 12, x * 0 + 18], axis=1).astype(np.float32)
    image = ImageDetections(900, 20, Detections(boxes, np.arange(len(ordered)) % 10, ordered), 0.0)
    reader = Reader(Patient(), calibration=Calibration(alone=alone))

    def options(threshold: float) -> ReadOptions:
        return ReadOptions("fake", reader, threshold, 0.0, False)

    entries = sweep(image, options(own))
    assert entries[0]["min_score"] == min(own, SWEEP_THRESHOLDS[0])
    for threshold in {*SWEEP_THRESHOLDS, own}:
        kept = [entry for entry in entries if entry["min_score"] <= threshold][-1]
        record = image_record("", image, options(threshold))
        assert (kept["text"], kept["lines"]) == (record["text"], record["lines"])


def test_tables_are_looked_for_in_the_picture_and_only_where_they_are_asked_for() -> None:
    picture = fakes.blank(200, 200)
    boxes = [[20 + 60 * j, 10 + 40 * i, 30 + 60 * j, 30 + 40 * i] for i in range(3) for j in range(2)]
    fakes.draw_blobs(picture, boxes, [1, 2, 3, 4, 5, 6])
    reader = Reader(fakes.FakeDetector(), turn=False)
    batcher = Batcher()
    asked = ReadOptions("fake", reader, 0.5, 0.0, False, tables=True)
    (found,) = batcher.submit([lambda: picture], reader, asked.look)
    record = image_record("", found.result(30), asked)
    assert [[[cell["text"] for cell in row] for row in table["rows"]] for table in record["tables"]] == [
        [["1", "2"], ["3", "4"], ["5", "6"]]
    ]
    (found,) = batcher.submit([blank()], reader, asked.look)
    assert image_record("", found.result(30), asked)["tables"] == []
    (found,) = batcher.submit([lambda: picture], reader)
    assert "tables" not in image_record("", found.result(30), ReadOptions("fake", reader, 0.5, 0.0, False))

    def failing(*_: object) -> tuple[Table, ...]:
        raise ZeroDivisionError

    (found,) = batcher.submit([lambda: picture], reader, failing)
    with pytest.raises(ZeroDivisionError):
        found.result(30)
    batcher.close()


# Limits


def test_limits_that_make_no_sense() -> None:
    for name in ("max_upload", "max_pixels", "max_pictures", "max_waiting", "timeout"):
        for value in (0, -1, float("nan"), float("inf")):
            with pytest.raises(OptionError, match=f"{name}: expected a number above 0, got "):
                Limits(**{name: value})  # type: ignore[arg-type]
    assert Limits().max_pixels <= MAX_PIXELS


def test_reserved_memory_is_given_back() -> None:
    memory = MemoryBudget(10)
    with memory.reservation() as one, memory.reservation() as other:
        one.add(6)
        with pytest.raises(Refusal, match="fewer requests at once"):
            other.add(5)
        other.add(4)
    assert memory.reserved_bytes == 0


# The application, without a network


def served(
    network: Patient, limits: Limits, talk: Callable[[httpx.AsyncClient], Any], hosts: Sequence[str] = ()
) -> Any:
    """What `talk` returns, given a client of an application that reads with this network."""
    app = create_app({"fake": Reader(network)}, limits)

    async def run() -> Any:
        transport = httpx.ASGITransport(Guard(app, hosts))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=30) as client:
            return await talk(client)

    try:
        return asyncio.run(run())
    finally:
        network.go_on.set()
        app.state.service.close()


def test_too_many_at_once() -> None:
    network = Patient()

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        waiting = [asyncio.ensure_future(client.post("/api/read", content=PNG)) for _ in range(2)]
        while (await client.get("/api/health")).json()["waiting"] < 2:
            await asyncio.sleep(0)
        refused = await client.post("/api/read", content=PNG)
        network.go_on.set()
        return [refused, *await asyncio.gather(*waiting), await client.post("/api/read", content=PNG)]

    refused, *read = served(network, Limits(max_waiting=2), talk)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"].startswith("Expected fewer requests at once")
    assert [answer.status_code for answer in read] == [200] * 3


def test_an_unexpected_error_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    network = Patient()
    network.fails_on = 3
    network.go_on.set()

    async def talk(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.post("/api/read", content=png_of(4, height, bytes(13 * 4))) for height in (3, 4)]

    failed, read = served(network, Limits(), talk)
    assert (failed.status_code, read.status_code) == (500, 200)
    assert failed.json() == {"error": "Something went wrong here; the server's own output says what."}
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(logged) == 1
    assert logged[0].startswith("error: POST /api/read: RuntimeError: cannot read this (")
    assert "\n" not in logged[0]


def test_any_host_where_none_is_given() -> None:
    async def talk(client: httpx.AsyncClient) -> int:
        return (await client.get("/api/health", headers={"Host": "any.example"})).status_code

    assert served(Patient(), Limits(), talk) == 200
    assert served(Patient(), Limits(), talk, ["localhost"]) == 421


def test_the_reference_escapes_what_it_shows() -> None:
    described = {
        "info": {"title": "<b>", "version": "<i>"},
        "paths": {"/<u>": {"get": {"summary": "<s>", "responses": {}}}},
    }
    page = as_html(described, "<em>")
    assert not [mark for mark in ("<b>", "<i>", "<u>", "<s>", "<em>") if mark in page]


# Where it listens


def test_addresses() -> None:
    with listening("127.0.0.1", 0) as server:
        port = server.getsockname()[1]
        assert address_of(server) == f"http://127.0.0.1:{port}"
        with pytest.raises(OptionError, match=f"port {port}: cannot listen there"):
            listening("127.0.0.1", port)
    with listening("0.0.0.0", 0) as server:
        assert address_of(server).startswith("http://127.0.0.1:")


def test_host_names_of_a_server() -> None:
    assert hosts_of("0.0.0.0", ()) == ()
    assert hosts_of("192.168.0.2", ["digits.lan"]) == ("localhost", "127.0.0.1", "[::1]", "digits.lan")
    assert hosts_of("127.0.0.1", ["here"])[-1] == "here"
    assert "localhost" in hosts_of("::1", ())


def test_malformed_requests_are_of_every_kind_and_the_same_each_time() -> None:
    made = [malformed_request(Random(seed)) for seed in range(400)]
    assert {one.kind for one in made} == set(KINDS)
    assert made[:50] == [malformed_request(Random(seed)) for seed in range(50)]
