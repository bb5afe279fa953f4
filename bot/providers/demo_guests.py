"""Who passes by in the demo's landscapes: birds, a balloon, a boat, a cabin with light in its windows, snow."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from bot.providers.demo_brushes import add_glow, mixed, stamp
from bot.providers.demo_palette import Palette


def add_birds(canvas: Image.Image, palette: Palette, random: Random) -> None:
    draw = ImageDraw.Draw(canvas, "RGBA")
    width, height = canvas.size
    cx, cy = random.uniform(0.2, 0.8), random.uniform(0.16, 0.34)
    for _ in range(random.randint(5, 9)):
        x, y = (cx + random.gauss(0, 0.06)) * width, (cy + random.gauss(0, 0.03)) * height
        span = min(canvas.size) * random.uniform(0.006, 0.013)
        lift = span * random.uniform(0.25, 0.6)
        wing = [
            (x - span, y - lift),
            (x - span * 0.45, y - lift * 1.1),
            (x, y),
            (x + span * 0.45, y - lift * 1.1),
        ]
        draw.line(
            [*wing, (x + span, y - lift)],
            fill=(*palette.near, 190),
            width=max(1, round(span * 0.16)),
            joint="curve",
        )


def add_balloon(canvas: Image.Image, palette: Palette, sun: tuple[float, float], random: Random) -> None:
    edge = round(min(canvas.size) * random.uniform(0.07, 0.1)) * 4
    picture = Image.new("RGBA", (edge, round(edge * 1.5)), (*palette.near, 0))
    draw = ImageDraw.Draw(picture)
    first, second = random.choice(
        (((214, 64, 69), (250, 232, 208)), ((236, 152, 56), (92, 40, 72)), ((60, 130, 160), (250, 236, 214)))
    )
    bag = (edge * 0.08, edge * 0.04, edge * 0.92, edge * 0.9)
    middle, low = edge / 2, edge * 1.2
    draw.ellipse(bag, fill=first)
    draw.polygon(
        [(edge * 0.16, edge * 0.68), (edge * 0.84, edge * 0.68), (edge * 0.57, low), (edge * 0.43, low)],
        fill=first,
    )
    for share in (0.62, 0.2):
        half = (bag[2] - bag[0]) / 2 * share
        colour = second if share == 0.62 else first
        draw.ellipse((middle - half, bag[1], middle + half, bag[3]), fill=colour)
        foot = edge * 0.34 * share
        draw.polygon(
            [
                (middle - half * 0.86, edge * 0.68),
                (middle + half * 0.86, edge * 0.68),
                (middle + foot * 0.2, low),
                (middle - foot * 0.2, low),
            ],
            fill=colour,
        )
    draw.rectangle(
        (edge * 0.43, edge * 1.3, edge * 0.57, edge * 1.42), fill=mixed(palette.near, (120, 74, 40), 0.5)
    )
    for side in (0.44, 0.56):
        draw.line((edge * side, low, edge * side, edge * 1.3), fill=palette.near, width=max(4, edge // 90))
    shade = Image.new("L", picture.size, 0)
    ImageDraw.Draw(shade).rectangle((edge * 0.55, 0, edge, edge * 1.5), fill=90)
    shade = ImageChops.multiply(shade.filter(ImageFilter.GaussianBlur(edge / 9)), picture.getchannel("A"))
    picture.paste((*palette.near, 255), (0, 0), shade)
    side = -1 if sun[0] > 0.5 else 1
    at = (0.5 + side * random.uniform(0.12, 0.3), random.uniform(0.2, 0.34))
    stamp(canvas, (at[0] * canvas.width, at[1] * canvas.height), picture)


def add_boat(canvas: Image.Image, palette: Palette, shore: float, random: Random) -> None:
    edge = round(min(canvas.size) * random.uniform(0.06, 0.09)) * 4
    picture = Image.new("RGBA", (edge, round(edge * 1.2)), (*palette.near, 0))
    draw = ImageDraw.Draw(picture)
    sail = mixed((255, 250, 240), palette.light, 0.5)
    draw.polygon(
        [(edge * 0.48, edge * 0.04), (edge * 0.48, edge * 0.88), (edge * 0.1, edge * 0.88)], fill=sail
    )
    draw.polygon(
        [(edge * 0.53, edge * 0.16), (edge * 0.53, edge * 0.88), (edge * 0.86, edge * 0.88)],
        fill=mixed(sail, palette.middle, 0.25),
    )
    draw.rectangle((edge * 0.49, 0, edge * 0.515, edge * 0.95), fill=palette.near)
    draw.polygon(
        [
            (edge * 0.06, edge * 0.93),
            (edge * 0.94, edge * 0.93),
            (edge * 0.8, edge * 1.08),
            (edge * 0.2, edge * 1.08),
        ],
        fill=palette.near,
    )
    x = random.choice((random.uniform(0.14, 0.36), random.uniform(0.64, 0.86))) * canvas.width
    y = (shore + (1 - shore) * random.uniform(0.25, 0.5)) * canvas.height
    ghost = ImageOps.flip(picture.filter(ImageFilter.GaussianBlur(edge / 40)))
    ghost.putalpha(ghost.getchannel("A").point([level // 3 for level in range(256)]))
    stamp(canvas, (x, y + edge * 0.22), ghost)
    stamp(canvas, (x, y), picture)


def add_cabin(canvas: Image.Image, palette: Palette, floor: float, random: Random) -> None:
    edge = round(min(canvas.size) * 0.085) * 4
    picture = Image.new("RGBA", (edge, edge), (*palette.near, 0))
    draw = ImageDraw.Draw(picture)
    wall = mixed(palette.near, (0, 0, 0), 0.35)
    draw.rectangle((edge * 0.2, edge * 0.5, edge * 0.8, edge * 0.96), fill=wall)
    draw.polygon(
        [(edge * 0.1, edge * 0.54), (edge * 0.5, edge * 0.2), (edge * 0.9, edge * 0.54)],
        fill=mixed(wall, palette.far, 0.25),
    )
    draw.rectangle((edge * 0.66, edge * 0.2, edge * 0.74, edge * 0.42), fill=wall)
    for left in (0.3, 0.56):
        draw.rectangle((edge * left, edge * 0.64, edge * (left + 0.14), edge * 0.8), fill=(255, 212, 128))
    at = (random.uniform(0.2, 0.8) * canvas.width, min(0.93, floor - 0.05) * canvas.height)
    add_glow(canvas, at, edge * 0.24, (255, 196, 110), 0.5)
    stamp(canvas, at, picture)


def add_snow(canvas: Image.Image, random: Random) -> None:
    draw = ImageDraw.Draw(canvas, "RGBA")
    for _ in range(240):
        x, y = random.random() * canvas.width, random.random() * canvas.height
        size = min(canvas.size) * random.choice((0.0012, 0.0018, 0.0026, 0.004))
        draw.ellipse((x - size, y - size, x + size, y + size), fill=(255, 255, 255, random.randint(90, 220)))
