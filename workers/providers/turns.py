"""A conversation as the APIs take it that know two speakers only, and keep the system prompt apart."""

from collections.abc import Iterable
from typing import Any

from ...tasks.request import Message, Request

SYSTEM_ROLES = ("system", "developer")

#: One speaker's blocks, in the dialect's own words.
Turn = tuple[str, list[dict[str, Any]]]


def messages_of(request: Request) -> tuple[Message, ...]:
    """The messages; the prompt of a completion is what a user says."""
    return request.messages or (Message(role="user", content=request.prompt or ""),)


def system_of(request: Request) -> str:
    """All system prompts as one; empty if there is nothing but them, for they are then what is asked."""
    said = [message for message in messages_of(request) if message.role in SYSTEM_ROLES]
    return "" if len(said) == len(messages_of(request)) else "\n\n".join(message.text for message in said)


def spoken(request: Request) -> tuple[Message, ...]:
    """The messages without system prompts, unless there is nothing else."""
    messages = messages_of(request)
    return tuple(message for message in messages if message.role not in SYSTEM_ROLES) or messages


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """What one speaker says in a row is one turn; turns without a block are left out."""
    joined: list[Turn] = []
    for role, blocks in turns:
        if joined and joined[-1][0] == role:
            joined[-1] = (role, joined[-1][1] + blocks)
        elif blocks:
            joined.append((role, blocks))
    return joined
