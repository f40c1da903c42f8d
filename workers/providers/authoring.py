"""What a package imports that brings a provider: `docs/providers.md` shows one that is whole."""

from ...routing.failure import Failure, Fault
from ...tasks.answer import Answer, FinishReason, ToolFragment, Usage
from ...tasks.request import FunctionCall, Message, Request, ToolCall
from .dialect import Ask, Call, Delta, Dialect, ListedModel, Prices, Reply, StreamDecoder
from .faults import failure_of
from .json_stream import End, JSONStream
from .rows import Row
from .simple import SimpleDialect

__all__ = [
    "Answer",
    "Ask",
    "Call",
    "Delta",
    "Dialect",
    "End",
    "Failure",
    "Fault",
    "FinishReason",
    "FunctionCall",
    "JSONStream",
    "ListedModel",
    "Message",
    "Prices",
    "Reply",
    "Request",
    "Row",
    "SimpleDialect",
    "StreamDecoder",
    "ToolCall",
    "ToolFragment",
    "Usage",
    "failure_of",
]
