"""Checks requests to an OpenAI-shaped server, and its answers, against the vendor's document and the SDK's words."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
from PIL import Image

_SPECS = Path(__file__).parent.parent / "specs"
_RETIRED = {"dall-e-2", "dall-e-3", "gpt-image-1"}
_THREE_SIZES = {"auto", "1024x1024", "1536x1024", "1024x1536"}
_FILE_LIMIT, _MASK_LIMIT, _PROMPT_LIMIT = 50_000_000, 4_000_000, 32_000


@dataclass(frozen=True)
class Upload:
    """One file of a multipart body; `field` as on the wire (`image`, `image[]`, `mask`)."""

    field: str
    name: str | None
    media_type: str
    data: bytes


class Rules:
    def __init__(self) -> None:
        document = json.loads((_SPECS / "openai-images.json").read_text(encoding="utf-8"))
        sdk = json.loads((_SPECS / "openai-images-sdk-3.52.json").read_text(encoding="utf-8"))
        schemas = {name: _with_nulls(schema) for name, schema in document["components"]["schemas"].items()}
        for name, call in (
            ("CreateImageRequest", "images.generate"),
            ("CreateImageEditRequest", "images.edit"),
        ):
            _renew(schemas[name], sdk[call])
            schemas[name]["additionalProperties"] = False
        for name in ("ImagesResponse", *(name for name in schemas if name.endswith("Event"))):
            _renew(schemas[name], sdk.get(name) or sdk["events"].get(name, {}))
        for name, renamed in (("PartialImages", "partial_images"),):
            schemas[name].setdefault("title", renamed)
        self._checks = {
            name: jsonschema_rs.validator_for(
                {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
            )
            for name in (
                "CreateImageRequest",
                "CreateImageEditRequest",
                "ImagesResponse",
                "ImageGenStreamEvent",
                "ImageEditStreamEvent",
                "CreateModerationRequest",
            )
        }

    def faults_of_chat(self, body: Mapping[str, Any]) -> list[str]:
        """Against the SDK's own types, because the copied document ends at pictures."""
        from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
        from pydantic import TypeAdapter, ValidationError

        known = CompletionCreateParamsNonStreaming.__annotations__.keys()
        faults = [f"chat: there is no {name}" for name in body.keys() - known]
        try:
            TypeAdapter(CompletionCreateParamsNonStreaming).validate_python(body)
        except ValidationError as error:
            faults.append(f"chat: {error}")
        for part in body["messages"][0]["content"]:
            if part["type"] == "image_url":
                head, _, text = part["image_url"]["url"].partition(",")
                with Image.open(io.BytesIO(base64.b64decode(text, validate=True))) as opened:
                    if head != f"data:image/{(opened.format or '').lower()};base64":
                        faults.append(f"chat: {head} is {opened.format}")
        return faults

    def faults_of_generation(self, body: Any) -> list[str]:
        return self._against("CreateImageRequest", body) + _beyond_the_schema(body)

    def faults_of_moderation(self, body: Any) -> list[str]:
        return self._against("CreateModerationRequest", body)

    def faults_of_edit(self, fields: Mapping[str, str], uploads: list[Upload]) -> list[str]:
        body: dict[str, Any] = {name: _typed(text) for name, text in fields.items()}
        images = [upload for upload in uploads if upload.field in ("image", "image[]")]
        if images:
            body["image"] = ["binary" for _ in images] if len(images) > 1 else "binary"
        if any(upload.field == "mask" for upload in uploads):
            body["mask"] = "binary"
        return (
            self._against("CreateImageEditRequest", body)
            + _beyond_the_schema(body)
            + _faults_of_files(uploads)
        )

    def faults_of_answer(self, body: Any) -> list[str]:
        return self._against("ImagesResponse", body)

    def faults_of_event(self, event: Any) -> list[str]:
        name = (
            "ImageEditStreamEvent"
            if str(event.get("type", "")).startswith("image_edit")
            else "ImageGenStreamEvent"
        )
        return self._against(name, event)

    def _against(self, name: str, body: Any) -> list[str]:
        return [
            f"{name}: {'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
            for error in self._checks[name].iter_errors(body)
        ]


def _with_nulls(schema: Any) -> Any:
    """`nullable: true` is a word of OpenAPI 3.0 that a validator of 3.1 passes by."""
    if isinstance(schema, list):
        return [_with_nulls(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _with_nulls(part) for name, part in schema.items() if name != "nullable"}
    if schema.get("nullable"):
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def _renew(schema: dict[str, Any], newer: Mapping[str, Any]) -> None:
    """Adds the SDK's fields, and its literal values to fields that have fewer."""
    for name, field in newer.items():
        known = schema["properties"].get(name)
        if known is None:
            schema["properties"][name] = {"enum": [*field["enum"], None]} if "enum" in field else {}
        elif "enum" in field and name != "type":
            also = {"type": "string"} if field.get("type") == "str" else {"enum": [*field["enum"], None]}
            schema["properties"][name] = {"anyOf": [known, also]}


def _typed(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdigit() else text


def _beyond_the_schema(body: Mapping[str, Any]) -> list[str]:
    """What the vendor says in words: retired names, sizes by model, formats that go together."""
    faults: list[str] = []
    model, size, quality = str(body.get("model", "")), str(body.get("size", "auto")), body.get("quality")
    if not model or model in _RETIRED:
        faults.append(f"model: {model or 'none'} is not served")
    for name in ("response_format", "style"):
        if name in body:
            faults.append(f"{name}: no model takes it any more")
    if quality in ("standard", "hd") or (
        quality in ("xhigh", "max") and not re.match(r"gpt-image-2\.[56]", model)
    ):
        faults.append(f"quality: {quality} is nothing that {model} has")
    if len(str(body.get("prompt", ""))) > _PROMPT_LIMIT or not str(body.get("prompt", "")).strip():
        faults.append("prompt: empty or too long")
    if not _size_fits(model, size):
        faults.append(f"size: {size} is nothing that {model} has")
    if body.get("background") == "transparent" and body.get("output_format") == "jpeg":
        faults.append("background: transparent needs png or webp")
    if "partial_images" in body and not body.get("stream"):
        faults.append("partial_images: without stream")
    return faults


def _size_fits(model: str, size: str) -> bool:
    if size in _THREE_SIZES:
        return True
    found = re.fullmatch(r"(\d+)x(\d+)", size)
    if not found or not model.startswith("gpt-image-2"):
        return False
    width, height = int(found[1]), int(found[2])
    return (
        width % 16 == 0
        and height % 16 == 0
        and max(width, height) <= 3840
        and max(width, height) <= 3 * min(width, height)
        and 655_360 <= width * height <= 8_294_400
    )


def _faults_of_files(uploads: list[Upload]) -> list[str]:
    faults: list[str] = []
    images = [upload for upload in uploads if upload.field in ("image", "image[]")]
    masks = [upload for upload in uploads if upload.field == "mask"]
    if not 1 <= len(images) <= 16:
        faults.append(f"image: {len(images)} files")
    if len(images) > 1 and any(upload.field == "image" for upload in images):
        faults.append("image: several files go as image[]")
    if len(images) == 1 and images[0].field != "image":
        faults.append("image: a single file goes as image")
    for upload in uploads:
        if upload.field not in ("image", "image[]", "mask"):
            faults.append(f"{upload.field}: no such file")
        if not upload.name or upload.media_type not in ("image/png", "image/jpeg", "image/webp"):
            faults.append(f"{upload.field}: name {upload.name}, type {upload.media_type}")
        if len(upload.data) >= (_MASK_LIMIT if upload.field == "mask" else _FILE_LIMIT):
            faults.append(f"{upload.field}: {len(upload.data)} bytes")
        faults += _faults_of_picture(upload)
    if masks and images and _opened(masks[0]).size != _opened(images[0]).size:
        faults.append("mask: not of the first image's size")
    return faults


def _faults_of_picture(upload: Upload) -> list[str]:
    try:
        picture = _opened(upload)
    except OSError as error:
        return [f"{upload.field}: {error}"]
    faults: list[str] = []
    if f"image/{(picture.format or '').lower()}" != upload.media_type:
        faults.append(f"{upload.field}: said to be {upload.media_type}, is {picture.format}")
    if upload.field == "mask" and "A" not in picture.getbands():
        faults.append("mask: nothing in it is transparent")
    return faults


def _opened(upload: Upload) -> Image.Image:
    return Image.open(io.BytesIO(upload.data))
