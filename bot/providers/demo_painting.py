"""Paints the demo's landscapes with Pillow: skies, ridges in mist, towers and water.

Everything is in parts of the canvas, so the same scene comes out at every size.
"""

from __future__ import annotations

import itertools
import math
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from bot.providers.demo_brushes import Size, add_disc, add_glow, gradient, mixed
from bot.providers.demo_guests import add_balloon, add_birds, add_boat, add_cabin, add_snow
from bot.providers.demo_palette import Palette, Scene

_LAYERS = {"low": 3, "medium": 5, "high": 7}


def paint(size: Size, scene: Scene, seed: int, quality: str) -> Image.Image:
    """The scene in RGB, the same for the same arguments."""
    random = Random(seed)
    sun = (random.uniform(0.22, 0.78), random.uniform(0.2, 0.42))
    canvas = _sky(size, scene.palette, sun, random)
    shore = random.uniform(0.66, 0.74) if scene.water else 1.0
    _land(canvas, scene, shore, _LAYERS[quality], random)
    if scene.birds:
        add_birds(canvas, scene.palette, random)
    if scene.guest == "balloon":
        add_balloon(canvas, scene.palette, sun, random)
    if scene.water:
        _water(canvas, scene.palette, shore, sun, random)
        if scene.guest == "boat":
            add_boat(canvas, scene.palette, shore, random)
    if scene.snow:
        add_snow(canvas, random)
    return canvas


def _sky(size: Size, palette: Palette, sun: tuple[float, float], random: Random) -> Image.Image:
    width, height = size
    canvas = gradient(
        size,
        [
            palette.top,
            mixed(palette.top, palette.middle, 0.6),
            palette.middle,
            palette.horizon,
            palette.horizon,
        ],
    )
    if palette.night:
        _stars(canvas, random)
        _aurora(canvas, palette, random)
    edge = min(size)
    x, y = sun[0] * width, sun[1] * height
    add_glow(canvas, (x, y), edge * 0.75, palette.light, 0.55 if not palette.night else 0.35)
    disc = edge * random.uniform(0.05, 0.075)
    add_disc(canvas, (x, y), disc, palette.light)
    _clouds(canvas, palette, random)
    return canvas


def _stars(canvas: Image.Image, random: Random) -> None:
    draw = ImageDraw.Draw(canvas, "RGBA")
    width, height = canvas.size
    unit = min(canvas.size) / 1024
    for _ in range(260):
        x, y = random.random() * width, random.random() ** 1.4 * height * 0.62
        size, alpha = random.choice((0.5, 0.6, 0.8, 1.4)) * unit, random.randint(60, 235)
        draw.ellipse((x - size, y - size, x + size, y + size), fill=(255, 255, 246, alpha))
    if random.random() < 0.6:
        x, y, long = random.uniform(0.15, 0.7) * width, random.uniform(0.06, 0.2) * height, 0.13 * width
        for step in range(24):
            part = step / 24
            at = (x + long * part, y + long * 0.35 * part)
            end = (x + long * (part + 0.05), y + long * 0.35 * (part + 0.05))
            draw.line((*at, *end), fill=(255, 255, 255, round(190 * part)), width=max(1, round(2 * unit)))


def _aurora(canvas: Image.Image, palette: Palette, random: Random) -> None:
    """Curtains of light: drawn tiny, stretched upwards, blurred by the stretching itself."""
    if palette.horizon[1] < palette.horizon[2]:
        return
    width, height = canvas.size
    tiny = Image.new("L", (160, 72), 0)
    draw = ImageDraw.Draw(tiny)
    phase, swing = random.uniform(0, 6.3), random.uniform(5.0, 9.0)
    for x in range(160):
        foot = 44 + swing * math.sin(phase + x / 24) + 4 * math.sin(phase * 2 + x / 9)
        strength = 0.6 + 0.4 * math.sin(phase * 3 + x / 13)
        for up in range(36):
            fading = min(1.0, (up + 1) / 5) * (1 - up / 36) ** 1.4
            draw.point((x, round(foot) - up), fill=round(165 * strength * fading))
    curtain = tiny.filter(ImageFilter.GaussianBlur(2)).resize(
        (width, round(height * 0.62)), Image.Resampling.BICUBIC
    )
    canvas.paste(mixed(palette.horizon, (150, 255, 190), 0.5), (0, 0), curtain)


def _clouds(canvas: Image.Image, palette: Palette, random: Random) -> None:
    width, height = canvas.size
    small = Image.new("L", (256, 144), 0)
    draw = ImageDraw.Draw(small)
    for _ in range(random.randint(5, 9)):
        x, y, long = random.uniform(-20, 256), random.uniform(18, 84), random.uniform(20, 64)
        for _ in range(9):
            dx, dy, across = random.gauss(0, long / 2), random.gauss(0, 1.5), random.uniform(6, long / 2)
            draw.ellipse(
                (x + dx - across, y + dy - 1.1, x + dx + across, y + dy + 1.1), fill=random.randint(40, 110)
            )
    veil = small.filter(ImageFilter.GaussianBlur(2.2)).resize((width, height), Image.Resampling.BICUBIC)
    canvas.paste(mixed(palette.horizon, palette.light, 0.5), (0, 0), veil)


def _land(canvas: Image.Image, scene: Scene, shore: float, layers: int, random: Random) -> None:
    """Ridges from far to near, each with mist at its foot."""
    palette, (width, height) = scene.palette, canvas.size
    floor = shore if scene.water else 1.0
    first, last = 0.47, (floor - 0.03 if scene.water else 0.86)
    for layer in range(layers):
        near = layer / (layers - 1)
        base = first + (last - first) * near**1.15
        colour = mixed(palette.far, palette.near, near**1.25)
        if scene.snow:
            colour = mixed(colour, (236, 242, 250), 0.35 * (1 - near) + 0.2)
        rough, tall = _relief(scene.land, near)
        if scene.water:
            tall *= 0.55 + 0.45 * (1 - near)
        ridge = _ridge(random, base, tall, rough)
        top = max(0, round((min(ridge) - 0.09) * height))
        box = (width, max(2, round(floor * height) - top))
        mask = Image.new("L", (box[0] * 2, box[1] * 2), 0)
        draw = ImageDraw.Draw(mask)
        points = [
            (index / (len(ridge) - 1) * width * 2, (y * height - top) * 2) for index, y in enumerate(ridge)
        ]
        draw.polygon([(0, box[1] * 2), *points, (box[0] * 2, box[1] * 2)], fill=255)
        if near > 0.5 and scene.land in ("forest", "mountains", "hills"):
            _pines(draw, points, near, scene.land, min(canvas.size) * 2, random)
        if scene.land == "city" and near > 0.3:
            _towers(draw, points, near, box, random)
        mist = mixed(colour, palette.horizon, 0.62 * (1 - near) + 0.12)
        canvas.paste(gradient(box, [colour, mixed(colour, mist, 0.55), mist]), (0, top), mask.reduce(2))
        if scene.land == "city" and near > 0.3:
            _windows(canvas, mask, top, near, palette, random)
    if scene.guest == "cabin":
        add_cabin(canvas, palette, floor, random)


def _relief(land: str, near: float) -> tuple[float, float]:
    """How jagged and how tall, in parts of the height."""
    match land:
        case "mountains":
            return 0.56 - 0.14 * near, 0.21 * (1 - near) + 0.07
        case "dunes":
            return 0.22, 0.08 + 0.05 * near
        case "city":
            return 0.25, 0.03
        case _:
            return 0.4 - 0.1 * near, 0.12 * (1 - near) + 0.06


def _ridge(random: Random, base: float, tall: float, rough: float) -> list[float]:
    """A line by halving: the finer the step, the smaller the change, and `rough` says by how much."""
    line, spread = [random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5)], 1.0
    for _ in range(8):
        halved: list[float] = []
        for left, right in itertools.pairwise(line):
            halved += [left, (left + right) / 2 + random.uniform(-0.6, 0.6) * spread]
        line, spread = [*halved, line[-1]], spread * rough
    return [base - tall * height for height in line]


def _pines(
    draw: ImageDraw.ImageDraw,
    ridge: list[tuple[float, float]],
    near: float,
    land: str,
    edge: int,
    random: Random,
) -> None:
    count = round((90 if land == "forest" else 34) * (1.5 - near))
    for _ in range(count):
        x, y = ridge[random.randrange(len(ridge))]
        high = edge * random.uniform(0.018, 0.05) * (0.5 + near * near * (1.3 if land == "forest" else 0.9))
        wide = high * random.uniform(0.2, 0.27)
        x += random.uniform(-1, 1) * wide
        for part in range(3):
            top, bottom = y - high * (1 - part * 0.26), y - high * (0.52 - part * 0.3)
            spread = wide * (0.5 + part * 0.28)
            draw.polygon([(x, top), (x - spread, bottom), (x + spread, bottom)], fill=255)
        draw.rectangle((x - wide * 0.1, y - high * 0.1, x + wide * 0.1, y + high * 0.2), fill=255)


def _towers(
    draw: ImageDraw.ImageDraw, ridge: list[tuple[float, float]], near: float, box: Size, random: Random
) -> None:
    x, (width, height) = 0.0, (box[0] * 2, box[1] * 2)
    while x < width:
        wide = width * random.uniform(0.022, 0.05)
        y = ridge[min(len(ridge) - 1, int(x / width * len(ridge)))][1]
        high = height * random.uniform(0.1, 0.62) * (0.6 + 0.4 * near)
        draw.rectangle((x, max(4, y - high), x + wide, height), fill=255)
        if random.random() < 0.25:
            draw.rectangle((x + wide * 0.46, max(0, y - high * 1.25), x + wide * 0.54, y), fill=255)
        x += wide * random.uniform(0.9, 1.25)


def _windows(
    canvas: Image.Image, mask: Image.Image, top: int, near: float, palette: Palette, random: Random
) -> None:
    draw = ImageDraw.Draw(canvas, "RGBA")
    unit = max(2.0, min(canvas.size) * 0.0045 * (0.6 + near * 0.6))
    inside = mask.load()
    assert inside is not None
    for _ in range(round(900 * near)):
        column, row = (
            random.randrange(round(canvas.width / unit / 2)),
            random.randrange(round(canvas.height / unit / 2.6)),
        )
        x, y = column * unit * 2, top + row * unit * 2.6
        at = (min(mask.width - 1, round(x * 2 + unit)), round((y - top) * 2 - unit * 2))
        if not 0 <= at[1] < mask.height or not inside[at[0], at[1]]:
            continue
        glow = mixed((255, 214, 140), palette.light, random.random() * 0.5)
        draw.rectangle((x, y, x + unit * 0.8, y + unit * 1.1), fill=(*glow, random.randint(70, 220)))


def _water(
    canvas: Image.Image, palette: Palette, shore: float, sun: tuple[float, float], random: Random
) -> None:
    width, height = canvas.size
    line = round(shore * height)
    deep = height - line
    above = canvas.crop((0, max(0, line - round(deep * 1.35)), width, line))
    mirror = ImageOps.flip(above).resize((width, deep), Image.Resampling.BILINEAR)
    # Blurred sideways more than upwards: shrunk, then stretched.
    mirror = mirror.resize((max(1, width // 10), max(1, deep // 3))).resize(
        (width, deep), Image.Resampling.BICUBIC
    )
    tone = gradient(
        (width, deep), [mixed(palette.horizon, palette.middle, 0.5), mixed(palette.top, palette.near, 0.55)]
    )
    canvas.paste(Image.blend(mirror, tone, 0.38), (0, line))
    draw = ImageDraw.Draw(canvas, "RGBA")
    for _ in range(150):
        depth = random.random() ** 1.6
        y = line + 2 + depth * deep
        x = (sun[0] + random.gauss(0, 0.035 + 0.07 * depth)) * width
        long, thick = (
            width * (0.008 + 0.035 * depth) * random.uniform(0.4, 1.2),
            max(0.6, deep * 0.006 * (0.3 + depth)),
        )
        draw.ellipse(
            (x - long, y - thick, x + long, y + thick), fill=(*palette.light, random.randint(40, 120))
        )
    for _ in range(70):
        depth = random.random()
        x, y, long = (
            random.random() * width,
            line + 2 + depth * deep,
            width * random.uniform(0.01, 0.05) * (0.4 + depth),
        )
        colour = palette.near if random.random() < 0.5 else palette.horizon
        draw.ellipse((x - long, y - 1, x + long, y + 1), fill=(*colour, 34))
