"""The catalogue: what it knows, what an owner may change, how a request becomes the model's, and what it costs."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalog import Catalog, CatalogError
from bot.errors import BadImage, InvalidRequest, NoProvider, RetiredModel, SettingsError, UnknownModel
from bot.images import ImageRequest, InputImage, Kind
from bot.models import ImageModel
from bot.sizes import FreeSizes, ListedSizes, RatioSizes, understand

TODAY = date(2026, 11, 21)
FLARE = "openai/gpt-image-2.6-flare"
SHIPPED = Path(__file__).parent.parent / "bot" / "catalog.toml"


def load(*providers: str, extra: Path | None = None, today: date = TODAY, **wishes: Any) -> Catalog:
    return Catalog.load(extra, providers or ("openai",), today=lambda: today, **wishes)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


@pytest.fixture(scope="module")
def demo() -> Catalog:
    return load("demo")


def ask(**wishes: Any) -> ImageRequest:
    defaults: dict[str, Any] = {"kind": Kind.GENERATE, "prompt": "a fox", "model": FLARE}
    return ImageRequest(**(defaults | wishes))


def stored(width: int = 1024, height: int = 1024) -> InputImage:
    return InputImage(key="0" * 64, media_type="image/png", width=width, height=height, size_bytes=1)


def owner_file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


class TestFinding:
    @pytest.mark.parametrize(
        "name", [FLARE, "gpt-image-2.6-flare", " GPT-Image-2.6-FLARE ", "flare", "gpt_image_2.6_flare"]
    )
    def test_a_model_answers_to_its_id_its_vendor_s_name_and_its_aliases(
        self, name: str, catalog: Catalog
    ) -> None:
        assert catalog.find(name).id == FLARE

    def test_an_unknown_name_comes_with_the_nearest(self, catalog: Catalog) -> None:
        with pytest.raises(UnknownModel) as caught:
            catalog.find("gpt-image-2.5")
        assert caught.value.nearest is not None
        assert caught.value.nearest[:2] == ["openai/gpt-image-2.5-flare", "openai/gpt-image-2.5-sunburst"]

    @pytest.mark.parametrize(
        "name", ["dall-e-3", "DALL-E-2", "gpt-image-1", "imagen-4", "gemini-2.0-flash-exp", "sd3"]
    )
    def test_a_retired_name_comes_with_a_successor_that_can_be_used(
        self, name: str, catalog: Catalog
    ) -> None:
        with pytest.raises(RetiredModel) as caught:
            catalog.find(name)
        assert caught.value.successor in [model.id for model in catalog.models()]

    def test_a_model_retires_on_its_day(self) -> None:
        assert load(today=date(2026, 11, 30)).find("gpt-image-1.5").retires_on == date(2026, 12, 1)
        after = load(today=date(2026, 12, 1))
        with pytest.raises(RetiredModel) as caught:
            after.find("gpt-image-1.5")
        assert (caught.value.successor, caught.value.since) == ("openai/gpt-image-2.5-flare", "2026-12-01")
        assert "openai/gpt-image-1.5" not in [model.id for model in after.models()]
        assert after.known("openai/gpt-image-1.5") is not None

    def test_a_model_without_its_key_says_which(self, demo: Catalog) -> None:
        with pytest.raises(NoProvider) as caught:
            demo.find("gpt-image-2")
        assert (caught.value.provider, caught.value.setting) == ("openai", "OPENAI_API_KEY")

    def test_the_demo_is_gone_when_there_is_a_real_provider(self) -> None:
        both = load("demo", "openai")
        assert {model.provider for model in both.models()} == {"openai"}
        with pytest.raises(UnknownModel):
            both.find("demo/studio")

    def test_the_default_is_the_recommended_one_or_the_owner_s(self, catalog: Catalog, demo: Catalog) -> None:
        assert catalog.default(Kind.GENERATE).id == FLARE
        assert demo.default(Kind.VARIATIONS).id == "demo/studio"
        assert load(default_model="gpt-image-2").default(Kind.EDIT).id == "openai/gpt-image-2"
        with pytest.raises(NoProvider):
            catalog.default(Kind.UPSCALE)

    @pytest.mark.parametrize("name", ["dall-e-3", "nothing", "demo/studio"])
    def test_a_default_that_cannot_be_is_an_error_of_the_settings(self, name: str) -> None:
        with pytest.raises(SettingsError) as caught:
            load(default_model=name)
        assert caught.value.problems[0][0] == "DEFAULT_MODEL"

    def test_suggestions_begin_with_what_was_typed(self, catalog: Catalog) -> None:
        assert catalog.suggest("", Kind.GENERATE)[0].id == FLARE
        assert catalog.suggest("SUN")[0].vendor_id.endswith("sunburst")
        assert [model.vendor_id for model in catalog.suggest("mini")] == ["gpt-image-1-mini"]
        assert catalog.suggest("zzz") == []

    def test_what_shipped_is_consistent(self, catalog: Catalog) -> None:
        ids = {entry["id"] for entry in tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["models"]}
        for name in ids:
            entry = catalog.known(name)
            assert entry is not None
            assert entry.successor is None or entry.successor in ids
            assert set(entry.quality_words.values()) <= set(entry.qualities)
            assert all(entry.sizes.resolve(understand(size)) == size for size in entry.sizes.offered)


class TestChecking:
    def test_what_nobody_said_becomes_explicit(self, catalog: Catalog) -> None:
        checked = catalog.check(ask(model="flare"))
        assert (checked.model, checked.size, checked.quality, checked.format) == (
            FLARE,
            "auto",
            "medium",
            "png",
        )
        assert checked.asked_size is None

    def test_checking_twice_changes_nothing(self, catalog: Catalog) -> None:
        once = catalog.check(ask(size="1920x1080", quality="ultra", format="jpg"))
        assert catalog.check(once) == once

    @pytest.mark.parametrize(
        ("model", "asked", "size"),
        [
            ("flare", "512x512", "816x816"),
            ("flare", "1792x1024", "1792x1024"),
            ("flare", "1920×1080", "1920x1088"),
            ("flare", "16:9", "1536x864"),
            ("flare", "16:9 2k", "2560x1440"),
            ("flare", "16:9 4K", "3840x2160"),
            ("flare", "4K", "2880x2880"),
            ("flare", "portrait", "1024x1536"),
            ("flare", "1x5000", "480x1408"),
            ("gpt-image-1.5", "1792x1024", "1536x1024"),
            ("gpt-image-1.5", "9:16", "1024x1536"),
            ("gpt-image-1.5", "512x512", "1024x1024"),
        ],
    )
    def test_a_size_becomes_the_nearest_and_the_wish_is_kept(
        self, model: str, asked: str, size: str, catalog: Catalog
    ) -> None:
        checked = catalog.check(ask(model=model, size=asked))
        assert checked.size == size
        assert checked.asked_size == (None if asked == size else asked)

    @pytest.mark.parametrize("size", ["big", "0x0", "1024", "16:0", "1024x1024x1024", "99999999x1", "-1x5"])
    def test_a_size_that_is_none_is_refused(self, size: str, catalog: Catalog) -> None:
        with pytest.raises(InvalidRequest) as caught:
            catalog.check(ask(size=size))
        assert (caught.value.field, caught.value.problem) == ("size", "unknown")

    @pytest.mark.parametrize(
        ("model", "word", "quality"),
        [
            ("flare", "standard", "medium"),
            ("flare", "HIGH", "high"),
            ("flare", "hd", "high"),
            ("flare", "ultra", "max"),
            ("flare", "xhigh", "xhigh"),
            ("gpt-image-2", "standard", "low"),
            ("gpt-image-2", "ultra", "high"),
        ],
    )
    def test_a_quality_is_translated_honestly(
        self, model: str, word: str, quality: str, catalog: Catalog
    ) -> None:
        assert catalog.check(ask(model=model, quality=word)).quality == quality

    @pytest.mark.parametrize(
        ("model", "word", "told"),
        [
            ("flare", "ultra", "ultra"),
            ("flare", "high", None),
            ("flare", "standard", None),
            ("flare", "max", None),
        ],
    )
    def test_a_translated_quality_is_remembered_and_checked_again_means_the_same(
        self, model: str, word: str, told: str | None, catalog: Catalog
    ) -> None:
        once = catalog.check(ask(model=model, quality=word))
        assert once.asked_quality == told
        assert catalog.check(once) == once
        cheaper = catalog.check(replace(once, quality="low"))
        assert (cheaper.quality, cheaper.asked_quality) == ("low", None)
        elsewhere = catalog.check(replace(once, model="openai/gpt-image-2", quality=once.asked_quality))
        assert elsewhere.quality == ("high" if told else "medium")

    @pytest.mark.parametrize(
        ("wish", "field", "problem"),
        [
            ({"prompt": "  "}, "prompt", "empty"),
            ({"prompt": "a" * 32_001}, "prompt", "too_long"),
            ({"kind": Kind.UPSCALE}, "kind", "unsupported"),
            ({"count": 0}, "count", "out_of_range"),
            ({"count": 11}, "count", "out_of_range"),
            ({"model": "gpt-image-2", "quality": "max"}, "quality", "unsupported"),
            ({"quality": "superb"}, "quality", "unsupported"),
            ({"format": "bmp"}, "format", "unsupported"),
            ({"background": "green"}, "background", "unsupported"),
            ({"background": "transparent", "format": "jpg"}, "background", "needs_format"),
            ({"seed": 1}, "seed", "unsupported"),
            ({"negative": "rain"}, "negative", "unsupported"),
            ({"strength": 0.5}, "strength", "unsupported"),
            ({"kind": Kind.EDIT}, "image", "missing"),
            ({"kind": Kind.VARIATIONS, "prompt": ""}, "image", "missing"),
            ({"inputs": (stored(),)}, "image", "unsupported"),
            ({"kind": Kind.EDIT, "inputs": (stored(),) * 17}, "image", "too_many"),
            ({"kind": Kind.VARIATIONS, "inputs": (stored(),), "mask": stored()}, "mask", "unsupported"),
            ({"kind": Kind.VARIATIONS, "inputs": (stored(),), "strength": 1.5}, "strength", "out_of_range"),
        ],
    )
    def test_what_cannot_be_is_named(
        self, wish: dict[str, Any], field: str, problem: str, catalog: Catalog
    ) -> None:
        with pytest.raises(InvalidRequest) as caught:
            catalog.check(ask(**wish))
        assert (caught.value.field, caught.value.problem) == (field, problem)
        assert caught.value.model is not None

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_a_seed_has_limits(self, seed: int, demo: Catalog) -> None:
        with pytest.raises(InvalidRequest) as caught:
            demo.check(ask(model="demo", seed=seed))
        assert (caught.value.problem, caught.value.allowed) == ("out_of_range", ["0", "4294967294"])

    def test_a_mask_must_be_of_the_first_picture_s_size(self, catalog: Catalog) -> None:
        wish = ask(kind=Kind.EDIT, inputs=(stored(800, 600), stored()), mask=stored())
        with pytest.raises(BadImage) as caught:
            catalog.check(wish)
        assert caught.value.problem == "mask_size"

    def test_variations_need_no_words_and_take_a_strength_everywhere(self, catalog: Catalog) -> None:
        checked = catalog.check(ask(kind=Kind.VARIATIONS, prompt="", inputs=(stored(),), strength=0.3))
        assert checked.strength == 0.3

    def test_a_model_without_auto_takes_the_shape_of_its_input(self, demo: Catalog) -> None:
        checked = demo.check(ask(kind=Kind.EDIT, model="demo", inputs=(stored(1000, 500),)))
        assert (checked.size, checked.asked_size) == ("1000x504", None)

    def test_transparent_alone_picks_a_format_that_can(self, catalog: Catalog) -> None:
        assert catalog.check(ask(background="transparent")).format == "png"


class TestPrices:
    def tag(self, model: str, **wishes: Any) -> int:
        return load().find(model).price_tag(**wishes)

    def test_price_tags_are_those_of_the_vendor_s_table(self) -> None:
        tags = [
            self.tag("gpt-image-2.5-flare", size="1024x1024", quality=q)
            for q in ("low", "medium", "high", "max")
        ]
        assert [round(tag / 1_000_000, 3) for tag in tags] == [0.006, 0.013, 0.053, 0.211]

    def test_a_turned_size_costs_the_same(self) -> None:
        assert self.tag("gpt-image-2", size="1536x1024") == self.tag("gpt-image-2", size="1024x1536")

    def test_automatic_quality_is_priced_as_the_dearest(self) -> None:
        assert self.tag("gpt-image-2", quality="auto") == self.tag("gpt-image-2", quality="high")

    def test_the_estimate_covers_calls_words_inputs_and_previews(self, catalog: Catalog) -> None:
        one = catalog.estimate(catalog.check(ask(size="1024x1024")))
        assert 52_680 + 3 * 100 * 30 <= one <= 52_680 + 3 * 100 * 30 + 1000
        assert catalog.estimate(catalog.check(ask(size="1024x1024", count=4))) == 4 * one
        edit = catalog.check(ask(kind=Kind.EDIT, inputs=(stored(),), size="1024x1024"))
        assert catalog.estimate(edit) == one + 3000 * 8

    @given(
        size=st.sampled_from(["auto", "1024x1024", "1536x1024", "3840x2160", "2000x1500"]),
        quality=st.sampled_from(["low", "medium", "high", "xhigh", "max"]),
        count=st.integers(1, 10),
        prompt=st.text(min_size=1, max_size=500).filter(str.strip),
    )
    def test_a_table_s_own_usage_never_costs_more_than_the_estimate(
        self, size: str, quality: str, count: int, prompt: str
    ) -> None:
        catalog = CATALOG
        request = catalog.check(ask(size=size, quality=quality, count=count, prompt=prompt))
        output = {"low": 784, "medium": 1756, "high": 1756, "xhigh": 3122, "max": 7024}[quality]
        if size not in ("auto", "1024x1024"):
            output = {"low": 632, "medium": 1372, "high": 1372, "xhigh": 2459, "max": 5488}[quality]
        usage = {"input_tokens": len(prompt.encode()) // 2, "output_tokens": output}
        assert sum(
            catalog.cost(request, usage, pictures=part) for _, part in catalog.plan(request)
        ) <= catalog.estimate(request)

    def test_cached_input_is_cheaper(self, catalog: Catalog) -> None:
        request = catalog.check(ask())
        details = {"text_tokens": 100, "image_tokens": 1000}
        usage = {"output_tokens": 10, "input_tokens": 1100, "input_tokens_details": details}
        full = catalog.cost(request, usage, pictures=1)
        details_cached = {**details, "cached_tokens_details": {"text_tokens": 0, "image_tokens": 1000}}
        cached = catalog.cost(request, {**usage, "input_tokens_details": details_cached}, pictures=1)
        assert (full, full - cached) == (300 + 500 + 8000, 6000)

    def test_strange_usage_does_not_break_the_books(self, catalog: Catalog) -> None:
        request = catalog.check(ask())
        for usage in ({}, {"output_tokens": None}, {"output_tokens": "many"}, {"output_tokens": 0}):
            assert catalog.cost(request, usage, pictures=1) > 0
        odd = {"output_tokens": 10, "input_tokens": -5, "input_tokens_details": []}
        assert catalog.cost(request, odd, pictures=1) == 300

    def test_the_demo_is_free(self, demo: Catalog) -> None:
        request = demo.check(ask(model="demo", count=10, size="2048x2048"))
        assert (demo.estimate(request), demo.find("demo").free) == (0, True)

    def test_pictures_are_planned_in_calls(self, catalog: Catalog) -> None:
        assert catalog.plan(catalog.check(ask(count=3))) == [(1, 1), (2, 1), (3, 1)]
        vary = catalog.check(ask(kind=Kind.VARIATIONS, inputs=(stored(),), count=5))
        assert catalog.plan(vary) == [(1, 4), (5, 1)]


CATALOG = load()


class TestOwnersFile:
    def model(self, folder: Path, text: str, name: str, *providers: str) -> ImageModel:
        return load(*(providers or ("openai",)), extra=owner_file(folder, text)).find(name)

    def test_an_owner_changes_a_price_and_hides_a_model(self, tmp_path: Path) -> None:
        text = 'hide = ["openai/gpt-image-2"]\n[[models]]\nid = "openai/gpt-image-2.6-flare"\nprice = { usd = 0.05 }\n'
        catalog = load(extra=owner_file(tmp_path, text))
        assert catalog.estimate(catalog.check(ask(count=2))) == 100_000
        with pytest.raises(UnknownModel):
            catalog.find("gpt-image-2")

    def test_an_owner_adds_a_model_like_another(self, tmp_path: Path) -> None:
        text = '[[models]]\nid = "openai/my-deployment"\nlike = "openai/gpt-image-2"\nname = "Ours"\n'
        mine = self.model(tmp_path, text, "my-deployment")
        assert (mine.name, mine.default_quality, mine.recommended) == ("Ours", "medium", False)

    def test_ratios_with_classes_and_prices_by_class(self, tmp_path: Path) -> None:
        text = """
[[models]]
id = "gemini/banana"
name = "Banana"
kinds = ["generate", "edit"]
max_inputs = 14
sizes = { ratios = ["1:1", "16:9", "9:16", "21:9"], classes = ["1K", "2K", "4K"] }
price = { usd = { "1K" = 0.134, "2K" = 0.134, "4K" = 0.24 }, input_usd = 0.001 }
"""
        catalog = load("gemini", extra=owner_file(tmp_path, text))

        def checked(**wishes: Any) -> ImageRequest:
            return catalog.check(ask(model="banana", **wishes))

        sizes = {
            asked: checked(size=asked).size
            for asked in ("auto", "16:9 2K", "1920x1080", "512x512", "4k", "3:1")
        }
        assert sizes == {
            "auto": "1:1 1K", "16:9 2K": "16:9 2K", "1920x1080": "16:9 1K", "512x512": "1:1 1K", "4k": "1:1 4K",
            "3:1": "21:9 1K",
        }  # fmt: skip
        assert catalog.estimate(checked(size="16:9 4K", count=2)) == 480_000
        edit = checked(kind=Kind.EDIT, inputs=(stored(1920, 1080),), count=2)
        assert (edit.size, catalog.estimate(edit)) == ("16:9 1K", 2 * 135_000)
        assert checked(format="webp").format == "webp"
        assert checked(quality="standard").quality is None
        best = checked(quality="ultra")
        assert (best.quality, best.asked_quality) == (None, "ultra")
        with pytest.raises(InvalidRequest):
            checked(quality="xhigh")

    def test_credits_are_money(self, tmp_path: Path) -> None:
        text = """
[[models]]
id = "stability/core"
name = "Core"
kinds = ["generate"]
sizes = { ratios = ["1:1", "16:9"] }
price = { credits = 3, credit_usd = 0.01 }
seed = true
"""
        core = self.model(tmp_path, text, "core", "stability")
        assert (core.price_tag(), core.sizes.offered, core.can(Kind.VARIATIONS)) == (
            30_000,
            ("1:1", "16:9"),
            False,
        )

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("[[models]\n", "no TOML"),
            ("[[modells]]\nid = 1\n", "modells"),
            ('[[models]]\nname = "x"\n', "model number 1, id"),
            ('[[models]]\nid = "openai/x"\n', "openai/x, name: is missing"),
            (
                '[[models]]\nid = "openai/gpt-image-2"\nmax_count = 11\n',
                "openai/gpt-image-2, max_count: must be a whole",
            ),
            (
                '[[models]]\nid = "openai/gpt-image-2"\nmaxcount = 1\n',
                "openai/gpt-image-2, maxcount: there is no such",
            ),
            (
                '[[models]]\nid = "openai/gpt-image-2"\nmask = "yes"\n',
                "openai/gpt-image-2, mask: must be true",
            ),
            ('[[models]]\nid = "openai/gpt-image-2"\nkinds = ["paint"]\n', "kinds: 'paint' is none of"),
            ('[[models]]\nid = "openai/gpt-image-2"\nprice = { usd = -1 }\n', "price: must be a number"),
            ('[[models]]\nid = "openai/gpt-image-2"\nprice = { image_out = 1 }\n', "price: needs usd"),
            ('[[models]]\nid = "openai/gpt-image-2"\nprice = { euro = 1 }\n', "'euro'"),
            (
                '[[models]]\nid = "openai/gpt-image-2"\nsizes = { list = ["big"] }\n',
                "sizes: 'big' is no size",
            ),
            ('[[models]]\nid = "openai/gpt-image-2"\nsizes = { list = [] }\n', "sizes: must not be empty"),
            ('[[models]]\nid = "openai/gpt-image-2"\nretires_on = "soon"\n', "retires_on: must be a day"),
            (
                '[[models]]\nid = "openai/gpt-image-2"\ndefault_quality = "superb"\n',
                "default_quality: must be one",
            ),
            ('[[models]]\nid = "openai/x"\nlike = "openai/y"\n', "like: there is no entry"),
            ('hide = ["openai/nothing"]\n', "hide: there is no model"),
            ('[[models]]\nid = "a/b"\n[[models]]\nid = "a/b"\n', "a/b, id: comes twice"),
            ("[[retired]]\nnames = [1]\n", "retired"),
        ],
    )
    def test_a_fault_names_file_entry_and_field(self, text: str, words: str, tmp_path: Path) -> None:
        path = owner_file(tmp_path, text)
        with pytest.raises(CatalogError) as caught:
            load(extra=path)
        assert caught.value.where == str(path)
        assert words in (caught.value.hint or "")

    def test_a_file_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogError) as caught:
            load(extra=tmp_path / "none.toml")
        assert caught.value.hint == "There is no such file or folder"


class TestSizes:
    RULE = FreeSizes(
        multiple=16,
        min_pixels=655_360,
        max_pixels=8_294_400,
        longest=3840,
        max_ratio=3,
        suggested=("auto", "1024x1024"),
    )

    @given(st.integers(1, 100_000), st.integers(1, 100_000))
    def test_whatever_is_asked_for_becomes_a_legal_size(self, width: int, height: int) -> None:
        across, down = (int(edge) for edge in self.RULE.resolve(understand(f"{width}x{height}")).split("x"))
        assert self.RULE.allows(across, down)

    @given(st.integers(40, 240), st.integers(40, 240))
    def test_a_legal_size_stays_as_it_is(self, across: int, down: int) -> None:
        width, height = across * 16, down * 16
        if self.RULE.allows(width, height):
            assert self.RULE.resolve(understand(f"{width}x{height}")) == f"{width}x{height}"

    @given(st.floats(0.1, 999).map(lambda n: round(n, 2)), st.floats(0.1, 999).map(lambda n: round(n, 2)))
    def test_every_ratio_finds_a_place(self, across: float, down: float) -> None:
        asked = understand(f"{across}:{down}")
        assert RatioSizes(("1:1", "16:9", "9:16")).resolve(asked) in ("1:1", "16:9", "9:16")
        assert ListedSizes(("auto", "1024x1024", "1536x1024")).resolve(asked) != "auto"

    def test_a_model_that_only_follows_its_input_takes_anything_as_auto(self) -> None:
        assert ListedSizes(("auto",)).resolve(understand("16:9")) == "auto"
