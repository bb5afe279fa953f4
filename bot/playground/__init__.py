"""A simulated Discord: gateway, REST and CDN with Discord's rules, driven by tests or by a page in the browser.

An island: it imports nothing of the rest of the project. The bot is a client like any other.
"""

from bot.playground.cdn import Attachment, Upload
from bot.playground.components import Button, Select
from bot.playground.document import Deviation
from bot.playground.errors import NoAnswer, NotPossible
from bot.playground.forms import Modal
from bot.playground.interactions import Answer, Interaction
from bot.playground.messages import Message
from bot.playground.people import Member, Role, User
from bot.playground.permissions import Permission
from bot.playground.places import Channel, Guild
from bot.playground.sockets import SimulatedDiscord

__all__ = [
    "Answer",
    "Attachment",
    "Button",
    "Channel",
    "Deviation",
    "Guild",
    "Interaction",
    "Member",
    "Message",
    "Modal",
    "NoAnswer",
    "NotPossible",
    "Permission",
    "Role",
    "Select",
    "SimulatedDiscord",
    "Upload",
    "User",
]
