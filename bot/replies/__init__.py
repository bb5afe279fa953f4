"""The words for everything that can go wrong, in the reader's language. The nearest class in an error's ancestry wins.

Texts say what happened, that nothing was lost or charged where that is so, and what to do next. They name no vendor's
raw message: that is in the log, under the reference which the message carries.
"""

from __future__ import annotations

# Each room registers its words with `reply_to`.
from bot.replies import limits, people, services, wishes
from bot.replies.base import reply_to
from bot.replies.limits import left_line
from bot.replies.services import partly, try_again

__all__ = ["left_line", "limits", "partly", "people", "reply_to", "services", "try_again", "wishes"]
