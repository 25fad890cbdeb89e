"""tools/serve.py, the real server over sockets: its responses, its refusals, and that it keeps running."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from PIL import Image

import detector
from detector.benchmark import serving
from detector.benchmark.malformed import BOUNDARY, bomb, form, form_request, malformed_request, png, request
from detector.benchmark.serving import exchange
from detector.results import json_record

ROOT = Path(__file__).parents[2]
SERVE = ROOT / "tools" / "serve.py"
LIMITS = ("--max-upload", "1", "--max-pixels", "1", "--max-pictures", "3", "--timeout", "4")


@dataclass
class Server:
    url: str
    process: subprocess.Popen[str]
    errors: Path

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        return url.host, url.port or 0

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, 60)

    def post(self, **options: Any) -> httpx.Response:
        return httpx.post(f"{self.url}/api/read", timeout=60, **options)

    def is_well(self, picture: bytes) -> bool:
        answer = self.post(content=picture)
        return answer.status_code == 200 and answer.json()["pictures"][0]["width"] == 300


def started(errors: Path, *options: str) -> Server:
    command = [sys.executable, str(SERVE), "--port", "0", "--threads", "1", *options]
    with errors.open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.startswith("digit-reader listens on http://127.0.0.1:"), errors.read_text()
    return Server(said.split()[-1], process, errors)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests. At the end it must have logged no error."""
    server = started(tmp_path_factory.mktemp("serve") / "errors", *LIMITS)
    yield server
    server.process.send_signal(signal.SIGTERM)
    out, _ = server.process.communicate(timeout=60)
    assert server.process.returncode == 0
    assert out == "digit-reader stopped\n"
    said = server.errors.read_text().splitlines()
    assert [line for line in said if not line.startswith("Corrupt JPEG")] == []  # libjpeg's own, about the fuzz


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small picture, 300 x 200, with digits."""
    path = tmp_path_factory.mktemp("pictures") / "digits.png"
    with Image.open(ROOT / "examples" / "tilted.jpg") as image:
        image.crop((130, 50, 430, 250)).save(path)
    return path


@pytest.fixture(scope="module")
def picture(path: Path) -> bytes:
    return path.read_bytes()


def error_of(answer: httpx.Response, status: int) -> str:
    """The sentence of a response that is nothing but an error with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    sentence: str = answer.json()["error"]
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


# Responses


def test_a_form_gets_what_infer_writes(server: Server, path: Path, picture: bytes, tmp_path: Path) -> None:
    command = [sys.executable, "tools/infer.py", str(path), "--json", "-", "--threads", "1"]
    written = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    answer = server.post(files={"any": (str(path), picture, "image/png")})
    assert answer.status_code == 200
    body = answer.json()
    assert body["pictures"] == [json.loads(written)]
    assert body["pictures"][0]["text"]
    assert (body["model"], body["runtime"]) == ("faster-rcnn", detector.load(threads=1).model.runtime)
    assert body["ms"] > 0


@pytest.mark.parametrize("kind", [{}, {"Content-Type": "image/jpeg"}, {"Content-Type": "application/octet-stream"}])
def test_bytes_get_the_same(server: Server, path: Path, picture: bytes, kind: dict[str, str]) -> None:
    body = server.post(content=picture, headers=kind).json()["pictures"]
    assert body == [json_record("picture", detector.load(threads=1).read(path))]


def test_options(server: Server, path: Path, picture: bytes) -> None:
    query = {"model": "sliding-window", "min_score": "0.6", "min_number_score": "0.9", "turn": "false"}
    body = server.post(content=picture, params=query).json()
    reader = detector.load(
        model="sliding-window", min_score=0.6, min_number_score=0.9, turn=False, threads=1, runtime="onnx"
    )
    assert body["model"] == "sliding-window"
    assert body["pictures"] == [json_record("picture", reader.read(path))]


def test_a_sweep_is_what_each_threshold_leaves(server: Server, path: Path, picture: bytes) -> None:
    body = server.post(content=picture, params={"sweep": "true"}).json()["pictures"][0]
    entries = body["sweep"]
    assert [entry["min_score"] for entry in entries] == sorted({entry["min_score"] for entry in entries})
    assert entries[0]["min_score"] == 0.05
    assert all(a["lines"] != b["lines"] for a, b in pairwise(entries))
    reader = detector.load(threads=1)
    found = reader.detect(detector.open_image(path))
    for step in range(1, 20):
        threshold = round(0.05 * step, 2)
        kept = [entry for entry in entries if entry["min_score"] <= threshold][-1]
        record = json_record("", detector.load(threads=1, min_score=threshold).read(path)) if step % 6 == 0 else None
        assert record is None or (kept["text"], kept["lines"]) == (record["text"], record["lines"])
        digits = [digit for line in kept["lines"] for number in line["numbers"] for digit in number["digits"]]
        least = reader.calibration.in_company(threshold)
        assert len(digits) <= (found.scores >= least).sum()  # of those alone on their line not all are read
        assert all(digit in body["digits"] for digit in digits)
    assert [digit["score"] for digit in body["digits"]] == sorted((d["score"] for d in body["digits"]), reverse=True)
    plain = server.post(content=picture).json()["pictures"][0]
    assert {key: body[key] for key in plain} == plain


def test_one_bad_picture_among_several(server: Server, picture: bytes) -> None:
    files = [("a", ("one.png", picture)), ("b", ("bad.png", b"nothing")), ("a", ('drei €".png', picture))]
    answer = server.post(files=files)
    assert answer.status_code == 200
    one, bad, three = answer.json()["pictures"]
    assert bad == {
        "file": "bad.png",
        "error": "bad.png: expected a picture, got something else or a format not known here; save it as PNG or JPEG.",
    }
    assert (one["file"], one["text"]) == ("one.png", three["text"])
    assert "€" in three["file"]


def test_the_other_paths(server: Server) -> None:
    health = httpx.get(f"{server.url}/api/health").json()
    assert health["status"] == "ok"
    assert health["waiting"] == 0
    assert health["uptime_s"] > 0
    models = httpx.get(f"{server.url}/api/models").json()
    assert models["default"] == "faster-rcnn"
    assert models["models"][0] == {
        "name": "faster-rcnn",
        "runtime": detector.load().model.runtime,
        "min_score": detector.load().min_score,
    }
    assert {model["name"] for model in models["models"]} == {"faster-rcnn", "sliding-window"}
    assert models["limits"] == {"max_upload_bytes": 10**6, "max_pixels": 10**6, "max_pictures": 3}
    examples = httpx.get(f"{server.url}/api/examples").json()["examples"]
    assert "page.jpg" in [example["name"] for example in examples]
    for example in examples:
        answer = httpx.get(server.url + example["url"])
        assert answer.content == (ROOT / "examples" / example["name"]).read_bytes()
        assert answer.headers["content-type"].startswith("image/")


def test_pages_load_nothing_from_other_servers(server: Server) -> None:
    described = httpx.get(f"{server.url}/openapi.json").json()
    read = described["paths"]["/api/read"]["post"]
    assert {given["name"] for given in read["parameters"]} == {
        "model",
        "min_score",
        "min_number_score",
        "turn",
        "sweep",
    }
    assert set(read["responses"]) >= {"200", "400", "408", "413", "415", "422", "429", "503"}
    page = httpx.get(f"{server.url}/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    for path in described["paths"]:
        assert f" {path}</code>" in page.text
    assert 'href="//' not in page.text
    assert "src=" not in page.text
    assert page.text.count("://") == page.text.count(server.url)
    assert httpx.get(f"{server.url}/docs.css").headers["content-type"].startswith("text/css")


def test_torch_is_not_imported() -> None:
    code = "import sys; from detector.server import running; running.shipped_readers(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "False\n"


# Refusals


@pytest.mark.parametrize(
    ("query", "start"),
    [
        ("min_score=2", "min_score: "),
        ("min_score=nan", "min_score: "),
        ("min_number_score=-0.1", "min_number_score: "),
        ("turn=perhaps", "turn: "),
        ("sweep=", "sweep: "),
        ("model=yolo", "model: expected one of faster-rcnn, sliding-window, got 'yolo'"),
        ("minscore=0.5", "minscore: expected one of model, min_score"),
    ],
)
def test_a_bad_query(server: Server, picture: bytes, query: str, start: str) -> None:
    assert error_of(server.post(content=picture, params=query), 400).startswith(start)


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (b"", BOUNDARY),
        (b"hello", BOUNDARY),
        (form(b"x"), b""),
        (form(b"x"), b"other"),
        (form(b"x", end=b""), BOUNDARY),
        (form(b"x")[:-9], BOUNDARY),
        (form(), BOUNDARY),
        (form(b"x", name=b"n" * 9000), BOUNDARY),
        ((b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n') * 40 + form(b"x"), BOUNDARY),
    ],
    ids=["empty", "text", "no boundary", "other boundary", "no end", "cut", "no parts", "long name", "many fields"],
)
def test_a_bad_form(server: Server, body: bytes, boundary: bytes) -> None:
    kind = b"multipart/form-data; boundary=" + boundary
    sentence = error_of(server.post(content=body, headers={"Content-Type": kind.decode()}), 400)
    assert sentence.startswith("The form: expected ")


def test_form_fields_that_are_no_files_are_ignored(server: Server, picture: bytes) -> None:
    body = server.post(data={"note": "hello"}, files={"picture": ("a.png", picture)}).json()
    assert [one["file"] for one in body["pictures"]] == ["a.png"]


def test_an_empty_request(server: Server) -> None:
    assert error_of(server.post(), 400) == "The request: expected the bytes of a picture, got none; send a file."


@pytest.mark.parametrize("kind", ["application/json", "text/html; charset=utf-8", "application/x-www-form-urlencoded"])
def test_a_type_that_is_no_picture(server: Server, picture: bytes, kind: str) -> None:
    sentence = error_of(server.post(content=picture, headers={"Content-Type": kind}), 415)
    assert f"got '{kind}'" in sentence


def test_a_file_whose_type_is_no_picture(server: Server, picture: bytes) -> None:
    sentence = error_of(server.post(files={"a": ("a.txt", picture, "text/plain")}), 415)
    assert sentence == "a.txt: expected a picture, got text/plain; save it as PNG or JPEG."
    error_of(server.post(content=b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"), 415)
    error_of(server.post(content=picture, headers={"Content-Encoding": "gzip"}), 415)


@pytest.mark.parametrize(
    "damage",
    [b"hello", b"\x89PNG\r\n\x1a\n", b"\0" * 1000, png(0, 5), png(30, 30, b"short")],
    ids=["text", "signature", "zeros", "no pixels", "cut"],
)
def test_bytes_that_are_no_picture(server: Server, damage: bytes) -> None:
    assert error_of(server.post(content=damage), 422).startswith("picture: ")


def test_several_pictures_all_bad(server: Server) -> None:
    answer = server.post(files=[("a", ("a.png", b"a")), ("a", ("b.png", b"b"))])
    assert answer.status_code == 422
    assert [one["file"] for one in answer.json()["pictures"]] == ["a.png", "b.png"]
    assert answer.json()["error"].startswith("Expected at least one picture that can be read, got 2")


def test_too_large_requests(server: Server, picture: bytes) -> None:
    assert "expected at most 1 MB, got more" in error_of(server.post(content=bytes(10**6 + 1)), 413)
    stream = (bytes(10**5) for _ in range(12))  # of a length that nobody tells
    assert "expected at most 1 MB, got more" in error_of(server.post(content=stream), 413)
    assert "expected at most 3 pictures, got more" in error_of(server.post(files=[("a", ("a", picture))] * 4), 413)
    bombs = [png(1001, 1000, bytes(3_004_000)), png(2**31 - 1, 2**31 - 1)]
    for file in bombs:
        assert "expected at most 1 million pixels" in error_of(server.post(content=file), 413)
    assert "got 1001 x 1000" in error_of(server.post(files={"a": ("bomb.png", bombs[0])}), 413)
    assert server.post(content=bomb(Random(0))).status_code in (413, 422)


def test_a_wrong_path_or_method(server: Server) -> None:
    for path in ("/nothing", "/api/", "/page/../app.py", "/page/%2e%2e/app.py", "/api/examples/..%2Ftruth.csv"):
        assert error_of(httpx.get(server.url + path), 404).startswith("/")
    assert error_of(httpx.get(f"{server.url}/api/read"), 405) == "/api/read: expected POST, got GET; see /docs."
    assert httpx.get(f"{server.url}/api/read").headers["allow"] == "POST"


def test_another_host_name_is_refused(server: Server, picture: bytes) -> None:
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1@evil.example", "[::1", "localhost:80:80"):
        answer = server.post(content=picture, headers={"Host": host})
        assert "see --allow-host" in error_of(answer, 421)
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:8000", "localhost."):
        assert httpx.get(f"{server.url}/api/health", headers={"Host": host}).status_code == 200
    assert "access-control-allow-origin" not in httpx.get(server.url, headers={"Origin": "http://evil.example"}).headers


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
