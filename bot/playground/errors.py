"""Refusals: what the simulated API answers a bot, and what the simulated app would not let a member do."""

from bot.playground.jsonic import Json

# code: (HTTP status, message), worded as Discord words them
KNOWN: dict[int, tuple[int, str]] = {
    0: (404, "404: Not Found"),
    10002: (404, "Unknown Application"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10014: (404, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    20028: (429, "The write action you are performing has hit the write rate limit."),
    30008: (400, "Maximum number of emojis reached"),
    30032: (400, "Maximum number of application commands reached"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later."),
    40001: (401, "Unauthorized"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40094: (400, "This interaction has reached the maximum number of follow-up messages"),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Tried to perform an operation on an archived thread"),
    50109: (400, "The request body contains invalid JSON."),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    160004: (400, "A thread has already been created for this message"),
    200000: (400, "Message was blocked by automatic moderation"),
}


class ApiError(Exception):
    """An answer other than 2xx; `code` is Discord's own, 0 when there is none for it."""

    def __init__(
        self, code: int, *, status: int | None = None, message: str | None = None, errors: Json | None = None
    ) -> None:
        known_status, known_message = KNOWN.get(code, (400, "Bad Request"))
        super().__init__(message or known_message)
        self.code = code
        self.status = known_status if status is None else status
        self.message = message or known_message
        self.errors = errors

    def to_dict(self) -> Json:
        body: Json = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


class InvalidForm(ApiError):
    """50035: collected by path ("components.0.label"), rendered as Discord nests them."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__(50035, errors=_nested(faults))
        self.faults = faults

    def __str__(self) -> str:
        return "; ".join(f"{where or 'body'}: {what}" for where, what in self.faults)


def _nested(faults: list[tuple[str, str]]) -> Json:
    root: Json = {}
    for where, what in faults:
        node = root
        for step in filter(None, where.split(".")):
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": "BASE_TYPE_INVALID", "message": what})
    return root


class NotPossible(Exception):
    """The member's own client would not let them do this, so no bot would ever hear of it."""


class NoAnswer(TimeoutError):
    """The bot did not do in time what was waited for; the message says what there is instead."""
