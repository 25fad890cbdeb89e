"""tools/serve.py under many, slow and strange clients; how it starts and ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import httpx
import pytest

import detector
from detector.benchmark import serving
from detector.benchmark.malformed import form, form_request, malformed_request, request
from detector.benchmark.serving import exchange
from tests.server.real_server import ROOT, SERVE, Server, started

# Many, slow and strange clients


def test_many_clients_at_once(server: Server, picture: bytes) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: server.post(content=picture), range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["pictures"][0]["text"] for answer in answers}) == 1


def test_a_slow_client_blocks_nobody_and_is_cut_off(server: Server, picture: bytes) -> None:
    sent = request(picture)
    with ThreadPoolExecutor(1) as pool:
        slow = [server.connect() for _ in range(40)]  # more than may wait for an answer
        for connection in slow:
            connection.sendall(sent[:-10])
        assert pool.submit(server.is_well, picture).result()
        slow[0].sendall(sent[-10:])
        assert exchange(slow[0], b"") == 200
        answer = b"".join(iter(lambda: slow[1].recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"expected all of it within 4 s" in answer
        for connection in slow:
            connection.close()


def test_clients_that_leave(server: Server, picture: bytes) -> None:
    for whole in (request(picture), form_request(form(picture, picture))):
        for length in (3, 60, 200, len(whole) - 1, len(whole)):
            with server.connect() as connection:
                connection.sendall(whole[:length])
    assert server.is_well(picture)


def test_malformed_requests(server: Server, picture: bytes) -> None:
    for seed in range(200):
        one = malformed_request(Random(seed))
        with server.connect() as connection:
            if one.hangs_up:
                connection.sendall(one.sent)
            else:
                status = exchange(connection, one.sent)
                assert status < 500, (seed, one.kind)
    assert server.is_well(picture)


def test_load_is_measured(server: Server, picture: bytes) -> None:
    subject = serving.Server(server.address, server.process, server.errors)
    found = serving.time_serving(subject, detector.load(threads=1), [picture], 0.5)
    assert found["errors"].median == 0
    rates = [found[name].median for name in ("served, 16 clients", "offline")]
    assert found["served / offline"].median == pytest.approx(rates[0] / rates[1])
    assert 0 < found["answer, median"].median <= found["answer, 99th percentile"].median
    body = serving.send_malformed(subject, 20, seed=1)
    assert body["malformed, failures"].median == 0
    assert sum(measure.median for name, measure in body.items() if name != "malformed, failures") == 20


# Start and end


def test_a_port_in_use(server: Server) -> None:
    port = str(server.address[1])
    done = subprocess.run([sys.executable, str(SERVE), "--port", port], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: host 127.0.0.1, port {port}: cannot listen there (address already in use)")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "start"),
    [
        (("--max-upload", "0"), "error: max_upload: expected a number above 0"),
        (("--timeout", "inf"), "error: timeout: expected a number above 0"),
        (("--host", "no.such.host.invalid"), "error: host no.such.host.invalid, port 0: "),
        (("--port", "70000"), "error: port: expected a number from 0 to 65535, got 70000"),
        (("--weights", "none.onnx"), "error: none.onnx: expected a weights file"),
        (("--model", "yolo"), "error: yolo: no weights are shipped"),
    ],
)
def test_bad_options(options: tuple[str, ...], start: str) -> None:
    command = [sys.executable, str(SERVE), "--port", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(start)
    assert done.stderr.count("\n") == 1


def test_without_the_extra(tmp_path: Path) -> None:
    (tmp_path / "fastapi.py").write_text("raise ImportError('No module named fastapi')")
    code = f"import sys, runpy; sys.path[:0] = {[str(tmp_path), str(ROOT)]}; sys.argv = ['serve.py']; "
    code += f"runpy.run_path({str(SERVE)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("error: serving: expected the extra 'serve' to be installed, got none (")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_finishes_what_has_arrived(tmp_path: Path, picture: bytes) -> None:
    server = started(tmp_path / "errors", "--verbose", "--timeout", "30")
    with server.process, server.connect() as slow, ThreadPoolExecutor(1) as pool:
        slow.sendall(request(picture)[:-1])
        asked = pool.submit(server.post, content=picture)
        while httpx.get(f"{server.url}/api/health").json()["waiting"] == 0 and not asked.done():
            time.sleep(0.01)
        server.process.send_signal(signal.SIGINT)
        assert asked.result().status_code == 200
        assert b"HTTP/1.1 503 " in slow.recv(4096)
        assert server.process.communicate(timeout=60)[0] == "digit-reader stopped\n"
    assert server.process.returncode == 0
    assert "POST /api/read 200" in server.errors.read_text().splitlines()
