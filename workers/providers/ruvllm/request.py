"""A request as ruvLLM's `/query` takes it: one text, in which the whole conversation stands."""

from typing import Any

from ....tasks.request import Message
from ..dialect import Ask
from ..turns import messages_of

_SPEAKERS = {"system": "System", "developer": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}


def encoded(ask: Ask) -> dict[str, Any]:
    """`session_id` of `extra` continues a session of the server's."""
    session = ask.request.extra.get("session_id")
    return {"query": query(messages_of(ask.request)), **({"session_id": session} if session else {})}


def query(messages: tuple[Message, ...]) -> str:
    """A single text as it is; several with who said them."""
    if len(messages) == 1:
        return messages[0].text
    return "\n\n".join(f"[{_SPEAKERS[message.role]}]: {message.text}" for message in messages)
