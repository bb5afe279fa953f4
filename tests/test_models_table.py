"""`docs/models.md` says what the catalogue says."""

from __future__ import annotations

from pathlib import Path

from bot.models_table import everything, models_page

PAGE = Path(__file__).parent.parent / "docs" / "models.md"


def test_the_page_of_models_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == models_page(everything()), (
        "run: python -m bot.models_table > docs/models.md"
    )


def test_every_model_is_on_the_page_but_the_demo() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for model in everything().all_models():
        assert (f"`{model.id}`" in page) == (model.provider != "demo"), model.id
