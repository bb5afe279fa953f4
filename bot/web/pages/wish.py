"""From a filled-in form to an `ImageRequest`: what every page that asks for pictures shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp.web import FileField

from bot.boards import Visitor
from bot.errors import InvalidRequest, NotFound
from bot.images import ImageRequest, InputImage, Kind
from bot.membership import Unanswered
from bot.studio import as_input
from bot.web.pages.site import Visit
from storage.rows import ImageRow, RequestRow

MAX_PICTURES = 16
_STRENGTHS = {"subtle": 0.25, "medium": 0.5, "strong": 0.85}


async def wish_of(visit: Visit) -> ImageRequest:
    """What the form asks for. Raises InvalidRequest, BadImage, NotFound."""
    form = visit.form
    inputs = await _inputs(visit)
    return ImageRequest(
        kind=_kind(text_in(form, "kind"), inputs),
        prompt=text_in(form, "prompt") or "",
        model=text_in(form, "model") or "",
        count=number_in(form, "count") or 1,
        size=text_in(form, "size") or "auto",
        quality=text_in(form, "quality"),
        style=text_in(form, "style"),
        background=text_in(form, "background"),
        negative=text_in(form, "negative"),
        seed=number_in(form, "seed"),
        strength=_STRENGTHS.get(text_in(form, "strength") or ""),
        inputs=inputs,
    )


def is_private(visit: Visit) -> bool:
    return bool(visit.form.get("private"))


async def picture_of(visit: Visit, image_id: str) -> tuple[ImageRow, RequestRow]:
    """A picture that this person may see. Raises NotFound."""
    row, request = await visit.site.parts.studio.image_of(image_id, await visit.requester())
    if not await may_see(visit, request):
        raise NotFound(what="image", id=image_id)
    return row, request


async def request_of(visit: Visit, request_id: str) -> RequestRow:
    """Likewise a request. Raises NotFound."""
    row = await visit.site.parts.requests.get(request_id)
    if row is None or not await may_see(visit, row):
        raise NotFound(what="request", id=request_id)
    return row


async def may_see(visit: Visit, row: RequestRow) -> bool:
    """What is theirs; of others what everyone in their server could see, or what is in a channel that they see now.

    A public picture is its server's, not the world's: the session must be of that server.
    """
    person = visit.person
    if row.user_id == person.user_id:
        return True
    if row.private or row.guild_id == 0 or row.guild_id != person.guild_id:
        return False
    if row.listed or not row.channel_id or person.local:
        return row.listed
    try:
        return await visit.site.membership.sees(row.guild_id, row.channel_id, person.user_id)
    except Unanswered:
        return False


async def visitor_of(visit: Visit) -> Visitor:
    """Who comes to the boards. Raises NotAllowed for who is not in that server any more."""
    return Visitor(
        requester=await visit.requester(), guild_id=visit.person.guild_id, moderator=await visit.manages()
    )


def _kind(named: str | None, inputs: Sequence[InputImage]) -> Kind:
    if named in (Kind.EDIT, Kind.VARIATIONS) and not inputs:
        raise InvalidRequest(field="pictures", problem="missing", allowed=["pictures"])
    if named in (Kind.EDIT, Kind.VARIATIONS):
        return Kind(named)
    return Kind.EDIT if inputs else Kind.GENERATE


async def _inputs(visit: Visit) -> tuple[InputImage, ...]:
    """Pictures of ours by id, in the order of the form, then those that came with it."""
    known = [str(one) for one in all_of(visit.form, "from") if one]
    files = [one for one in all_of(visit.form, "pictures") if isinstance(one, FileField) and one.filename]
    if len(known) + len(files) > MAX_PICTURES:
        raise InvalidRequest(
            field="pictures", problem="too_many", allowed=[str(MAX_PICTURES)], model="Atelier"
        )
    found = [as_input((await picture_of(visit, image_id))[0]) for image_id in known]
    uploads = visit.site.parts.uploads
    found += [await uploads.picture_of(file.file.read(), file.filename) for file in files]
    return tuple(found)


def all_of(form: Mapping[str, Any], name: str) -> list[Any]:
    """Every value of a field that may be there several times."""
    several = getattr(form, "getall", None)
    return several(name, []) if several else [form[name]] if name in form else []


def text_in(form: Mapping[str, Any], name: str) -> str | None:
    """Without spaces at its ends; None where nothing is left."""
    value = form.get(name)
    return value.strip() or None if isinstance(value, str) else None


def number_in(form: Mapping[str, Any], name: str) -> int | None:
    """Raises InvalidRequest where something else than a whole number was typed."""
    typed = text_in(form, name)
    if typed is None:
        return None
    try:
        return int(typed)
    except ValueError as error:
        raise InvalidRequest(field=name, problem="not_a_number", value=typed) from error
