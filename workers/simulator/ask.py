"""What a client asks, free of any dialect's spelling."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Operation(StrEnum):
    CHAT = "chat"
    COMPLETION = "completion"
    EMBEDDING = "embedding"
    LISTING = "listing"
    LOADED = "loaded"  #: models in memory
    SHOW = "show"  #: one model's details
    PULL = "pull"
    DELETE = "delete"
    HEALTH = "health"
    VERSION = "version"
    METRICS = "metrics"
    ACCOUNT = "account"  #: what the key may spend, or whether it is one
    COUNT = "count"  #: how many tokens a request is
    SESSION = "session"
    FEEDBACK = "feedback"


#: Operations that write text.
ANSWERS = frozenset({Operation.CHAT, Operation.COMPLETION})

#: Operations that use a model, take a slot and count against limits.
GENERATION = ANSWERS | {Operation.EMBEDDING}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; parameters is its JSON schema."""

    name: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that uses a model.

    prompt: all of its text. last: the last message's text, and last_role who wrote it. inputs: the texts to embed.
    forced: the tool that the request forces a call of. schema: the JSON schema the answer must have, `{}` for any
    object, None for free text. num_ctx, keep_alive: Ollama's. think: whether the model may, None if that is not said.
    reasoning_shown: the answer has the text of its reasoning, not only its count. load_only: the model is to be loaded,
    nothing is asked. sent: the names of all parameters sent, and roles of all messages, by which unsupported ones are
    refused.
    """

    operation: Operation
    model: str
    prompt: str
    prompt_tokens: int
    last: str = ""
    last_role: str = "user"
    max_tokens: int | None = None
    stream: bool = False
    stop: tuple[str, ...] = ()
    choices: int = 1
    seed: int = 0
    inputs: tuple[str, ...] = ()
    dimensions: int | None = None
    base64: bool = False
    tools: tuple[Tool, ...] = ()
    forced: Tool | None = None
    schema: Mapping[str, Any] | None = None
    include_usage: bool = False
    num_ctx: int | None = None
    think: bool | None = None
    reasoning_shown: bool = True
    keep_alive: str | int | float | None = None
    load_only: bool = False
    sent: frozenset[str] = field(default_factory=frozenset[str])
    roles: frozenset[str] = field(default_factory=frozenset[str])
