"""The API's own description, OpenAPI 3.1, made from the operations and from what this very bot can draw with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from bot.catalog import Catalog
from bot.i18n import _
from bot.styles import Styles
from bot.version import version
from bot.web.api.bodies import ANSWERS, BODIES, HOOKS
from bot.web.api.handlers import IDEMPOTENCY_KEY
from bot.web.api.operations import EVENTS, JSON, OPERATIONS, Operation
from bot.web.problems import MEDIA_TYPE

_REF = "#/components/schemas/{model}"
_PROBLEM = {"$ref": _REF.format(model="ProblemAnswer")}
_JOB_ID = {
    "name": "job_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^img_[a-z2-7]{13}$", "examples": ["img_abcdefgh23456"]},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gives the first answer again; with another body it is a 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": f"^{IDEMPOTENCY_KEY.pattern}$"},
}
_HINTS = {
    400: _("A field is missing or wrong; `fields` names it."),
    401: _("No key, or none that holds."),
    403: _("The key lacks the scope, or the rules of the house forbid it."),
    404: _("No such job of this key's account."),
    408: _("The body took too long to arrive."),
    409: _("The idempotency key was used for another request."),
    413: _("The body or a picture is too large."),
    415: _("A kind of body that is not read here."),
    429: _("A limit was reached; `Retry-After` says in how many seconds it has room."),
    502: _("The provider failed."),
    503: _("No key for that provider, or busy, or restarting."),
    504: _("The provider did not answer in time."),
}
_ANOTHER = _("Another error.")
_GOOD = {200: _("Here it is."), 202: _("It is under way.")}
_SCOPES = {"read": _("Scope: `read`."), "generate": _("Scope: `generate`.")}
_FILES = {"image": _("The picture, at most 25 MB."), "mask": _("The mask, at most 25 MB.")}


def document(catalog: Catalog, styles: Styles) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Atelier",
            "version": version(),
            "description": _(
                "Pictures by AI, as jobs: create one, ask for its status or follow its events, fetch its "
                "result. Errors are RFC 9457 problems with `message` and `errors`, in English or French by "
                "`Accept-Language`. Calls count against the same limits as everything else that the account draws."
            ),
        },
        "security": [{"bearer": []}, {"header": []}],
        "paths": _paths(),
        "webhooks": {model.__name__: {"post": _hook(model)} for model in HOOKS},
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
            "schemas": _schemas(catalog, styles),
        },
    }


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    paths["/health"] = {"get": _plain("health", _("Whether the bot is well."), "HealthAnswer", also=503)}
    return paths


def _operation(operation: Operation) -> dict[str, Any]:
    answers = {str(status): _answer(status, model.__name__, operation.media_type)
               for status, model in operation.answers.items()}  # fmt: skip
    problems = {str(status): _problem(status) for status in (401, 403, 429, *operation.problems)}
    parameters = [_JOB_ID] if "{job_id}" in operation.path else []
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _SCOPES[operation.scope],
        "parameters": parameters,
        "responses": {**answers, **dict(sorted(problems.items())), "default": _problem(None)},
    }
    if operation.body is not None:
        made["parameters"] = [*parameters, _IDEMPOTENCY_KEY]
        made["requestBody"] = {"required": True, "content": _content(operation)}
    return made


def _hook(model: type[BaseModel]) -> dict[str, Any]:
    """What we send, to whom asked for it."""
    return {
        "operationId": model.__name__,
        "summary": " ".join((model.__doc__ or "").split()),
        "description": "Signed as Standard Webhooks says.",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        ],
        "requestBody": {"content": {JSON: {"schema": {"$ref": _REF.format(model=model.__name__)}}}},
        "responses": {
            "2XX": {"description": "It was heard."},
            "default": {"description": "It was not: it comes again, with growing pauses."},
        },
    }


def _content(operation: Operation) -> dict[str, Any]:
    assert operation.body is not None
    name = operation.body.__name__
    content: dict[str, Any] = {JSON: {"schema": {"$ref": _REF.format(model=name)}}}
    if operation.files:
        form = {"$ref": _REF.format(model=f"{name}Form")}
        kinds = {
            file: {"contentType": "image/png, image/jpeg, image/webp, image/gif"} for file in operation.files
        }
        content["multipart/form-data"] = {"schema": form, "encoding": kinds}
    return content


def _answer(status: int, model: str, media_type: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"$ref": _REF.format(model=model)}
    if media_type == EVENTS:
        # Of each event, as the versions before 3.2 leave to the reader.
        data = {"type": "string", "contentMediaType": JSON, "contentSchema": schema}
        schema = {
            "type": "object",
            "description": f"One event; its `data` is a {model} as JSON.",
            "properties": {"event": {"const": "status"}, "data": data},
            "required": ["event", "data"],
        }
    return {
        "description": _GOOD.get(status, HTTPStatus(status).phrase),
        "content": {media_type: {"schema": schema}},
    }


def _problem(status: int | None) -> dict[str, Any]:
    words = _HINTS.get(status, _ANOTHER) if status else _ANOTHER
    made: dict[str, Any] = {"description": words, "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
    if status == 429:
        made["headers"] = {
            "Retry-After": {"schema": {"type": "string", "pattern": r"^\d+$"}, "required": True}
        }
    return made


def _plain(name: str, summary: str, model: str, *, also: int) -> dict[str, Any]:
    answers = {str(status): _answer(status, model, JSON) for status in (200, also)}
    return {"operationId": name, "summary": summary, "security": [], "responses": answers}


def _schemas(catalog: Catalog, styles: Styles) -> dict[str, Any]:
    modes: tuple[tuple[Sequence[Any], JsonSchemaMode], ...] = (
        (BODIES, "validation"), ((*ANSWERS, *HOOKS), "serialization"),
    )  # fmt: skip
    made: dict[str, Any] = {}
    for models, mode in modes:
        _, whole = models_json_schema([(model, mode) for model in models], ref_template=_REF)
        made |= whole["$defs"]
    chosen = {
        "style": styles.names(),
        "provider": list(catalog.providers),
        "model": [model.id for model in catalog.models()],
    }
    for model in BODIES:
        _choose(made[model.__name__]["properties"], chosen)
    for operation in OPERATIONS:
        if operation.body is not None and operation.files:
            name = operation.body.__name__
            made[f"{name}Form"] = _form(made[name], operation.files)
            made[name] = _by_address(made[name])
    return dict(sorted(made.items()))


def _choose(properties: dict[str, Any], chosen: Mapping[str, Sequence[str]]) -> None:
    """What can be asked for here today: one of a list, which the models of bodies cannot know."""
    for name, values in chosen.items():
        for choice in properties.get(name, {}).get("anyOf", ()):
            if choice.get("type") == "string":
                choice.clear()
                choice.update(type="string", enum=list(values))


def _form(body: Mapping[str, Any], files: Sequence[str]) -> dict[str, Any]:
    """The multipart form: the same fields, none of them null, and the pictures as files."""
    fields = {
        name: _without_null(schema)
        for name, schema in body["properties"].items()
        if name != "input_image_url"
    }
    pictures = {name: {"type": "string", "format": "binary", "description": _FILES[name]} for name in files}
    required = [name for name in body.get("required", ()) if name in fields]
    return {
        "type": "object", "title": f"{body['title']}Form", "additionalProperties": False,
        "properties": {**fields, **pictures}, "required": [*required, files[0]],
    }  # fmt: skip


def _by_address(body: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON body of what also comes as a form: it has no files, so the picture's address must be there."""
    address = _without_null(body["properties"]["input_image_url"])
    return {
        **body,
        "properties": {**body["properties"], "input_image_url": address},
        "required": [*body.get("required", ()), "input_image_url"],
    }


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**rest, **choices[0]} if choices else rest
