"""Interaction tokens at rest: sealed with a key derived from SECRET_KEY, opened only to deliver."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken


class Vault:
    def __init__(self, secret: str) -> None:
        # A key of its own: the same SECRET_KEY also signs and hashes elsewhere, and one use must not open another.
        key = hashlib.sha256(b"atelier/interaction-token:" + secret.encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str | None:
        """None when it was sealed with another key: the token is lost, delivery goes on by the message's id."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None
