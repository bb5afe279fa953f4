"""What the catalogue says of each vendor's models: prices, servers, old names."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from bot.catalog import Catalog, CatalogError
from bot.errors import RetiredModel
from bot.failover import in_words_of, others
from bot.images import ImageRequest, Kind
from bot.prices import Order, TimePrice

ALL = ["openai", "gemini", "replicate", "stability", "a1111"]


@pytest.fixture
def catalog() -> Catalog:
    return Catalog.load(None, ALL, today=lambda: date(2026, 11, 21))


OLD_NAMES = {
    "dall-e-3": "openai/gpt-image-2.6-flare",
    "DALL-E 2": "openai/gpt-image-2.6-flare",
    "gpt-image-1": "openai/gpt-image-2.6-flare",
    "gemini-2.0-flash-exp": "gemini/gemini-nano-banana-2.1",
    "gemini-2.5-flash-image": "gemini/gemini-nano-banana-2.1",
    "gemini-3-pro-image-preview": "gemini/gemini-3-pro-image",
    "imagen-4.0-generate-001": "gemini/gemini-nano-banana-2.1",
    "sd3-large": "stability/sd3.5-large",
    "stable-diffusion-v1-6": "stability/sd3.5-large",
}


@pytest.mark.parametrize(("old", "successor"), OLD_NAMES.items())
def test_names_of_old_documents_answer_with_their_successor(
    catalog: Catalog, old: str, successor: str
) -> None:
    with pytest.raises(RetiredModel) as caught:
        catalog.find(old)
    assert caught.value.successor == successor


def test_every_estimate_covers_the_price_of_its_pictures(catalog: Catalog) -> None:
    for model in catalog.models(Kind.GENERATE):
        for count in (1, model.max_count):
            request = catalog.check(
                ImageRequest(kind=Kind.GENERATE, prompt="a fox", model=model.id, count=count)
            )
            tag = model.price_tag(size=request.size, quality=request.quality)
            assert catalog.estimate(request) >= count * tag, model.id
            assert (catalog.estimate(request) == 0) == model.free
            assert sum(each for _, each in catalog.plan(request)) == count


def test_time_is_booked_as_the_vendor_counts_it_and_bounded_before() -> None:
    price = TimePrice(microusd_per_second=Fraction(975), seconds=Fraction(10))
    assert price.upper_bound(Order(pictures=2)) == 19_500
    assert price.real(Order(pictures=2), {"predict_time": 3.2}) == 3120
    assert price.real(Order(pictures=1), {}) == 9750
    assert price.real(Order(pictures=1), {"predict_time": -1}) == 9750


def test_another_model_gets_the_same_wish_in_its_own_words(catalog: Catalog) -> None:
    wish = catalog.check(
        ImageRequest(kind=Kind.GENERATE, prompt="a fox", model="flare", size="16:9", quality="xhigh", count=3)
    )
    found = others(catalog, wish, avoid={"openai"})
    assert [request.model for request in found] == [
        "gemini/gemini-nano-banana-2.1",
        "replicate/black-forest-labs/flux-schnell",
        "stability/core",
        "a1111/default",
    ]
    assert [request.size for request in found[:3]] == ["16:9 1K", "16:9", "16:9"]
    assert all(request.count == 3 and request.quality is None for request in found)


def test_what_a_model_cannot_do_is_no_place_to_go(catalog: Catalog) -> None:
    negative = catalog.check(
        ImageRequest(kind=Kind.GENERATE, prompt="a fox", model="sdxl", negative="rain", seed=4)
    )
    assert [request.model for request in others(catalog, negative, avoid={"replicate"})] == [
        "stability/core",
        "a1111/default",
    ]
    see_through = catalog.check(
        ImageRequest(kind=Kind.GENERATE, prompt="a fox", model="flare", background="transparent")
    )
    assert others(catalog, see_through, avoid={"openai"}) == []
    assert in_words_of(catalog, negative, catalog.find("flare")) is None


def test_a_ceiling_and_a_servers_own_list_bound_where_a_wish_may_go(catalog: Catalog) -> None:
    wish = catalog.check(ImageRequest(kind=Kind.GENERATE, prompt="a fox", model="flare"))
    cheap = others(catalog, wish, avoid={"openai"}, ceiling_microusd=5000)
    assert [request.model for request in cheap] == [
        "replicate/black-forest-labs/flux-schnell",
        "a1111/default",
    ]
    listed = others(catalog, wish, avoid={"openai"}, among=["stability/ultra"])
    assert [request.model for request in listed] == ["stability/ultra"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('name = "openai"\nbase_url = "http://a/v1"', "none of the program's own"),
        ('name = "shed"\nbase_url = "shed"', "must be an address"),
        ('name = "shed"\nbase_url = "http://a/v1"\naccepts = ["steps"]', "'steps' is none of"),
        ('name = "shed"\nbase_url = "http://a/v1"\nkey = "x"', "no field 'key'"),
        ('base_url = "http://a/v1"', "must be a text"),
    ],
)
def test_a_faulty_server_is_named_with_its_fault(tmp_path: Path, entry: str, told: str) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(f"[[servers]]\n{entry}\n")
    with pytest.raises(CatalogError) as caught:
        Catalog.load(file, [])
    assert told in (caught.value.hint or "")
    assert caught.value.where == str(file)
