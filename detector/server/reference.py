"""The page /docs: /openapi.json in HTML, without scripts and without anything from other servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: the API</title>
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<main>
"""
STYLE = """:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; }
pre, table { display: block; overflow-x: auto; }
pre { padding: 1rem; border: 1px solid #8888; border-radius: .5rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top; }
td { border-top: 1px solid #8884; }
a { color: LinkText; }
"""
EXAMPLE = """curl -F picture=@photo.jpg http://{host}/api/read
curl -F a=@one.png -F b=@two.png 'http://{host}/api/read?min_score=0.5'
curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' http://{host}/api/read"""


def as_html(described: Mapping[str, Any], host: str = "127.0.0.1:8000") -> str:
    """A page that describes an API, from its OpenAPI document."""
    info = described["info"]
    title = escape(info["title"])
    parts = [HEAD.format(title=title), f"<h1>{title} {escape(info['version'])}</h1>"]
    parts.append(f"<p>{escape(info.get('description', ''))} <a href='/'>Try it</a>, or ask by HTTP:</p>")
    parts.append(f"<pre><code>{escape(EXAMPLE.format(host=host))}</code></pre>")
    parts.append("<p>The same for machines: <a href='/openapi.json'>openapi.json</a>.</p>")
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            parts += _operation(f"{method.upper()} {path}", operation)
    parts.append("<h2>What is answered</h2>")
    for name, schema in described.get("components", {}).get("schemas", {}).items():
        if "properties" in schema and "Validation" not in name:
            parts += _schema(name, schema)
    parts.append("</main>\n</body>\n</html>\n")
    return "\n".join(parts)


def _operation(heading: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{escape(heading)}</code></h2>"
    yield f"<p>{escape(operation.get('summary', ''))}.</p>"
    if body := operation.get("requestBody"):
        kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in body["content"])
        yield f"<p>{escape(body.get('description', ''))} As {kinds}.</p>"
    rows = [
        (given["name"], _type(given["schema"]), given.get("description") or given["schema"].get("description", ""))
        for given in operation.get("parameters", ())
    ]
    yield from _table(("in the query", "type", "meaning"), rows)
    responses = [
        (status, _type_of_body(response), response.get("description", ""))
        for status, response in operation["responses"].items()
        if "HTTPValidationError" not in str(response)
    ]
    yield from _table(("status", "answer", "meaning"), responses)


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3 id='{escape(name)}'>{escape(name)}</h3><p>{escape(schema.get('description', ''))}</p>"
    rows = [(key, _type(kind), kind.get("description", "")) for key, kind in schema["properties"].items()]
    yield from _table(("name", "type", "meaning"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, str, str]]) -> Iterator[str]:
    if rows:
        yield "<table><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"
        for name, kind, meaning in rows:
            yield f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{escape(meaning)}</td></tr>"
        yield "</table>"


def _type_of_body(response: Mapping[str, Any]) -> str:
    return ", ".join(_type(content.get("schema", {})) for content in response.get("content", {}).values())


def _type(schema: Mapping[str, Any]) -> str:
    """The type of a JSON schema in words, as HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f"<a href='#{name}'>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(_type(kind) for kind in schema["anyOf"] if kind.get("type") != "null")
    if schema.get("type") == "array":
        inner = [schema["items"]] if "items" in schema else schema.get("prefixItems", [])[:1]
        return "list of " + " ".join(_type(kind) for kind in inner)
    limits = [f"{schema[key]:g}" for key in ("minimum", "maximum") if key in schema]
    return escape(" ".join([schema.get("type", "file"), *([f"{limits[0]} to {limits[1]}"] if limits[1:] else [])]))
