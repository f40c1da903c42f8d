"""In which header each provider gets the key, its version and the job's id."""

import httpx2
import pytest
from pydantic import SecretStr

from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.rows import ROWS
from workfleet.workers.providers.sender import Sender

KEY = "a-key-of-some-length"
#: Three parts of base64, the first of which is an object.
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln"
BEARER = {"authorization": f"Bearer {KEY}"}


async def sent(type_: str, key: str | None = KEY, **headers: str) -> httpx2.Request:
    """The request that a chat is, whatever comes of it."""
    requests: list[httpx2.Request] = []

    def refuse(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(500)

    secret = SecretStr(key) if key else None
    endpoint = Endpoint("p", type_, "https://host", secret, {n.replace("_", "-"): v for n, v in headers.items()})
    async with Sender(transport=httpx2.MockTransport(refuse)) as sender:
        with pytest.raises(AttemptFailed):
            await sender.ask(endpoint, "m", Request.from_prompt("x", max_tokens=5), Timeouts(), job_id="job-1")
    return requests[-1]


def shown(request: httpx2.Request) -> dict[str, str]:
    names = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
    return {name: request.headers[name] for name in names if name in request.headers}


@pytest.mark.parametrize(
    ("type_", "key", "headers"),
    [
        ("openai", KEY, BEARER),
        ("groq", KEY, BEARER),
        ("cohere", KEY, BEARER),
        ("vllm", KEY, BEARER),
        ("vllm", None, {}),
        ("anthropic", KEY, {"x-api-key": KEY}),
        ("google", KEY, {"x-goog-api-key": KEY}),
        ("azure", KEY, {"api-key": KEY}),
        ("azure", TOKEN, {"authorization": f"Bearer {TOKEN}"}),
        ("anthropic", TOKEN, {"x-api-key": TOKEN}),
    ],
)
async def test_the_key_stands_where_the_provider_looks_for_it(
    type_: str, key: str | None, headers: dict[str, str]
) -> None:
    assert shown(await sent(type_, key)) == headers


@pytest.mark.parametrize("type_", ROWS)
async def test_no_key_stands_in_an_address(type_: str) -> None:
    assert KEY not in str((await sent(type_)).url)


async def test_anthropic_is_told_the_version_unless_the_configuration_says_another() -> None:
    assert (await sent("anthropic")).headers["anthropic-version"] == "2023-06-01"
    assert (await sent("anthropic", anthropic_version="2027-01-01")).headers["anthropic-version"] == "2027-01-01"


@pytest.mark.parametrize(
    ("type_", "name"), [("openai", "x-client-request-id"), ("azure", "x-client-request-id"), ("groq", "x-request-id")]
)
async def test_the_job_can_be_found_in_the_providers_logs(type_: str, name: str) -> None:
    assert (await sent(type_)).headers[name] == "job-1"
