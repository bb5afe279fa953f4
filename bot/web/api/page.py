"""The API's document as a page to read: no script, no request to anywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--soft); padding: .8rem 1rem; overflow: auto; border-radius: .4rem; }
section { border-top: 1px solid var(--line); padding-top: 1rem; margin-top: 2rem; }
h2 code { font-size: 1em; } .method { font-weight: 700; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head><body>
<main><h1>{title}</h1><p>{about}</p>
<p>Send your key with each call. The same as a machine reads it: <a href="/api/openapi.json">openapi.json</a>.</p>
<pre>curl -H "Authorization: Bearer atl_…" -H "Content-Type: application/json" \\
  -d '{{"prompt": "A mountain lake at sunrise"}}' {base}/api/images/generate</pre>
{sections}</main></body></html>
"""
SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(document: Mapping[str, Any], base: str) -> str:
    sections = [
        _section(document, method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    info = document["info"]
    return _PAGE.format(
        title=escape(f"{info['title']} {info['version']}: HTTP API"),
        about=_text(info["description"]),
        base=escape(base),
        style=_STYLE,
        sections="\n".join(sections),
    )


def _section(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> str:
    name = escape(operation["operationId"])
    lines = [
        f'<section id="{name}"><h2><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h2>',
        f"<p>{_text(operation['summary'])} {_text(operation.get('description', ''))}</p>",
    ]
    content = operation.get("requestBody", {}).get("content", {})
    for media_type, body in content.items():
        schema = _resolved(document, body["schema"])
        lines += [f"<h3>Body: <code>{escape(media_type)}</code></h3>", _fields(document, schema)]
    rows = [
        f"<tr><td><code>{escape(status)}</code></td><td>{_text(answer['description'])}</td>"
        f"<td>{_shape(answer)}</td></tr>"
        for status, answer in operation["responses"].items()
        if status != "default"
    ]
    lines += ["<h3>Answers</h3><table><tbody>", *rows, "</tbody></table></section>"]
    return "\n".join(lines)


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{'' if name not in required else ' (required)'}</td>"
        f"<td>{_kind(document, field)}</td><td>{_text(_about(document, field))}</td></tr>"
        for name, field in schema["properties"].items()
    )
    return f"<table><thead><tr><th>Field</th><th>What</th><th></th></tr></thead><tbody>{rows}</tbody></table>"


def _kind(document: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    choices = [choice for choice in field.get("anyOf", (field,)) if choice.get("type") != "null"]
    choice = _resolved(document, choices[0])
    words = ", ".join(f"<code>{escape(str(value))}</code>" for value in choice.get("enum", ()))
    if not words and "minimum" in choice:
        words = f"{choice['minimum']} to {choice.get('maximum', '…')}"
    said = words or escape(str(choice.get("format", choice.get("type", ""))))
    default = field.get("default")
    return said if default in (None, "") else f"{said}; default <code>{escape(json.dumps(default))}</code>"


def _about(document: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    if "description" in field:
        return str(field["description"])
    choice = field.get("anyOf", (field,))[0]
    return str(_resolved(document, choice).get("description", ""))


def _shape(answer: Mapping[str, Any]) -> str:
    names = [body["schema"].get("$ref", "text").rpartition("/")[2] for body in answer["content"].values()]
    return ", ".join(f"<code>{escape(name)}</code>" for name in names)


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return document["components"]["schemas"][name] if name else schema


def _text(markdown: str) -> str:
    """Prose with `code` in it."""
    parts = escape(markdown).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
