"""Asking providers without a fleet: no Redis, no queue, no worker; the same providers, limits of time and prices.

>>> async with Providers.of(load_settings()) as providers:
...     answer = await providers["groq"].complete(Request.from_prompt("Say hello"))
"""

from ..providers.dialect import ListedModel
from ..providers.endpoint import AttemptFailed
from ..providers.inspection import Health
from .called import Called
from .cost import CostEstimate, Spent
from .event import EventKind, StreamEvent
from .provider import Provider
from .providers import Providers

__all__ = [
    "AttemptFailed",
    "Called",
    "CostEstimate",
    "EventKind",
    "Health",
    "ListedModel",
    "Provider",
    "Providers",
    "Spent",
    "StreamEvent",
]
