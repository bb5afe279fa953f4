"""The models that can be asked for: found by what people type, offered, checked, priced.

Built from `catalog.toml` and the owner's file; holds only what the configured providers can do. Everything here is in
memory and fast enough for an autocomplete.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

from bot.catalog_file import CatalogError, Source, read_models, read_source
from bot.catalog_servers import servers_of
from bot.checks import QUALITY_WORDS, checked
from bot.errors import NoProvider, RetiredModel, SettingsError, UnknownModel
from bot.images import ImageRequest, Kind
from bot.models import ImageModel
from bot.prices import Usage
from bot.terminal import t

__all__ = ["Catalog", "CatalogError", "ImageModel"]

_DEMO = "demo"
_SUGGESTIONS = 25
"""Discord shows no more."""


def _utc_today() -> date:
    return datetime.now(UTC).date()


class Catalog:
    """`providers` are the configured ones, the first being the default's; `today` decides who has retired."""

    def __init__(
        self, sources: Sequence[Source], providers: Sequence[str], *, today: Callable[[], date] = _utc_today
    ) -> None:
        # A server stands in the owner's file because it is to be used.
        named = [*providers, *(server.name for server in servers_of(sources))]
        real = [name for name in named if name != _DEMO]
        self._providers, self._today = real or named, today
        self._ends: dict[str, date] = {}
        self._all = {model.id: model for model in read_models(list(sources))}
        everyone = list(self._all.values())
        self._named = {
            _plain(name): model for model in everyone for name in (*model.aliases, model.vendor_id)
        }
        self._named |= {_plain(model.id): model for model in everyone}
        self._retired = {
            _plain(name): (entry["successor"], str(entry["since"]) if "since" in entry else None)
            for source in sources
            for entry in source.retired
            for name in entry["names"]
        }
        self._settings = {
            name: entry.get("setting") for source in sources for name, entry in source.providers.items()
        }
        self._names = {
            name: str(entry["name"])
            for source in sources
            for name, entry in source.providers.items()
            if "name" in entry
        }
        self._default: str | None = None
        self._wider: dict[tuple[str, ...], Self] = {}
        self.servers = servers_of(sources)

    @classmethod
    def load(
        cls,
        extra: Path | None,
        providers: Sequence[str],
        *,
        default_model: str | None = None,
        today: Callable[[], date] = _utc_today,
        plugins: Sequence[Path] = (),
    ) -> Self:
        """The program's catalogue, then the plug-ins', with the owner's file over them.

        Raises CatalogError naming file, entry and field, and SettingsError for a `default_model` that cannot be.
        """
        files = [Path(__file__).with_name("catalog.toml"), *plugins, *([extra] if extra else [])]
        catalog = cls([read_source(path) for path in files], providers, today=today)
        if default_model:
            catalog.prefer(default_model)
        return catalog

    def prefer(self, name: str) -> None:
        """The owner's default for every kind that it can do."""
        try:
            self._default = self.find(name).id
        except (UnknownModel, RetiredModel, NoProvider) as error:
            names = ", ".join(model.id for model in self.models()) or t("none: no provider is set up")
            problem = t("cannot be {name}: {why}", name=repr(name), why=_why(error))
            raise SettingsError(
                problems=[("DEFAULT_MODEL", problem, t("models that can be: {names}", names=names))]
            ) from error

    def with_keys_of(self, brought: Collection[str]) -> Self:
        """The same with these providers as well, for whom somebody brought keys; the owner's own come first.

        What is learnt about models later is known to both.
        """
        added = tuple(sorted(name for name in brought if name not in self._providers))
        if not added:
            return self
        if added not in self._wider:
            wider = copy.copy(self)
            wider._providers = [*(name for name in self._providers if name != _DEMO), *added]
            self._wider[added] = wider
        return self._wider[added]

    @property
    def providers(self) -> tuple[str, ...]:
        """Who can be asked, the preferred first: the configured ones and the owner's servers, or the demo alone."""
        return tuple(self._providers)

    def all_models(self) -> list[ImageModel]:
        """Every entry, whoever could use it: for documents and lists of what there is."""
        return list(self._all.values())

    def setting_of(self, provider: str) -> str | None:
        """The setting that a provider needs."""
        return self._settings.get(provider)

    def name_of(self, provider: str) -> str:
        """For people."""
        return self._names.get(provider, provider)

    def end_of(self, model: ImageModel) -> date | None:
        """The day from which the vendor serves it no more: what the vendor itself says goes over the file."""
        return self._ends.get(model.id, model.retires_on)

    def ends(self, model_id: str, day: date) -> None:
        """The vendor has told the last day of a model."""
        self._ends[model_id] = day

    def known(self, model_id: str) -> ImageModel | None:
        """An entry whoever may use it: for old requests and pictures."""
        return self._all.get(model_id)

    def find(self, name: str) -> ImageModel:
        """The model of an id, alias or vendor's name. Raises UnknownModel, RetiredModel or NoProvider."""
        typed = _plain(name)
        model = self._named.get(typed)
        if model is None:
            if typed in self._retired:
                successor, since = self._retired[typed]
                raise RetiredModel(name=name.strip(), successor=self._usable(successor), since=since)
            raise UnknownModel(name=name.strip(), nearest=self._nearest(typed))
        if self.gone(model):
            raise RetiredModel(
                name=model.id, successor=self._usable(model.successor), since=str(self.end_of(model))
            )
        if model.provider not in self._providers:
            if model.provider == _DEMO:
                raise UnknownModel(name=name.strip(), nearest=self._nearest(typed))
            raise NoProvider(provider=model.provider, setting=self._settings.get(model.provider))
        return model

    def models(self, kind: Kind | None = None) -> list[ImageModel]:
        """What can be used now: by provider in their order, recommended ones first."""
        usable = [
            model
            for model in self._all.values()
            if model.provider in self._providers
            and not self.gone(model)
            and (kind is None or model.can(kind))
            and not (model.tool and kind is Kind.VARIATIONS)
        ]
        return sorted(
            usable, key=lambda model: (self._providers.index(model.provider), not model.recommended)
        )

    def default(self, kind: Kind) -> ImageModel:
        """Raises NoProvider when nothing that is configured can do it."""
        usable = self.models(kind)
        preferred = next((model for model in usable if model.id == self._default), None)
        if preferred is None and not usable:
            raise NoProvider(provider=kind.value)
        return preferred or next((model for model in usable if not model.tool), usable[0])

    def check(self, request: ImageRequest) -> ImageRequest:
        """The request in its model's own terms. Raises what `find` and `bot.checks` raise."""
        return checked(request, self.find(request.model))

    def plan(self, request: ImageRequest) -> list[tuple[int, int]]:
        """The vendor calls of a checked request: (number of the first picture from 1, how many)."""
        return self._entry(request.model).plan(request)

    def estimate(self, request: ImageRequest) -> int:
        """An upper bound in micro-dollars for the whole of a checked request."""
        return self._entry(request.model).estimate(request)

    def cost(self, request: ImageRequest, usage: Usage, *, pictures: int) -> int:
        """What one call that made `pictures` really cost, in micro-dollars."""
        return self._entry(request.model).cost(request, usage, pictures=pictures)

    def suggest(self, typed: str, kind: Kind | None = None) -> list[ImageModel]:
        """At most 25, those that begin with what was typed first."""
        wanted = _plain(typed)
        ranked = [(rank, model) for model in self.models(kind) if (rank := _rank(wanted, model)) is not None]
        return [model for _, model in sorted(ranked, key=lambda entry: entry[0])][:_SUGGESTIONS]

    def sizes_for(self, model: ImageModel) -> list[str]:
        return list(model.sizes.offered)

    def qualities_for(self, model: ImageModel) -> list[str]:
        """The model's own words, then those that mean something on every model."""
        return [*model.qualities, *(word for word in QUALITY_WORDS if word in model.quality_words)]

    def _entry(self, model_id: str) -> ImageModel:
        return self._all.get(model_id) or self.find(model_id)

    def gone(self, model: ImageModel) -> bool:
        end = self.end_of(model)
        return end is not None and end <= self._today()

    def _usable(self, successor: str | None) -> str | None:
        """The successor where it can be used here, else what would be drawn with by default."""
        usable = [model.id for model in self.models()]
        return successor if successor in usable else next(iter(usable), successor)

    def _nearest(self, typed: str) -> list[str]:
        models = self.models()
        begun = [model.id for model in self.suggest(typed)] if typed else []
        names = {
            _plain(name): model.id for model in models for name in (model.id, model.vendor_id, *model.aliases)
        }
        close = [names[name] for name in difflib.get_close_matches(typed, names, n=4, cutoff=0.5)]
        return list(dict.fromkeys(begun + close))[:4] or [model.id for model in models[:3]]


def _plain(name: str) -> str:
    """Case, spaces and underscores do not tell models apart."""
    return "".join(name.split()).casefold().replace("_", "-")


def _rank(wanted: str, model: ImageModel) -> int | None:
    names = [_plain(name) for name in (model.id, model.vendor_id, model.name, *model.aliases)]
    if any(name.startswith(wanted) for name in names):
        return 0
    return 1 if any(wanted in name for name in names) else None


def _why(error: UnknownModel | RetiredModel | NoProvider) -> str:
    match error:
        case NoProvider(setting=str(setting)):
            return t("{setting} is not set", setting=setting)
        case NoProvider(provider=provider):
            return t("{provider} is not set up", provider=provider)
        case RetiredModel(successor=str(successor)):
            return t("it is retired, and {successor} takes its place", successor=successor)
        case RetiredModel():
            return t("it is retired")
        case _:
            return t("there is no such model")
