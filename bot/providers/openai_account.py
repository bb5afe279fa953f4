"""What OpenAI's API tells beside pictures: whether a wish may be drawn, and until when models are served."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import aiohttp
import structlog

from bot.catalog import Catalog
from bot.errors import PolicyRefusal, ProviderError
from bot.providers.base import Picture, RenderCall
from bot.providers.http import Door, json_of
from bot.providers.openai_errors import Origin, StatusRefused, object_of

_log = structlog.get_logger(__name__)

_PROVIDER = "openai"
_JSON_LIMIT = 1024 * 1024
_MODERATION_MODEL = "omni-moderation-latest"


class OpenAIAccount:
    """`pictures` says whether input pictures are judged as well as words; one request each, as the API takes one."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_key: str,
        base_url: str,
        pictures: bool = False,
        timeout_seconds: float = 20.0,
    ) -> None:
        self._door = Door(
            session,
            origin=Origin(
                provider=_PROVIDER,
                key_setting="OPENAI_API_KEY",
                address_setting="OPENAI_BASE_URL",
                secret=api_key,
            ),
            base_url=base_url,
            said=_said,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout_seconds=timeout_seconds,
            stall_seconds=timeout_seconds,
        )
        self._pictures = pictures

    async def check(self, call: RenderCall) -> None:
        """Raises PolicyRefusal for what is flagged, ProviderError when nobody can be asked: unjudged is not drawn."""
        await self._judge([{"type": "text", "text": call.prompt}])
        for picture in call.inputs if self._pictures else ():
            await self._judge([{"type": "image_url", "image_url": {"url": _address(picture)}}])

    async def learn_ends(self, catalog: Catalog) -> None:
        """Note the last days that the vendor gives for its models; without them the catalogue's own hold."""
        try:
            async with self._door.patience.in_time():
                answer = await self._door.send("GET", "/models", limit=_JSON_LIMIT, buys=False)
            told = json_of(_PROVIDER, answer, paid=False).get("data")
        except ProviderError as error:
            _log.info("the vendor did not list its models", provider=_PROVIDER, why=str(error))
            return
        for entry in _tables(told):
            model_id, day = f"{_PROVIDER}/{entry.get('id')}", _day(entry.get("shutdown_date"))
            if day is not None and (model := catalog.known(model_id)) and model.retires_on != day:
                _log.warning("a model is served no longer than", model=model_id, day=day.isoformat())
                catalog.ends(model_id, day)

    async def _judge(self, parts: list[dict[str, Any]]) -> None:
        body = {"model": _MODERATION_MODEL, "input": parts}
        async with self._door.patience.in_time():
            answer = await self._door.send("POST", "/moderations", json=body, limit=_JSON_LIMIT, buys=False)
        for result in _tables(json_of(_PROVIDER, answer, paid=False).get("results")):
            if result.get("flagged"):
                categories = result.get("categories")
                found = [name for name, flagged in (categories or {}).items() if flagged]
                raise PolicyRefusal(provider=_PROVIDER, code="moderation", categories=sorted(found))


def _tables(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _address(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def _day(told: object) -> date | None:
    """`2026-12-01`, the same with a time, or Unix seconds."""
    if isinstance(told, int) and not isinstance(told, bool):
        return datetime.fromtimestamp(told, UTC).date()
    try:
        return datetime.fromisoformat(told).date() if isinstance(told, str) else None
    except ValueError:
        return None


def _said(refused: StatusRefused) -> Mapping[str, Any]:
    return object_of(refused.body)
