"""Models that do what is said of them, and models that do not."""

import hashlib
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from workfleet.workers.local.digests import Digest
from workfleet.workers.providers.endpoint import AttemptFailed
from workfleet.workers.providers.sender import Sender
from workfleet.workers.registry.entry import ModelEntry, Offer
from workfleet.workers.registry.reading import read_registry
from workfleet.workers.registry.registry import Registry
from workfleet.workers.registry.verification import Check, Verified, Verifier
from workfleet.workers.settings.provider import ModelSettings, ProviderSettings
from workfleet.workers.simulator.server import Simulator
from workfleet.workers.simulator.settings import Settings

REGISTRY = read_registry()


def provider(type_: str, url: str, *models: ModelSettings) -> ProviderSettings:
    return ProviderSettings(name=type_, type=type_, tier="local", base_urls=(url,), models=models)


async def verified(owner: ProviderSettings, model: str, transport: httpx2.AsyncBaseTransport | None = None) -> Verified:
    async with Sender(transport=transport) as sender:
        return await Verifier(sender, REGISTRY).verify(owner, owner.endpoints()[0], model)


def passed(found: Verified) -> Mapping[str, bool]:
    return {check.name: check.passed for check in found.checks}


async def test_a_good_model_passes_and_is_measured() -> None:
    async with Simulator(Settings(context_tokens=8192)) as simulator:
        found = await verified(provider("ollama", f"{simulator.base_url}/ollama"), "sim-chat")
    assert passed(found) == {"listed": True, "answers": True, "tools": True, "json_mode": True}
    assert (found.good, found.context_tokens, found.gpu_share) == (True, 8192, 1.0)
    assert None not in (found.load_s, found.first_token_s, found.tokens_per_s)


def offered(digest: str) -> Registry:
    """A registry that knows what the simulated model must be."""
    offer = Offer(name="sim-chat", digest=digest)
    return Registry({"sim": ModelEntry(id="sim", offers={"ollama": offer})})


OWN = hashlib.sha256(b"sim-chat:latest").hexdigest()


@pytest.mark.parametrize(
    ("registry", "expected", "found"),
    [
        (REGISTRY, None, None),
        (REGISTRY, Digest(OWN, "said"), Check("digest", passed=True, claimed=True)),
        (offered(OWN[:12]), None, Check("digest", passed=True, claimed=True)),
        (offered("0" * 12), Digest(OWN, "said"), Check("digest", passed=True, claimed=True)),
        (
            offered("0" * 12),
            None,
            Check("digest", False, True, f"it is {OWN}, and 000000000000 was expected (the registry's)"),
        ),
    ],
    ids=["nobody says", "as said", "as the registry says", "what is said counts more", "another"],
)
async def test_a_models_digest_is_compared_with_what_it_must_be(
    registry: Registry, expected: Digest | None, found: Check | None
) -> None:
    async with Simulator(Settings()) as simulator, Sender() as sender:
        owner = provider("ollama", f"{simulator.base_url}/ollama")
        verified = await Verifier(sender, registry).verify(owner, owner.endpoints()[0], "sim-chat", expected)
    assert next((check for check in verified.checks if check.name == "digest"), None) == found
    assert (verified.digest, verified.good) == (OWN, found is None or found.passed)


async def test_of_a_model_that_embeds_embeddings_are_asked_for_and_nothing_else() -> None:
    async with Simulator(Settings()) as simulator:
        embeds = ModelSettings(name="sim-embed", capabilities=frozenset({"embedding"}))
        found = await verified(provider("vllm", f"{simulator.base_url}/vllm", embeds), "sim-embed")
    assert passed(found) == {"listed": True, "embedding": True}


def chatters(request: httpx2.Request) -> httpx2.Response:
    """A server whose model writes prose whatever it is asked for."""
    if request.method == "GET":
        return httpx2.Response(200, json={"data": [{"id": "m"}]})
    said: dict[str, Any] = {"content": "Well, hello."}
    if b'"stream":true' in request.content:
        events = 'data: {"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=events)
    return httpx2.Response(200, json={"choices": [{"message": said, "finish_reason": "stop"}]})


@pytest.mark.parametrize("claims", [frozenset({"tools"}), frozenset[str]()], ids=["claimed", "not claimed"])
async def test_only_what_is_said_of_a_model_and_does_not_hold_is_a_failure(claims: frozenset[str]) -> None:
    owner = provider("vllm", "http://gpu", ModelSettings(name="m", capabilities=claims))
    found = await verified(owner, "m", httpx2.MockTransport(chatters))
    assert found.good is not bool(claims)
    assert found.checks[2] == Check("tools", passed=False, claimed=bool(claims), detail="it answered 'Well, hello.'")


async def test_a_model_that_does_not_answer_is_asked_nothing_else() -> None:
    def refuses(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json={"data": []})
        return httpx2.Response(404, json={"error": {"message": "no such model"}})

    found = await verified(provider("vllm", "http://gpu"), "m", httpx2.MockTransport(refuses))
    assert found.checks == (
        Check("listed", passed=False, claimed=True),
        Check("answers", passed=False, claimed=True, detail="model_not_found (HTTP 404): no such model"),
    )


async def test_a_server_that_is_not_there_fails() -> None:
    with pytest.raises(AttemptFailed):
        await verified(provider("vllm", "http://127.0.0.1:1"), "m")
