"""Secrets at rest (interaction tokens, brought keys): sealed by a key made from SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken


class Vault:
    def __init__(self, secret: str, purpose: str = "interaction-token") -> None:
        # A key of its own: the same SECRET_KEY also signs and hashes elsewhere, and one use must not open another.
        key = hashlib.sha256(f"atelier/{purpose}:{secret}".encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str | None:
        """None when it was sealed with another key: the token is lost, delivery goes on by the message's id."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None
