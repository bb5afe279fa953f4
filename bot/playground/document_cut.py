"""Cuts the official description down to what the simulation serves.

`python -m bot.playground.document_cut FULL.json` writes document.json anew.
"""

import sys
from pathlib import Path

from bot.playground.jsonic import Json, as_list, as_object, dumps, loads
from bot.playground.rest import ROUTES

PROVENANCE = {
    "source": "https://github.com/discord/discord-api-spec, specs/openapi.json",
    "commit": "74fda0f",
    "date": "2026-07-18",
    "license": "MIT",
    "cut": "the operations that bot.playground serves and, transitively, the components they name; nothing edited",
}
METHODS = ("get", "put", "post", "patch", "delete")


def cut(full: Json, served: set[tuple[str, str]]) -> Json:
    """`full` with only the operations in `served` (method in lower case, path) and what they refer to."""
    paths: Json = {}
    for path, item in as_object(full["paths"]).items():
        kept = {key: value for key, value in item.items() if key not in METHODS or (key, path) in served}
        if any(method in kept for method in METHODS):
            paths[path] = kept
    needed = _needed(paths, full)
    components: Json = {}
    for kind, name in sorted(needed):
        components.setdefault(kind, {})[name] = full["components"][kind][name]
    return {
        "openapi": full["openapi"],
        "info": {**full["info"], "x-cut": PROVENANCE},
        "servers": full["servers"],
        "paths": paths,
        "components": components,
    }


def _needed(paths: Json, full: Json) -> set[tuple[str, str]]:
    needed: set[tuple[str, str]] = set()
    waiting: list[object] = [paths]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += as_list(node)
            continue
        for key, value in as_object(node).items():
            if key == "$ref":
                _, _, kind, name = str(value).split("/")
                if (kind, name) not in needed:
                    needed.add((kind, name))
                    waiting.append(full["components"][kind][name])
            else:
                waiting.append(value)
    return needed


def main() -> None:
    full = loads(Path(sys.argv[1]).read_bytes())
    served = {(route.method.lower(), route.path) for route in ROUTES}
    small = dumps(cut(full, served))
    (Path(__file__).parent / "document.json").write_bytes(small + b"\n")
    sys.stdout.write(f"{len(served)} operations, {len(small)} bytes\n")


if __name__ == "__main__":
    main()
