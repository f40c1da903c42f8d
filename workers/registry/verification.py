"""Whether a model does what it is said to do: it is asked to, once each, with a few tokens."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ...tasks.answer import Answer
from ...tasks.request import Request, ResponseFormat
from ..local.digests import Digest, same
from ..providers.dialect import ListedModel
from ..providers.endpoint import AttemptFailed, Endpoint, Timeouts
from ..providers.sender import Sender
from ..settings.provider import ProviderSettings
from .registry import Registry

#: Enough for a model that thinks before it answers.
_MOST_TOKENS = 512
#: A model that is not loaded yet comes from a disk.
_FIRST_TOKEN_S, _TOTAL_S = 120.0, 600.0

_WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@dataclass(frozen=True, slots=True)
class Check:
    """claimed: somebody says that the model does this: its server, the registry or the configuration."""

    name: str
    passed: bool
    claimed: bool
    detail: str = ""

    @property
    def failed(self) -> bool:
        return self.claimed and not self.passed


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of a model at one endpoint.

    digest: as its server lists it. load_s: until its server had it in memory. gpu_share: of its memory, from 0 to 1.
    Both None where the server does not tell. first_token_s, tokens_per_s: of the first answer.
    """

    provider: str
    endpoint: str
    model: str
    checks: tuple[Check, ...]
    context_tokens: int | None = None
    digest: str | None = None
    load_s: float | None = None
    gpu_share: float | None = None
    first_token_s: float | None = None
    tokens_per_s: float | None = None

    @property
    def good(self) -> bool:
        return not any(check.failed for check in self.checks)


@dataclass(frozen=True, slots=True)
class _Probe:
    """What a capability is asked with, and what its answer must be like."""

    capability: str
    request: Request
    holds: Callable[[Answer], bool]


def _is_json(answer: Answer) -> bool:
    try:
        return isinstance(json.loads(answer.text), dict)
    except ValueError:
        return False


_PROBES = (
    _Probe(
        "tools",
        Request.from_prompt("What is the weather in Paris? Use the tool.", tools=(_WEATHER,), max_tokens=_MOST_TOKENS),
        lambda answer: any(call.function.name == "weather" for call in answer.tool_calls),
    ),
    _Probe(
        "json_mode",
        Request.from_prompt(
            'Answer with a JSON object such as {"city": "Paris"}: what is the capital of France?',
            response_format=ResponseFormat(type="json_object"),
            max_tokens=_MOST_TOKENS,
        ),
        _is_json,
    ),
)
_GREETING = Request.from_prompt("Say hello in one word.", max_tokens=_MOST_TOKENS, stream=True)
_EMBEDDING = Request(kind="embedding", input=("hello", "goodbye"))


@dataclass(frozen=True, slots=True)
class Verifier:
    """Asks a provider's models through an entered sender."""

    sender: Sender
    registry: Registry
    clock: Callable[[], float] = time.monotonic

    async def verify(
        self, provider: ProviderSettings, endpoint: Endpoint, model: str, expected: Digest | None = None
    ) -> Verified:
        """expected: what the model is to be, if somebody knows better than the registry. Raises AttemptFailed if the
        server does not list its models.
        """
        listed = await self.sender.models(endpoint, timeout_s=provider.health_check.timeout_s)
        found = next((each for each in listed if each.is_called(model)), None)
        claims = self._claims(provider, found, model)
        verified = Verified(
            provider.name,
            endpoint.base_url,
            model,
            (Check("listed", found is not None, claimed=True), *self._digest(provider, found, expected)),
            context_tokens=found.context_tokens if found else None,
            digest=found.digest if found else None,
        )
        asking = _Asking(self.sender, endpoint, model, _patient(provider.timeouts))
        if "embedding" in claims and not claims & {"chat", "json_mode", "tools"}:
            return replace(verified, checks=(*verified.checks, await asking.embedding()))
        return await self._talked_to(verified, asking, claims)

    def _digest(self, provider: ProviderSettings, listed: ListedModel | None, expected: Digest | None) -> list[Check]:
        """Whether it is what it is to be, where the server tells and somebody says what that is."""
        if listed is None or listed.digest is None:
            return []
        known = self.registry.find(provider.type, listed.name)
        if expected is None and known is not None and known.offer is not None and known.offer.digest is not None:
            expected = Digest(known.offer.digest, "the registry's")
        if expected is None:
            return []
        differs = f"it is {listed.digest}, and {expected.sha256} was expected ({expected.source})"
        right = same(listed.digest, expected.sha256)
        return [Check("digest", right, claimed=True, detail="" if right else differs)]

    async def _talked_to(self, verified: Verified, asking: "_Asking", claims: frozenset[str]) -> Verified:
        load_s = await self._loaded(asking)
        answer, check = await asking.answer(_GREETING)
        greeted = Check("answers", answer is not None, claimed=True, detail=check)
        probes = _PROBES if answer is not None else ()
        probed = [await asking.probe(probe, claimed=probe.capability in claims) for probe in probes]
        return replace(
            verified,
            checks=(*verified.checks, greeted, *probed),
            load_s=load_s,
            gpu_share=await self.sender.gpu_share(asking.endpoint, asking.model),
            first_token_s=answer.first_token_s if answer else None,
            tokens_per_s=_rate(answer) if answer else None,
        )

    async def _loaded(self, asking: "_Asking") -> float | None:
        """Seconds that loading took, None for a server that loads when it likes."""
        if asking.endpoint.row.dialect != "ollama":
            return None
        began = self.clock()
        with suppress(AttemptFailed):  # the first question fails as well, and says why
            await self.sender.preload(asking.endpoint, asking.model)
        return self.clock() - began

    def _claims(self, provider: ProviderSettings, listed: ListedModel | None, model: str) -> frozenset[str]:
        """What is said of the model by the nearest who says anything."""
        own = provider.model(model)
        if own is not None and own.capabilities is not None:
            return own.capabilities
        if listed is not None and listed.capabilities is not None:
            return listed.capabilities
        known = self.registry.find(provider.type, model)
        return frozenset[str](known.entry.capabilities) if known is not None else frozenset()


@dataclass(frozen=True, slots=True)
class _Asking:
    """One model at one endpoint."""

    sender: Sender
    endpoint: Endpoint
    model: str
    timeouts: Timeouts

    async def answer(self, request: Request) -> tuple[Answer | None, str]:
        """The answer, or why there is none."""
        try:
            return await self.sender.ask(self.endpoint, self.model, request, self.timeouts), ""
        except AttemptFailed as failed:
            return None, str(failed.failure)

    async def probe(self, probe: _Probe, *, claimed: bool) -> Check:
        answer, refusal = await self.answer(probe.request)
        passed = answer is not None and probe.holds(answer)
        said = f"it answered {answer.text[:80]!r}" if answer is not None and not passed else refusal
        return Check(probe.capability, passed, claimed, said)

    async def embedding(self) -> Check:
        answer, refusal = await self.answer(_EMBEDDING)
        sizes = [len(vector) for vector in answer.embeddings] if answer is not None else []
        passed = len(sizes) == len(_EMBEDDING.input) and all(sizes)
        return Check("embedding", passed, claimed=True, detail=f"{sizes[0]} numbers" if passed else refusal)


def _patient(timeouts: Timeouts) -> Timeouts:
    return replace(
        timeouts, first_token_s=max(timeouts.first_token_s, _FIRST_TOKEN_S), total_s=max(timeouts.total_s, _TOTAL_S)
    )


def _rate(answer: Answer) -> float | None:
    """Tokens a second after the first."""
    if answer.first_token_s is None or answer.total_s is None or answer.total_s <= answer.first_token_s:
        return None
    return max(0, answer.usage.output_tokens - 1) / (answer.total_s - answer.first_token_s)
