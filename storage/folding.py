"""Words as searches compare them: without case, accents and marks, so that "Été" is found by "ete"."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Lower case, no combining marks, single spaces."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(plain.casefold().split())
