"""The configured providers without a fleet, and a chain of them asked one after the other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from workfleet.tasks.errors import NoTarget, UnknownName
from workfleet.tasks.request import Request
from workfleet.workers.direct import Providers
from workfleet.workers.settings import load_settings

ASKED = Request.from_prompt("Say it.")
WITH_TOOLS = ASKED.model_copy(update={"tools": ({"type": "function", "function": {"name": "f"}},)})

CONFIG = """
providers:
  one: {type: vllm, base_url: http://one, default_model: m, capabilities: [json_mode]}
  two: {type: vllm, base_url: http://two, default_model: m}
  off: {type: vllm, base_url: http://off, default_model: m, enabled: false}
routes:
  default: [one, two/large]
agents:
  reviewer: [two]
  writer: two/large
"""


def says(text: str, end: str = "stop") -> dict[str, Any]:
    return {"choices": [{"message": {"content": text}, "finish_reason": end}]}


class Hosts:
    """What each host answers, and who was asked for which model."""

    def __init__(self) -> None:
        self.replies: dict[str, tuple[int, dict[str, Any]]] = {"one": (200, says("1")), "two": (200, says("2"))}
        self.asked: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.host
        self.asked.append(f"{name}/{httpx2.Response(200, content=request.content).json()['model']}")
        status, body = self.replies[name]
        return httpx2.Response(status, json=body)


@pytest.fixture
def hosts() -> Hosts:
    return Hosts()


@pytest.fixture
async def providers(hosts: Hosts, tmp_path: Path) -> AsyncIterator[Providers]:
    file = tmp_path / "fleet.yaml"
    file.write_text(CONFIG)
    async with Providers.of(load_settings(file, env={}), transport=httpx2.MockTransport(hosts)) as found:
        yield found


async def test_each_has_its_name(providers: Providers) -> None:
    assert sorted(providers.by_name) == ["one", "two"]
    assert (await providers["two"].complete(ASKED)).text == "2"
    with pytest.raises(UnknownName, match="unknown provider 'three'; known: one, two"):
        providers["three"]


async def test_the_first_of_the_chain_answers(providers: Providers, hosts: Hosts) -> None:
    assert ((await providers.complete(ASKED)).text, hosts.asked) == ("1", ["one/m"])


async def test_an_agent_has_a_chain_of_its_own(providers: Providers, hosts: Hosts) -> None:
    assert ((await providers.complete(ASKED, agent="reviewer")).text, hosts.asked) == ("2", ["two/m"])


@pytest.mark.parametrize(
    "reply", [(503, {"error": "busy"}), (200, says("Fir", "content_filter"))], ids=["a failure", "a filtered answer"]
)
async def test_the_next_one_is_asked_where_one_gives_no_answer(
    providers: Providers, hosts: Hosts, reply: tuple[int, dict[str, Any]]
) -> None:
    hosts.replies["one"] = reply
    assert ((await providers.complete(ASKED)).text, hosts.asked) == ("2", ["one/m", "two/large"])


async def test_who_cannot_do_it_is_not_asked(providers: Providers, hosts: Hosts) -> None:
    assert ((await providers.complete(WITH_TOOLS)).text, hosts.asked) == ("2", ["two/large"])


async def test_when_all_fail_it_says_what_each_answered(providers: Providers, hosts: Hosts) -> None:
    hosts.replies = {"one": (503, {"error": "busy"}), "two": (401, {"error": "Unauthorized"})}
    with pytest.raises(NoTarget) as failed:
        await providers.complete(ASKED)
    assert failed.value.skipped == {
        "one/m": "overloaded (HTTP 503): busy",
        "two/large": "auth (HTTP 401): Unauthorized",
    }


async def test_a_chain_of_ones_own_is_tried_in_its_order(providers: Providers, hosts: Hosts) -> None:
    hosts.replies["two"] = (503, {"error": "busy"})
    answer = await providers.try_providers_in_order(["two", "two/large", "one"], ASKED)
    assert (answer.text, hosts.asked) == ("1", ["two/m", "two/large", "one/m"])


async def test_who_cannot_do_it_is_passed_over_in_a_chain_of_ones_own(providers: Providers, hosts: Hosts) -> None:
    with pytest.raises(NoTarget) as failed:
        await providers.try_providers_in_order(["one"], WITH_TOOLS)
    assert (failed.value.skipped, hosts.asked) == ({"one/m": "lacks tools"}, [])


async def test_a_chain_of_ones_own_names_those_that_are_there(providers: Providers) -> None:
    with pytest.raises(UnknownName, match="unknown provider 'off'; known: one, two"):
        await providers.try_providers_in_order(["off"], ASKED)


@pytest.mark.parametrize(("agent", "asked"), [("reviewer", "two/m"), ("another", "one/m"), ("writer", "two/large")])
async def test_an_agents_model_is_the_first_of_its_chain(
    agent: str, asked: str, providers: Providers, hosts: Hosts
) -> None:
    await providers.get_model_for_agent(agent).get_response(ASKED)
    assert hosts.asked == [asked]


async def test_the_chains_are_told_by_their_names(providers: Providers) -> None:
    assert providers.fallback_chains["default"] == ("one", "two/large")
