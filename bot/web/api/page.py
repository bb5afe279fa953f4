"""The API's document as a page to read: no script, no request to anywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bot.web.problems import MEDIA_TYPE

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --quiet: light-dark(#555, #aaa); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
main { overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--soft); padding: .8rem 1rem; overflow: auto; border-radius: .4rem; }
section { border-top: 1px solid var(--line); padding-top: 1rem; margin-top: 2rem; }
h2 { font-size: 1.35rem; } h2 code { font-size: 1em; } h3 { font-size: 1rem; margin-bottom: .3rem; }
.method { font-weight: 700; display: inline-block; min-width: 4.6rem; } .quiet, small { color: var(--quiet); }
nav ul { list-style: none; padding: 0; columns: 2 24rem; } nav li { margin: .2rem 0; break-inside: avoid; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
tr > :first-child { width: 13rem; } td:nth-child(2):not(:last-child) { width: 18rem; }
@media (max-width: 44rem) {
  thead { display: none; } tr { display: block; border-bottom: 1px solid var(--line); padding: .4rem 0; }
  td, tr > :first-child, td:nth-child(2):not(:last-child) { display: block; width: auto; border: 0; padding: 0; }
}
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head><body>
<main><h1>{title}</h1><p>{about}</p>
<p>Send your key with each call. The same as a machine reads it: <a href="/api/openapi.json">openapi.json</a>.</p>
<pre>curl -H "Authorization: Bearer atl_…" -H "Content-Type: application/json" \\
  -d '{{"prompt": "A mountain lake at sunrise"}}' {base}/api/images/generate</pre>
<nav aria-label="Operations"><ul>{contents}</ul></nav>
{sections}</main></body></html>
"""
_WORDS = {
    "visible-text": "text",
    "string": "text",
    "uri": "address",
    "binary": "file",
    "integer": "whole number",
    "boolean": "true or false",
}
"""What readers call the document's types and formats."""

SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(document: Mapping[str, Any], base: str) -> str:
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    contents = [
        f'<li><a href="#{escape(operation["operationId"])}">{_title(method, path)}</a></li>'
        for method, path, operation in operations
    ]
    shown = [_section(document, *operation) for operation in operations]
    answered = {name: None for _, _, operation in operations for name in _shapes(operation["responses"])}
    hooks = {name: hook["post"] for name, hook in document["webhooks"].items()}
    told = {**answered, **dict.fromkeys(hooks)}
    nested = {name: None for outer in told for name in _within(document["components"]["schemas"][outer])}
    shapes = [_shape_section(document, name) for name in {**told, **nested}]
    info = document["info"]
    return _PAGE.format(
        title=escape(f"{info['title']} {info['version']}: HTTP API"),
        about=_text(info["description"]),
        base=escape(base),
        style=_STYLE,
        contents="\n".join(contents),
        sections="\n".join([*shown, _errors(operations), _hooks(hooks), *shapes]),
    )


def _section(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> str:
    lines = [
        f'<section id="{escape(operation["operationId"])}"><h2>{_title(method, path)}</h2>',
        f"<p>{_text(operation['summary'])} <small>{_text(operation.get('description', ''))}</small></p>",
    ]
    content = operation.get("requestBody", {}).get("content", {})
    for media_type, body in content.items():
        schema = _resolved(document, body["schema"])
        lines += [f"<h3>Body: <code>{escape(media_type)}</code></h3>", _fields(document, schema)]
    rows = [
        f"<tr><td><code>{escape(status)}</code></td><td>{_shape(answer)}</td>"
        f"<td>{_text(answer['description'])}</td></tr>"
        for status, answer in operation["responses"].items()
        if status < "400"
    ]
    return "\n".join([*lines, "<h3>Answers</h3><table><tbody>", *rows, "</tbody></table></section>"])


def _errors(operations: Sequence[tuple[str, str, Mapping[str, Any]]]) -> str:
    """Once for all operations: they say the same of each status."""
    known = {
        status: answer["description"]
        for _, _, operation in operations
        for status, answer in operation["responses"].items()
        if "400" <= status < "default" and MEDIA_TYPE in answer["content"]
    }
    rows = "".join(
        f"<tr><td><code>{escape(status)}</code></td><td>{_text(words)}</td></tr>"
        for status, words in sorted(known.items())
    )
    return (
        '<section id="errors"><h2>When it cannot be done</h2><p>Every error is a '
        f'<a href="#ProblemAnswer"><code>ProblemAnswer</code></a>.</p><table><tbody>{rows}</tbody></table></section>'
    )


def _hooks(hooks: Mapping[str, Mapping[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td>{_link(name)}</td><td>{_text(hook['summary'])}</td></tr>" for name, hook in hooks.items()
    )
    return (
        '<section id="webhooks"><h2>What webhooks tell</h2><p>Signed with <code>webhook-id</code>, '
        "<code>webhook-timestamp</code> and <code>webhook-signature</code>, as Standard Webhooks says; sent again "
        f"until heard.</p><table><tbody>{rows}</tbody></table></section>"
    )


def _shape_section(document: Mapping[str, Any], name: str) -> str:
    schema = document["components"]["schemas"][name]
    about = _text(schema.get("description", ""))
    return (
        f'<section id="{escape(name)}"><h2><code>{escape(name)}</code></h2>'
        f"{f'<p>{about}</p>' if about else ''}{_fields(document, schema, required=False)}</section>"
    )


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any], *, required: bool = True) -> str:
    """What has to be there comes first; `required` marks it."""
    needed = set(schema.get("required", ())) if required else set[str]()
    fields = sorted(schema["properties"].items(), key=lambda entry: entry[0] not in needed)
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{' <small>required</small>' if name in needed else ''}</td>"
        f"<td>{_kind(document, field)}</td><td>{_text(_about(document, field))}</td></tr>"
        for name, field in fields
    )
    return f"<table><thead><tr><th>Field</th><th>What</th><th>Meaning</th></tr></thead><tbody>{rows}</tbody></table>"


def _kind(document: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    choices = [choice for choice in field.get("anyOf", (field,)) if choice.get("type") != "null"]
    said = " or ".join(_kind_of(document, choice) for choice in choices)
    default = field.get("default")
    if default in (None, "", False):
        return said
    return f"{said} <small>default <code>{escape(json.dumps(default).strip(chr(34)))}</code></small>"


def _kind_of(document: Mapping[str, Any], choice: Mapping[str, Any]) -> str:
    if "$ref" in choice:
        schema = _resolved(document, choice)
        return _link(_name(choice)) if "properties" in schema else _kind_of(document, schema)
    if choice.get("type") == "array":
        return f"list of {_kind(document, choice['items'])}"
    if "enum" in choice or "const" in choice:
        return ", ".join(
            f"<code>{escape(str(value))}</code>" for value in choice.get("enum", [choice.get("const")])
        )
    if "minimum" in choice:
        return f"{choice['minimum']} to {choice.get('maximum', '…')}"
    word = str(choice.get("format", choice.get("type", "")))
    return escape(_WORDS.get(word, word))


def _about(document: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    if "description" in field:
        return str(field["description"])
    choice = field.get("anyOf", (field,))[0]
    return "" if "$ref" in choice else str(choice.get("description", ""))


def _shapes(responses: Mapping[str, Any]) -> list[str]:
    """The names of what comes with them."""
    bodies = [body["schema"] for answer in responses.values() for body in answer["content"].values()]
    return [_name(schema) for schema in bodies if "$ref" in schema]


def _within(schema: Mapping[str, Any]) -> list[str]:
    """The names of the objects that its fields hold."""
    found: list[str] = []
    for field in schema["properties"].values():
        for choice in field.get("anyOf", (field,)):
            inner = choice.get("items", choice)
            found += [_name(one) for one in inner.get("anyOf", (inner,)) if "$ref" in one]
    return found


def _shape(answer: Mapping[str, Any]) -> str:
    return ", ".join(
        _link(_name(body["schema"])) for body in answer["content"].values() if "$ref" in body["schema"]
    ) or (", ".join(escape(kind) for kind in answer["content"]))


def _link(name: str) -> str:
    return f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>'


def _title(method: str, path: str) -> str:
    return f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code>'


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return document["components"]["schemas"][_name(schema)] if "$ref" in schema else schema


def _text(markdown: str) -> str:
    """Prose with `code` in it."""
    parts = escape(markdown).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
