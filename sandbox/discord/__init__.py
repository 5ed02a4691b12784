"""A simulated Discord: REST, gateway and CDN that an unmodified discord.py logs in to."""

from sandbox.discord.errors import InvalidCommand
from sandbox.discord.files import Attachment, Upload
from sandbox.discord.interactions import Result
from sandbox.discord.messages import Message
from sandbox.discord.permissions import Permission
from sandbox.discord.recorder import RecordedRequest
from sandbox.discord.server import SimulatedDiscord

__all__ = [
    "Attachment",
    "InvalidCommand",
    "Message",
    "Permission",
    "RecordedRequest",
    "Result",
    "SimulatedDiscord",
    "Upload",
]
