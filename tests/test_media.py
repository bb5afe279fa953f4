"""Pictures as bytes: what gets in, what is taken off, and what becomes smaller."""

from __future__ import annotations

import io
import threading
import time
import zlib
from typing import Any

import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from bot import media
from bot.errors import BadImage
from bot.media import NotAPicture, Pixels, convert, inspect, prepare_input, prepare_mask, shrink_to

SECRET = "the garden behind our house"


def drawn(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    picture = Image.effect_noise(size, 80).convert("RGB")
    ImageDraw.Draw(picture).rectangle((0, 0, 9, 9), fill=(255, 0, 0))
    return picture.convert(mode)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, kind, **options)
    return sink.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_header_tells_kind_and_size(kind: str) -> None:
    assert inspect(saved(drawn(size=(123, 45)), kind)) == (f"image/{kind.lower()}", 123, 45)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"exif": b"Exif\0\0II*\0"}])
def test_every_kind_of_webp_tells_its_size(options: dict[str, Any]) -> None:
    assert inspect(saved(drawn("RGBA", (321, 17)), "WEBP", **options)) == ("image/webp", 321, 17)


def test_a_progressive_jpeg_with_long_metadata_tells_its_size() -> None:
    data = saved(
        drawn(size=(50, 60)), "JPEG", progressive=True, comment=b"x" * 60_000, icc_profile=b"p" * 90_000
    )
    assert inspect(data) == ("image/jpeg", 50, 60)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\x10", b"RIFF\0\0\0\0WEBPVP8 ",
     b"RIFF\0\0\0\0WEBPVP8X\0\0", b"GIF89a", b"GIF89a\0\0\0\0", b"<svg/>", b"%PDF-1.7", b"\xff\xd8\xff\xe0\0\0" * 9],
)  # fmt: skip
def test_what_has_no_header_is_no_picture(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        inspect(data)


def test_looking_at_a_header_is_nothing_to_leave_the_loop_for() -> None:
    data = saved(drawn(size=(1024, 1024)), "JPEG")
    started = time.perf_counter()
    for _ in range(100):
        inspect(data)
    assert (time.perf_counter() - started) / 100 < 0.0002


@pytest.mark.parametrize(
    ("kind", "mode", "becomes"),
    [
        ("PNG", "RGB", "PNG"), ("PNG", "RGBA", "PNG"), ("PNG", "P", "PNG"), ("PNG", "L", "PNG"), ("PNG", "LA", "PNG"),
        ("PNG", "1", "PNG"), ("JPEG", "RGB", "JPEG"), ("JPEG", "L", "JPEG"), ("JPEG", "CMYK", "JPEG"),
        ("WEBP", "RGB", "WEBP"), ("WEBP", "RGBA", "WEBP"), ("GIF", "P", "PNG"),
    ],
)  # fmt: skip
def test_every_still_picture_of_the_four_kinds_may_be_sent(kind: str, mode: str, becomes: str) -> None:
    ready = prepare_input(saved(drawn(mode), kind))
    assert (ready.width, ready.height, ready.media_type) == (60, 40, f"image/{becomes.lower()}")
    again = opened(ready.data)
    assert (again.format, again.size, again.mode in ("RGB", "RGBA", "L")) == (becomes, (60, 40), True)
    red, green, blue = again.convert("RGB").getpixel((4, 4)) or (0, 0, 0)  # pyright: ignore[reportGeneralTypeIssues]
    assert mode in ("L", "LA", "1") or (red > 200 and green < 60 and blue < 60)


def test_see_through_stays_see_through() -> None:
    picture = drawn("RGBA")
    picture.putpixel((5, 5), (0, 0, 0, 0))
    assert opened(prepare_input(saved(picture, "PNG")).data).getpixel((5, 5)) == (0, 0, 0, 0)
    keyed = drawn()
    keyed.putpixel((5, 5), (1, 2, 3))
    assert opened(prepare_input(saved(keyed, "PNG", transparency=(1, 2, 3))).data).getpixel((5, 5)) == (
        1,
        2,
        3,
        0,
    )


def test_sixteen_bits_become_eight_without_turning_white() -> None:
    deep = Image.new("I;16", (8, 8), 40_000)
    assert opened(prepare_input(saved(deep, "PNG")).data).getpixel((1, 1)) == (156, 156, 156)


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = SECRET
    tags.get_ifd(0x8825)[1] = "N"
    tags.get_ifd(0x8825)[2] = (48.0, 51.0, 29.0)
    return tags


def with_metadata(kind: str) -> bytes:
    match kind:
        case "PNG":
            texts = PngInfo()
            texts.add_text("Comment", SECRET)
            texts.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET}</x>")
            return saved(drawn(), "PNG", pnginfo=texts, exif=exif())
        case "GIF":
            return saved(drawn(), "GIF", comment=SECRET.encode())
        case "JPEG":
            return saved(drawn(), "JPEG", exif=exif(), comment=SECRET.encode(), xmp=SECRET.encode())
        case _:
            return saved(drawn(), "WEBP", exif=exif(), xmp=SECRET.encode())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_no_metadata_leaves_the_machine(kind: str) -> None:
    dirty = with_metadata(kind) + SECRET.encode()
    assert dirty.count(SECRET.encode()) > 1
    clean = prepare_input(dirty).data
    assert SECRET.encode() not in clean
    assert not opened(clean).getexif()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_as_its_camera_said(kind: str) -> None:
    ready = prepare_input(saved(drawn(), kind, exif=exif(orientation=6)))
    assert (ready.width, ready.height) == (40, 60)
    red, green, blue = opened(ready.data).convert("RGB").getpixel((36, 4)) or (0, 0, 0)  # pyright: ignore[reportGeneralTypeIssues]
    assert red > 200 > 90 > max(green, blue)


def test_a_telephone_s_second_picture_is_no_animation() -> None:
    two = saved(drawn(), "MPO", save_all=True, append_images=[drawn()])
    assert prepare_input(two).media_type == "image/jpeg"


def problem_of(data: bytes, **options: Any) -> str:
    with pytest.raises(BadImage) as caught:
        prepare_input(data, name="a.png", **options)
    assert caught.value.name == "a.png"
    return caught.value.problem


def test_what_cannot_be_sent_is_refused_with_its_reason() -> None:
    png = saved(drawn(), "PNG")
    frames = [drawn("RGB"), Image.new("RGB", (60, 40), "blue")]
    assert problem_of(b"not at all") == "not_a_picture"
    assert problem_of(b"<html>") == "not_a_picture"
    assert problem_of(saved(drawn(), "BMP")) == "not_a_picture"
    assert problem_of(saved(drawn(), "TIFF")) == "not_a_picture"
    assert problem_of(png, max_bytes=len(png) - 1) == "too_many_bytes"
    assert problem_of(png[: len(png) // 2]) == "truncated"
    assert problem_of(saved(drawn(size=(300, 300)), "JPEG")[:-3000]) == "truncated"
    for kind in ("GIF", "PNG", "WEBP"):
        assert problem_of(saved(frames[0], kind, save_all=True, append_images=frames[1:])) == "animated"


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    size = (50_000).to_bytes(4) * 2
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size + b"\x08\x02\0\0\0")
        + chunk(b"IDAT", zlib.compress(b"\0" * 10**6))
    )
    started = time.process_time()
    with pytest.raises(BadImage) as caught:
        prepare_input(bomb)
    assert (caught.value.problem, caught.value.actual) == ("too_many_pixels", 2_500_000_000)
    assert time.process_time() - started < 0.2


def test_a_black_and_white_mask_opens_where_it_is_white() -> None:
    painted = Image.new("L", (60, 40), 0)
    painted.paste(255, (10, 10, 20, 20))
    ready = prepare_mask(saved(painted, "PNG"), size=(60, 40))
    alpha = opened(ready.data).getchannel("A")
    assert (ready.media_type, alpha.getpixel((15, 15)), alpha.getpixel((30, 30))) == ("image/png", 0, 255)


def test_a_mask_with_transparency_is_taken_as_it_is() -> None:
    painted = Image.new("RGBA", (60, 40), (255, 255, 255, 255))
    painted.paste((0, 0, 0, 0), (10, 10, 20, 20))
    painted.paste((0, 0, 0, 90), (30, 10, 40, 20))
    alpha = opened(prepare_mask(saved(painted, "WEBP", lossless=True), size=(60, 40)).data).getchannel("A")
    assert [alpha.getpixel(at) for at in ((15, 15), (35, 15), (0, 0))] == [0, 255, 255]


def test_a_mask_must_fit_and_must_mark_something() -> None:
    black = saved(Image.new("L", (60, 40), 0), "PNG")
    with pytest.raises(BadImage) as caught:
        prepare_mask(black, size=(60, 41))
    assert caught.value.problem == "mask_size"
    with pytest.raises(BadImage) as caught:
        prepare_mask(black, size=(60, 40))
    assert caught.value.problem == "mask_alpha"


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_becomes_another_kind(kind: str) -> None:
    data = convert(saved(drawn("RGBA"), "PNG"), kind)
    assert inspect(data) == (f"image/{kind}", 60, 40)


def test_in_a_jpeg_the_see_through_becomes_white() -> None:
    clear = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    assert opened(convert(saved(clear, "PNG"), "jpeg")).getpixel((8, 8)) == (255, 255, 255)


def test_what_fits_is_not_touched() -> None:
    data = saved(drawn(), "PNG")
    assert shrink_to(data, len(data)) == (data, "image/png")


def test_what_is_too_large_first_loses_quality_and_then_size() -> None:
    data = saved(drawn(size=(600, 400)), "PNG")
    gentle, media_type = shrink_to(data, len(data) - 1)
    assert (inspect(gentle), media_type) == (("image/webp", 600, 400), "image/webp")
    small, _ = shrink_to(data, 20_000)
    assert len(small) <= 20_000
    assert inspect(small)[1] < 600
    with pytest.raises(BadImage):
        shrink_to(data, 100)


async def test_work_on_pixels_runs_beside_the_loop() -> None:
    pixels = Pixels()
    assert await pixels.run(lambda: threading.current_thread().name) != threading.current_thread().name
    with pytest.raises(BadImage):
        await pixels.run(prepare_input, b"", name="x")
    pixels.close()


def test_the_limit_on_pixels_is_that_of_the_guards() -> None:
    assert media.MAX_PIXELS == 40_000_000
