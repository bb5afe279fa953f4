"""The OpenAI client on the wire: what it sends, what it makes of good answers, and that it lets go when cancelled."""

from __future__ import annotations

import asyncio
import hashlib
import io

import pytest
from PIL import Image

from bot.catalog_servers import OPTIONAL_FIELDS
from bot.errors import NoPicture
from bot.images import GeneratedImage, Kind
from bot.media import prepare_mask
from bot.providers.base import Picture
from bot.providers.limits import Limited
from bot.providers.openai import OpenAIProvider
from tests.fakes.openai_rules import Rules
from tests.fakes.openai_server import FakeOpenAI
from tests.providers.calls import Previews, call, input_picture


def sha256(image: GeneratedImage) -> str:
    return hashlib.sha256(image.data).hexdigest()


def mask_picture() -> Picture:
    painted = Image.new("L", (1024, 1024), 0)
    painted.paste(255, (200, 200, 600, 600))
    sink = io.BytesIO()
    painted.save(sink, "PNG")
    ready = prepare_mask(sink.getvalue(), size=(1024, 1024))
    return Picture(data=ready.data, media_type=ready.media_type, width=ready.width, height=ready.height)


async def test_the_bytes_of_the_vendor_come_through_unchanged(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    rendering = await openai.render(call(size="1536x1024", format="webp"), Previews())
    (image,) = rendering.images
    assert [sha256(image)] == vendor.calls[0].pictures
    assert (image.media_type, image.width, image.height) == ("image/webp", 1536, 1024)
    assert rendering.request_id == "req_1"


async def test_a_request_says_everything_explicitly(vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    await openai.render(call(count=3, size="16:9", background="transparent"), Previews())
    assert vendor.calls[0].fields == {
        "model": "gpt-image-2.6-flare",
        "prompt": "a fox in the snow",
        "n": 3,
        "size": "1536x864",
        "quality": "medium",
        "background": "transparent",
        "output_format": "png",
        "safety_identifier": "0123abcd",
    }
    assert vendor.calls[0].authorization == "Bearer sk-test"


async def test_several_pictures_of_one_call_keep_their_order(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    rendering = await openai.render(call(count=4), Previews())
    assert [sha256(image) for image in rendering.images] == vendor.calls[0].pictures


async def test_more_pictures_than_were_asked_for_are_not_taken(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    vendor.answers(count=5)
    assert len((await openai.render(call(count=2), Previews())).images) == 2


async def test_the_cost_comes_from_usage(vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    usage = {
        "input_tokens": 1010,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 1000},
        "output_tokens": 2000,
        "total_tokens": 3010,
    }
    vendor.answers(usage=usage)
    rendering = await openai.render(call(inputs=(input_picture(),)), Previews())
    assert rendering.cost_microusd == 10 * 5 + 1000 * 8 + 2000 * 30
    assert rendering.usage == usage


async def test_without_usage_the_table_decides_the_cost(vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    vendor.answers(no_usage=True)
    rendering = await openai.render(call(quality="high", size="1024x1024"), Previews())
    assert 1756 * 30 <= rendering.cost_microusd < 1756 * 30 + 1000


async def test_one_input_goes_as_image_and_several_as_a_list(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    first, second = input_picture(label="1"), input_picture("1536x1024", "jpeg", label="2")
    await openai.render(call(inputs=(first,)), Previews())
    await openai.render(call(inputs=(first, second)), Previews())
    one, two = vendor.calls
    assert [(file["field"], file["name"], file["media_type"]) for file in one.files] == [
        ("image", "image_1.png", "image/png")
    ]
    assert [(file["field"], file["media_type"]) for file in two.files] == [
        ("image[]", "image/png"),
        ("image[]", "image/jpeg"),
    ]
    assert [file["sha256"] for file in two.files] == [
        hashlib.sha256(sent.data).hexdigest() for sent in (first, second)
    ]
    assert one.fields["user"] == "0123abcd"


async def test_a_mask_goes_along_with_the_first_input(vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    mask = mask_picture()
    await openai.render(call(inputs=(input_picture(), input_picture()), mask=mask), Previews())
    assert [file["field"] for file in vendor.calls[0].files] == ["image[]", "image[]", "mask"]
    assert vendor.calls[0].files[2]["sha256"] == hashlib.sha256(mask.data).hexdigest()


async def test_variations_are_edits_that_say_how_far_to_go(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    await openai.render(
        call(kind=Kind.VARIATIONS, prompt="the same fox", strength=0.1, inputs=(input_picture(),)), Previews()
    )
    assert vendor.calls[0].path == "/v1/images/edits"
    assert vendor.calls[0].fields["prompt"].startswith("the same fox\n\nKeep the picture almost as it is")


@pytest.mark.parametrize("inputs", [0, 1, 2])
async def test_previews_come_while_it_draws(inputs: int, vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    previews = Previews()
    pictures = tuple(input_picture(label=str(number)) for number in range(inputs))
    rendering = await openai.render(call(inputs=pictures, previews=2, first=3), previews)
    assert [number for number, _ in previews] == [3, 3]
    assert vendor.calls[0].fields["stream"] is True
    assert [sha256(image) for image in rendering.images] == vendor.calls[0].pictures
    assert rendering.cost_microusd > 0


async def test_fewer_previews_than_asked_for_are_normal(vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    vendor.answers(partials=0)
    previews = Previews()
    assert (await openai.render(call(previews=3), previews)).images
    assert previews == []


async def test_a_call_for_several_pictures_does_not_stream(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    await openai.render(call(count=2, previews=3), Previews())
    assert "stream" not in vendor.calls[0].fields


async def test_a_server_that_ignores_stream_is_understood(vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    vendor.answers(ignore_stream=True)
    rendering = await openai.render(call(previews=3), Previews())
    assert [sha256(image) for image in rendering.images] == vendor.calls[0].pictures


async def test_a_picture_of_many_chunks_arrives_whole_in_a_stream(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    vendor.answers(weight=1_500_000)
    rendering = await openai.render(call(previews=2), Previews())
    assert [sha256(image) for image in rendering.images] == vendor.calls[0].pictures


async def test_an_address_instead_of_bytes_is_fetched_from_the_server_itself(
    vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    vendor.answers(url="here")
    rendering = await openai.render(call(count=2), Previews())
    assert [sha256(image) for image in rendering.images] == vendor.calls[0].pictures


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/a.png", "http://[::1]/a.png", "http://2130706433/a.png", "file:///etc/hostname"]
)
async def test_an_address_inside_the_network_is_not_fetched(
    url: str, vendor: FakeOpenAI, openai: OpenAIProvider
) -> None:
    vendor.answers(url=url)
    with pytest.raises(NoPicture) as caught:
        await openai.render(call(), Previews())
    assert caught.value.code == "Forbidden"


async def test_a_server_that_knows_less_is_asked_for_less(vendor: FakeOpenAI) -> None:
    provider = OpenAIProvider(
        api_key="x",
        base_url=vendor.url,
        accepts=OPTIONAL_FIELDS - {"stream", "partial_images", "quality", "user"},
    )
    await provider.render(call(previews=2), Previews())
    await provider.close()
    assert not {"stream", "partial_images", "quality"} & set(vendor.calls[0].fields)


async def test_cancelling_closes_the_connection(vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    vendor.answers(hold=True)
    drawing = asyncio.create_task(openai.render(call(), Previews()))
    await vendor.arrived(1)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    await vendor.ended(1)
    assert vendor.calls[0].outcome == "abandoned"


async def test_cancelling_in_the_middle_of_a_body_frees_the_place(vendor: FakeOpenAI) -> None:
    provider = OpenAIProvider(api_key="x", base_url=vendor.url, readers=1)
    vendor.answers(hold_half=True)
    drawing = asyncio.create_task(provider.render(call(), Previews()))
    await vendor.halfway.wait()
    drawing.cancel()
    await vendor.ended(1)
    assert (await provider.render(call(), Previews())).images
    await provider.close()


async def test_the_limit_lets_so_many_through_and_no_more(vendor: FakeOpenAI, openai: OpenAIProvider) -> None:
    limited = Limited(openai, concurrency=2)
    vendor.always(hold=True)
    drawing = [asyncio.create_task(limited.render(call(), Previews())) for _ in range(5)]
    await vendor.arrived(2)
    assert (limited.waiting, vendor.open) == (3, 2)
    vendor.release()
    await asyncio.gather(*drawing)
    assert (vendor.peak, len(vendor.calls)) == (2, 5)


async def test_the_fake_itself_answers_by_the_document(
    vendor: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules, faults = Rules(), list[str]()
    from bot.providers import openai_answers

    read = openai_answers.parsed

    def watched(data: bytes) -> dict[str, object]:
        whole = read(data)
        faults.extend(rules.faults_of_event(whole) if "type" in whole else rules.faults_of_answer(whole))
        return whole

    monkeypatch.setattr(openai_answers, "parsed", watched)
    provider = OpenAIProvider(api_key="x", base_url=vendor.url)
    await provider.render(call(), Previews())
    await provider.render(call(previews=2), Previews())
    await provider.render(call(previews=2, inputs=(input_picture(),)), Previews())
    await provider.close()
    assert faults == []
