"""Asking providers without a fleet: no Redis, no queue, no worker; the same providers, limits of time and prices.

>>> async with Providers.of(load_settings()) as providers:
...     answer = await providers["groq"].complete(Request.from_prompt("Say hello"))
"""

from .cost import CostEstimate, Spent
from .event import EventKind, StreamEvent
from .provider import Provider
from .providers import Providers

__all__ = ["CostEstimate", "EventKind", "Provider", "Providers", "Spent", "StreamEvent"]
