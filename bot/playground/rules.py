"""Discord's rules that its interface description cannot say: what must fit together inside one message or modal.

Lengths and types of single fields are the document's business (document.py).
"""

from collections import Counter
from collections.abc import Callable

from bot.playground.components import (
    LINK_STYLE,
    ONLY_V2,
    PREMIUM_STYLE,
    SELECTS,
    Kind,
    media,
    walk,
)
from bot.playground.jsonic import Json, as_int, as_list, as_object, objects

Faults = list[tuple[str, str]]

CONTENT_MAX = 2000
EMBEDS_TOTAL_MAX = 6000
V2_COMPONENTS_MAX = 40
V2_TEXT_MAX = 4000
ROWS_MAX = 5
ROW_BUTTONS_MAX = 5
MODAL_ITEMS_MAX = 5
FILES_MAX = 10
FILE_MAX_IN_REQUEST = 25 * 1024 * 1024
EMBED_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def message_faults(payload: Json, *, v2: bool, has_file: Callable[[str], bool]) -> Faults:
    """What is wrong with a message of this content. `has_file` knows the names that `attachment://` may use."""
    components = objects(payload.get("components"))
    faults = _v2_faults(payload, components) if v2 else _v1_faults(payload, components)
    for where, component in walk(components):
        faults += [(f"{where}{at}", what) for at, what in _component_faults(component)]
    faults += _duplicates(components)
    faults += _media_faults(components, has_file)
    for index, embed in enumerate(objects(payload.get("embeds"))):
        faults += [(f"embeds.{index}.{slot}.url", what) for slot, what in _embed_faults(embed, has_file)]
    return faults


def _v2_faults(payload: Json, components: list[Json]) -> Faults:
    faults: Faults = []
    for field in ("content", "embeds", "poll", "sticker_ids"):
        if payload.get(field):
            faults.append(
                (field, f"The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
            )
    nodes = list(walk(components))
    if len(nodes) > V2_COMPONENTS_MAX:
        faults.append(("components", f"{len(nodes)} components in total, at most {V2_COMPONENTS_MAX}"))
    length = sum(len(str(one.get("content", ""))) for _, one in nodes if one.get("type") == Kind.TEXT_DISPLAY)
    if length > V2_TEXT_MAX:
        faults.append(("components", f"{length} characters of text in total, at most {V2_TEXT_MAX}"))
    return faults


def _v1_faults(payload: Json, components: list[Json]) -> Faults:
    faults: Faults = []
    if len(str(payload.get("content") or "")) > CONTENT_MAX:
        faults.append(("content", f"Must be {CONTENT_MAX} or fewer in length."))
    if len(components) > ROWS_MAX:
        faults.append(("components", f"Must be {ROWS_MAX} or fewer in length."))
    for where, component in walk(components):
        if component.get("type") in ONLY_V2:
            faults.append((where, "This component needs MessageFlags.IS_COMPONENTS_V2"))
    total = sum(_embed_length(embed) for embed in objects(payload.get("embeds")))
    if total > EMBEDS_TOTAL_MAX:
        faults.append(("embeds", f"Embed size exceeds maximum size of {EMBEDS_TOTAL_MAX}"))
    return faults


def _component_faults(component: Json) -> Faults:
    match component.get("type"):
        case Kind.ACTION_ROW:
            return _row_faults(objects(component.get("components")))
        case Kind.BUTTON:
            return _button_faults(component)
        case kind if kind in SELECTS:
            return _choice_faults(component)
        case _:
            return []


def _row_faults(children: list[Json]) -> Faults:
    selects = sum(child.get("type") in SELECTS for child in children)
    if selects > 1 or (selects and len(children) > 1):
        return [(".components", "A row holds one select menu or up to five buttons, not both")]
    if len(children) > ROW_BUTTONS_MAX:
        return [(".components", f"Must be {ROW_BUTTONS_MAX} or fewer in length.")]
    return []


def _button_faults(button: Json) -> Faults:
    style = button.get("style")
    wanted = {LINK_STYLE: "url", PREMIUM_STYLE: "sku_id"}.get(style or 0, "custom_id")
    faults: Faults = []
    for field in ("custom_id", "url", "sku_id"):
        if field == wanted and not button.get(field):
            faults.append((f".{field}", f"A {field} is required for a button of style {style}"))
        elif field != wanted and button.get(field):
            faults.append((f".{field}", f"A {field} is not allowed for a button of style {style}"))
    decorated = button.get("label") or button.get("emoji")
    if style != PREMIUM_STYLE and not decorated:
        faults.append((".label", "A button must have a label or an emoji"))
    if style == PREMIUM_STYLE and decorated:
        faults.append((".label", "A premium button has neither label nor emoji"))
    return faults


def _choice_faults(component: Json) -> Faults:
    """For selects and for the groups and uploads of modals: how many values there may be."""
    least, most = as_int(component.get("min_values")), as_int(component.get("max_values"))
    options = objects(component.get("options"))
    faults: Faults = []
    if least is not None and least > (most or 1):
        faults.append((".min_values", "min_values is greater than max_values"))
    if options and max(least or 0, most or 0) > len(options):
        faults.append((".max_values", "More values are asked for than there are options"))
    repeated = [str(value) for value, n in Counter(str(o.get("value")) for o in options).items() if n > 1]
    if repeated:
        faults.append((".options", f"The specified option value is already used: {repeated[0]}"))
    group_of_checks = component.get("type") == Kind.CHECKBOX_GROUP
    default_most = len(options) if group_of_checks else 1
    if sum(bool(option.get("default")) for option in options) > (most or default_most):
        faults.append((".options", "More options are on by default than max_values allows"))
    return faults


def _duplicates(components: list[Json]) -> Faults:
    faults: Faults = []
    for field, what in (
        ("custom_id", "Component custom id cannot be duplicated"),
        ("id", "Component id repeated"),
    ):
        seen: set[object] = set()
        for where, component in walk(components):
            value = component.get(field)
            if value and value in seen:
                faults.append((f"{where}.{field}", what))
            seen.add(value)
    return faults


def _media_faults(components: list[Json], has_file: Callable[[str], bool]) -> Faults:
    faults: Faults = []
    for target, _ in media(components):
        url = str(target.get("url", ""))
        scheme, _, name = url.partition("://")
        if scheme == "attachment" and not has_file(name):
            faults.append(("components", f"The referenced attachment was not found: {url}"))
        if scheme not in ("attachment", "http", "https"):
            faults.append(("components", f"Scheme of {url!r} must be one of http, https, attachment"))
    for where, component in walk(components):
        if component.get("type") == Kind.FILE:
            url = str(as_object(component.get("file")).get("url", ""))
            if not url.startswith("attachment://"):
                faults.append((f"{where}.file.url", "A file component only takes attachment://<filename>"))
    return faults


def _embed_length(embed: Json) -> int:
    parts = [embed.get("title"), embed.get("description")]
    parts += [as_object(embed.get("footer")).get("text"), as_object(embed.get("author")).get("name")]
    for field in objects(embed.get("fields")):
        parts += [field.get("name"), field.get("value")]
    return sum(len(str(part)) for part in parts if part)


def _embed_faults(embed: Json, has_file: Callable[[str], bool]) -> Faults:
    faults: Faults = []
    for slot in ("image", "thumbnail"):
        url = str(as_object(embed.get(slot)).get("url") or "")
        scheme, _, name = url.partition("://")
        if scheme != "attachment":
            continue
        if not has_file(name):
            faults.append((slot, f"The referenced attachment was not found: {url}"))
        if not name.lower().endswith(EMBED_PICTURES):
            faults.append((slot, "attachment:// in an embed is for jpg, jpeg, png, webp and gif"))
    return faults


def modal_faults(data: Json) -> Faults:
    """What is wrong with a modal, beyond its fields' lengths."""
    components = objects(data.get("components"))
    faults: Faults = []
    if len(components) > MODAL_ITEMS_MAX:
        faults.append(("components", f"Must be between 1 and {MODAL_ITEMS_MAX} in length."))
    for where, component in walk(components):
        match component.get("type"):
            case Kind.ACTION_ROW if len(as_list(component.get("components"))) != 1:
                faults.append((f"{where}.components", "A row of a modal holds exactly one text input"))
            case Kind.TEXT_INPUT:
                in_label = where.endswith(".component")
                faults += [(f"{where}{at}", what) for at, what in _input_faults(component, in_label=in_label)]
            case kind if kind in SELECTS and component.get("disabled"):
                faults.append((f"{where}.disabled", "A select menu in a modal cannot be disabled"))
            case Kind.RADIO_GROUP if (
                sum(bool(o.get("default")) for o in objects(component.get("options"))) > 1
            ):
                faults.append((f"{where}.options", "Only one radio option can be on by default"))
            case kind if kind in SELECTS or kind in (Kind.CHECKBOX_GROUP, Kind.RADIO_GROUP):
                faults += [(f"{where}{at}", what) for at, what in _choice_faults(component)]
            case Kind.FILE_UPLOAD:
                faults += [(f"{where}{at}", what) for at, what in _choice_faults(component)]
            case _:
                pass
    return faults + _duplicates(components)


def _input_faults(field: Json, *, in_label: bool) -> Faults:
    least, most = as_int(field.get("min_length")), as_int(field.get("max_length"))
    faults: Faults = []
    if in_label and field.get("label"):
        faults.append((".label", "A text input inside a label has no label of its own"))
    if not in_label and not field.get("label"):
        faults.append((".label", "This field is required"))
    if least is not None and most is not None and least > most:
        faults.append((".min_length", "min_length is greater than max_length"))
    if most is not None and len(field.get("value") or "") > most:
        faults.append((".value", f"Must be {most} or fewer in length."))
    return faults
