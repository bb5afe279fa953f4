"""Colours, gradients, soft light and stamps: what the demo paints with."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from bot.providers.demo_palette import Colour

Size = tuple[int, int]


def mark(canvas: Image.Image, box: tuple[int, int, int, int] | None = None) -> None:
    """Writes DEMO, small, into the lower right corner of the box: nobody shall take this for a model's work."""
    left, top, right, bottom = box or (0, 0, *canvas.size)
    height = max(9, round(min(right - left, bottom - top) * 0.022))
    font = ImageFont.load_default(height)
    draw = ImageDraw.Draw(canvas, "RGBA")
    wide = draw.textlength("DEMO", font=font)
    at = (right - wide - height * 0.9, bottom - height * 1.9)
    draw.text((at[0] + 1, at[1] + 1), "DEMO", font=font, fill=(0, 0, 0, 110))
    draw.text(at, "DEMO", font=font, fill=(255, 255, 255, 200))


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` 0 is the first colour, 1 the other."""
    return (
        round(one[0] + (other[0] - one[0]) * share),
        round(one[1] + (other[1] - one[1]) * share),
        round(one[2] + (other[2] - one[2]) * share),
    )


def gradient(size: Size, colours: Sequence[Colour]) -> Image.Image:
    """From top to bottom, smoothly through all colours."""
    strip = Image.new("RGB", (1, len(colours)))
    strip.putdata(colours)
    # In two steps: a column first, because stretching it sideways is a plain copy.
    column = strip.resize((1, size[1]), Image.Resampling.BICUBIC)
    return column.resize(size, Image.Resampling.NEAREST)


def add_glow(
    canvas: Image.Image, at: tuple[float, float], radius: float, colour: Colour, strength: float
) -> None:
    edge = max(2, round(radius * 2))
    # A small ball of light is enlarged: it is soft anyway.
    ball = (
        ImageOps.invert(Image.radial_gradient("L"))
        .resize((96, 96))
        .point([round(255 * strength * max(0.0, (level / 255 - 0.29) / 0.71) ** 2.2) for level in range(256)])
    )
    halo = ball.resize((edge, edge), Image.Resampling.BICUBIC)
    canvas.paste(colour, (round(at[0] - radius), round(at[1] - radius)), halo)


def add_disc(canvas: Image.Image, at: tuple[float, float], radius: float, colour: Colour) -> None:
    edge = round(radius * 2) + 4
    mask = Image.new("L", (edge * 2, edge * 2), 0)
    ImageDraw.Draw(mask).ellipse((4, 4, edge * 2 - 5, edge * 2 - 5), fill=255)
    canvas.paste(colour, (round(at[0] - edge / 2), round(at[1] - edge / 2)), mask.reduce(2))


def stamp(canvas: Image.Image, at: tuple[float, float], picture: Image.Image) -> None:
    """A picture drawn at four times its size, centred at the point."""
    small = picture.reduce(4)
    canvas.paste(small, (round(at[0] - small.width / 2), round(at[1] - small.height / 2)), small)
