"""The API's document as a page to read, in English and French: no script, no request to anywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from babel import Locale

from bot.i18n import LOCALES, Texts, _
from bot.web.problems import MEDIA_TYPE

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --quiet: light-dark(#555, #b4aec6); }
html { background: light-dark(#fff, #15131d); color: light-dark(#1c1a26, #f1eefb); }
a { color: light-dark(#5b3fd6, #a893ff); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
main { overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--soft); padding: .8rem 1rem; border-radius: .4rem; white-space: pre-wrap; }
section { border-top: 1px solid var(--line); padding-top: 1rem; margin-top: 2rem; }
h2 { font-size: 1.35rem; } h2 code { font-size: 1em; } h3 { font-size: 1rem; margin-bottom: .3rem; }
.languages [aria-current] { font-weight: 700; color: inherit; text-decoration: none; }
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
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head><body>
<main><p class="languages">{languages}</p><h1>{title}</h1><p>{about}</p>
<p>{key} <a href="/api/openapi.json">openapi.json</a></p>
<pre>curl -H "Authorization: Bearer atl_…" -H "Content-Type: application/json" \\
  -d '{{"prompt": "A mountain lake at sunrise"}}' {base}/api/images/generate</pre>
<nav aria-label="{operations}"><ul>{contents}</ul></nav>
{sections}</main></body></html>
"""
_WORDS = {
    "visible-text": _("text"),
    "string": _("text"),
    "uri": _("address"),
    "binary": _("file"),
    "integer": _("whole number"),
    "number": _("number"),
    "boolean": _("true or false"),
    "object": _("object"),
}
"""What readers call the document's types and formats."""

SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_Operation = tuple[str, str, Mapping[str, Any]]
"""Method, path and what the document says of it."""


def page(document: Mapping[str, Any], base: str, t: Texts) -> str:
    """`document` is in English, as machines read it; what it says in words is in the catalogue."""
    return _Reader(document, t).page(base)


@dataclass(frozen=True)
class _Reader:
    document: Mapping[str, Any]
    t: Texts

    def page(self, base: str) -> str:
        t, info = self.t, self.document["info"]
        operations = [
            (method, path, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        ]
        contents = [
            f'<li><a href="#{escape(operation["operationId"])}">{_title(method, path)}</a></li>'
            for method, path, operation in operations
        ]
        shown = [self._section(*operation) for operation in operations]
        hooks = {name: hook["post"] for name, hook in self.document["webhooks"].items()}
        shapes = [self._shape_section(name) for name in self._told(operations, hooks)]
        return _PAGE.format(
            language=t.locale,
            languages=" · ".join(_language(code, t.locale) for code in LOCALES),
            title=escape(t("{name} {version}: HTTP API", name=info["title"], version=info["version"])),
            about=self._text(info["description"]),
            key=self._text(_("Send your key with each call. The same as a machine reads it:")),
            base=escape(base),
            style=_STYLE,
            operations=escape(t("Operations")),
            contents="\n".join(contents),
            sections="\n".join([*shown, self._errors(operations), self._hooks(hooks), *shapes]),
        )

    def _told(self, operations: Sequence[_Operation], hooks: Mapping[str, Any]) -> list[str]:
        """The names of all shapes that come back, with those within them."""
        answered = {
            name: None for _method, _path, operation in operations for name in _shapes(operation["responses"])
        }
        told = {**answered, **dict.fromkeys(hooks)}
        schemas = self.document["components"]["schemas"]
        nested = {name: None for outer in told for name in _within(schemas[outer])}
        return list({**told, **nested})

    def _section(self, method: str, path: str, operation: Mapping[str, Any]) -> str:
        body_head, answers_head = self.t("Body:"), self.t("Answers")
        about, scope = self._text(operation["summary"]), self._text(operation.get("description", ""))
        lines = [
            f'<section id="{escape(operation["operationId"])}"><h2>{_title(method, path)}</h2>',
            f"<p>{about} <small>{scope}</small></p>",
        ]
        content = operation.get("requestBody", {}).get("content", {})
        for media_type, body in content.items():
            head = f"<h3>{escape(body_head)} <code>{escape(media_type)}</code></h3>"
            lines += [head, self._fields(self._resolved(body["schema"]))]
        rows = [
            f"<tr><td><code>{escape(status)}</code></td><td>{_shape(answer)}</td>"
            f"<td>{self._text(answer['description'])}</td></tr>"
            for status, answer in operation["responses"].items()
            if status < "400"
        ]
        head = f"<h3>{escape(answers_head)}</h3><table><tbody>"
        return "\n".join([*lines, head, *rows, "</tbody></table></section>"])

    def _errors(self, operations: Sequence[_Operation]) -> str:
        """Once for all operations: they say the same of each status."""
        known = {
            status: answer["description"]
            for _method, _path, operation in operations
            for status, answer in operation["responses"].items()
            if "400" <= status < "default" and MEDIA_TYPE in answer["content"]
        }
        rows = "".join(
            f"<tr><td><code>{escape(status)}</code></td><td>{self._text(words)}</td></tr>"
            for status, words in sorted(known.items())
        )
        head, shape = self.t("When it cannot be done"), self.t("Every error is of this shape:")
        return (
            f'<section id="errors"><h2>{escape(head)}</h2><p>{escape(shape)} {_link("ProblemAnswer")}</p>'
            f"<table><tbody>{rows}</tbody></table></section>"
        )

    def _hooks(self, hooks: Mapping[str, Mapping[str, Any]]) -> str:
        rows = "".join(
            f"<tr><td>{_link(name)}</td><td>{self._text(hook['summary'])}</td></tr>"
            for name, hook in hooks.items()
        )
        signed = _(
            "Signed with `webhook-id`, `webhook-timestamp` and `webhook-signature`, as Standard Webhooks says; "
            "sent again until heard."
        )
        head = self.t("What webhooks tell")
        return (
            f'<section id="webhooks"><h2>{escape(head)}</h2><p>{self._text(signed)}</p>'
            f"<table><tbody>{rows}</tbody></table></section>"
        )

    def _shape_section(self, name: str) -> str:
        schema = self.document["components"]["schemas"][name]
        about = self._text(schema.get("description", ""))
        return (
            f'<section id="{escape(name)}"><h2><code>{escape(name)}</code></h2>'
            f"{f'<p>{about}</p>' if about else ''}{self._fields(schema, required=False)}</section>"
        )

    def _fields(self, schema: Mapping[str, Any], *, required: bool = True) -> str:
        """What has to be there comes first; `required` marks it."""
        t = self.t
        needed = set(schema.get("required", ())) if required else set[str]()
        must = t("required")
        mark = f" <small>{escape(must)}</small>"
        fields = sorted(schema["properties"].items(), key=lambda entry: entry[0] not in needed)
        rows = "".join(
            f"<tr><td><code>{escape(name)}</code>{mark if name in needed else ''}</td>"
            f"<td>{self._kind(field)}</td><td>{self._text(_about(field))}</td></tr>"
            for name, field in fields
        )
        heads = "".join(f"<th>{escape(head)}</th>" for head in (t("Field"), t("Kind"), t("Meaning")))
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"

    def _kind(self, field: Mapping[str, Any]) -> str:
        """As markup."""
        t = self.t
        choices = [choice for choice in field.get("anyOf", (field,)) if choice.get("type") != "null"]
        said, *others = [self._kind_of(choice) for choice in choices]
        for other in others:
            said = t("{this} or {that}", this=said, that=other)
        default = field.get("default")
        if default in (None, "", False):
            return said
        value = f"<code>{escape(json.dumps(default).strip(chr(34)))}</code>"
        without = t("default {value}", value=value)
        return f"{said} <small>{without}</small>"

    def _kind_of(self, choice: Mapping[str, Any]) -> str:
        t = self.t
        if "$ref" in choice:
            schema = self._resolved(choice)
            return _link(_name(choice)) if "properties" in schema else self._kind_of(schema)
        if choice.get("type") == "array":
            return t("list of {kind}", kind=self._kind(choice["items"]))
        if "enum" in choice or "const" in choice:
            return ", ".join(
                f"<code>{escape(str(value))}</code>" for value in choice.get("enum", [choice.get("const")])
            )
        if "minimum" in choice:
            return t("{low} to {high}", low=choice["minimum"], high=choice.get("maximum", "…"))
        word = str(choice.get("format", choice.get("type", "")))
        return escape(t(_WORDS[word])) if word in _WORDS else escape(word)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.document["components"]["schemas"][_name(schema)] if "$ref" in schema else schema

    def _text(self, markdown: str) -> str:
        """Prose with `code` in it, in the reader's language."""
        parts = escape(self.t(markdown) if markdown else "").split("`")
        return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _language(code: str, shown: str) -> str:
    here = ' aria-current="true"' if code == shown else ""
    name = escape(Locale.parse(code).get_display_name() or code)
    return f'<a href="?lang={code}" lang="{code}" hreflang="{code}"{here}>{name}</a>'


def _about(field: Mapping[str, Any]) -> str:
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
