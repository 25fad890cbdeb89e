"""tools/serve.py, the real server over sockets: its responses, its refusals, and that it keeps running."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import Random

import httpx
import pytest

import detector
from detector.benchmark.malformed import BOUNDARY, bomb, form, png
from detector.results import json_record, table_record
from tests.server.real_server import ROOT, Server, error_of

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


def test_tables_are_told_where_they_are_asked_for(server: Server, path: Path, picture: bytes) -> None:
    told = server.post(content=picture, params={"tables": "true"}).json()["pictures"][0]
    image = detector.open_image(path)
    reader = detector.load(threads=1)
    assert told["tables"] == [table_record(table) for table in reader.tables(image, reader.page(image))]
    assert "tables" not in server.post(content=picture).json()["pictures"][0]


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
        "tables",
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
