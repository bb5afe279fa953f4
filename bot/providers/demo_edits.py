"""How the demo changes a picture: visibly of the old one, visibly another, and only where it may."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from bot.providers.demo_brushes import Size, add_glow, mark
from bot.providers.demo_guests import add_balloon
from bot.providers.demo_painting import paint
from bot.providers.demo_palette import Palette, Scene

_LONGEST = 8192


def edit(
    size: Size, inputs: Sequence[bytes], mask: bytes | None, scene: Scene, seed: int, quality: str
) -> Image.Image:
    """The first input in the prompt's light, the others as prints in it. Where the mask is opaque nothing changes."""
    random = Random(seed)
    before = _fitted(inputs[0], size)
    if mask is not None:
        return _within(before, mask, scene, seed, quality)
    after = _graded(before, scene.palette, 0.6)
    sun = (random.uniform(0.2, 0.8), random.uniform(0.12, 0.3))
    add_glow(after, (sun[0] * size[0], sun[1] * size[1]), min(size) * 0.7, scene.palette.light, 0.6)
    add_balloon(after, scene.palette, sun, random)
    for place, other in enumerate(inputs[1:]):
        _hang(after, other, place, random)
    mark(after)
    return after


def vary(
    size: Size, inputs: Sequence[bytes], strength: float, scene: Scene, seed: int, quality: str
) -> Image.Image:
    """At strength 0 nearly the same picture, at 1 nearly another one."""
    random = Random(seed)
    before = _fitted(inputs[0], size)
    if strength > 0.3 and random.random() < 0.5:
        before = ImageOps.mirror(before)
    zoom = 1 + 0.25 * strength * random.random()
    wide = before.resize((round(size[0] * zoom), round(size[1] * zoom)))
    left, top = random.randint(0, wide.width - size[0]), random.randint(0, wide.height - size[1])
    moved = wide.crop((left, top, left + size[0], top + size[1]))
    after = _graded(moved, scene.palette, 0.15 + 0.35 * strength)
    # Without anybody in it: two half balloons would pass through each other.
    empty = replace(scene, guest="none", birds=False)
    after = Image.blend(after, paint(size, empty, seed, quality), 0.08 + 0.72 * strength)
    mark(after)
    return after


def enlarge(data: bytes, size: Size | None) -> Image.Image:
    """At the size, or twice as large: the pixels that there are, made sharper. No detail is invented."""
    with Image.open(io.BytesIO(data)) as opened:
        before = opened if opened.mode in ("RGB", "RGBA") else opened.convert("RGB")
        larger = size or (min(before.width * 2, _LONGEST), min(before.height * 2, _LONGEST))
        return before.resize(larger, Image.Resampling.LANCZOS).filter(ImageFilter.UnsharpMask(2, 60, 2))


def cut_out(picture: Image.Image) -> Image.Image:
    """The picture as a round badge with nothing around it: what the demo makes of a transparent background."""
    edge = min(picture.size)
    big = Image.new("L", (edge * 2, edge * 2), 0)
    ImageDraw.Draw(big).ellipse((edge * 0.06, edge * 0.06, edge * 1.94, edge * 1.94), fill=255)
    alpha = Image.new("L", picture.size, 0)
    alpha.paste(big.reduce(2), ((picture.width - edge) // 2, (picture.height - edge) // 2))
    badge = picture.convert("RGBA")
    badge.putalpha(alpha)
    middle = picture.width // 2
    mark(badge, (0, 0, middle + edge // 4, picture.height - round(edge * 0.1)))
    # The mark may not stand outside of the badge.
    badge.putalpha(alpha)
    return badge


def _fitted(data: bytes, size: Size) -> Image.Image:
    with Image.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB")
    return picture if picture.size == size else ImageOps.fit(picture, size)


def _graded(picture: Image.Image, palette: Palette, share: float) -> Image.Image:
    tones = ImageOps.colorize(
        picture.convert("L"), black=palette.near, mid=palette.middle, white=palette.light
    )
    return Image.blend(picture, tones, share)


def _within(before: Image.Image, mask: bytes, scene: Scene, seed: int, quality: str) -> Image.Image:
    with Image.open(io.BytesIO(mask)) as opened:
        kept = opened.convert("RGBA").getchannel("A")
    if kept.size != before.size:
        kept = kept.resize(before.size, Image.Resampling.NEAREST)
    change = kept.point([255] + [0] * 255)
    box = change.getbbox()
    if box is None:
        return before
    part = (max(16, box[2] - box[0]), max(16, box[3] - box[1]))
    after = _graded(before, scene.palette, 0.5)
    under = after.crop((box[0], box[1], box[0] + part[0], box[1] + part[1]))
    after.paste(Image.blend(under, paint(part, scene, seed, quality), 0.85), box[:2])
    mark(after, box)
    # Soft inwards only: what the mask keeps is kept to the last bit.
    soft = ImageChops.darker(change, change.filter(ImageFilter.GaussianBlur(min(part) / 60)).point(_INWARDS))
    return Image.composite(after, before, soft)


_INWARDS = [max(0, min(255, (level - 128) * 2)) for level in range(256)]


def _hang(canvas: Image.Image, data: bytes, place: int, random: Random) -> None:
    edge = round(min(canvas.size) * 0.24)
    border = max(2, edge // 18)
    print_ = Image.new("RGBA", (edge + border * 2, edge + border * 2), (252, 250, 246, 255))
    print_.paste(_fitted(data, (edge, edge)), (border, border))
    turned = print_.rotate(random.uniform(-7, 7), Image.Resampling.BICUBIC, expand=True)
    at = (
        round(canvas.width * 0.04) + place * round(edge * 1.15),
        canvas.height - turned.height - round(edge * 0.12),
    )
    canvas.paste(turned, at, turned)
