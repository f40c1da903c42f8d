"""Routes of a running fleet from the command line: changed, shown with their versions, and restored."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from workfleet.routing.directory import ChainLink, Directory, ModelFacts, ProviderFacts, Route
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import FleetError
from workfleet.workers.cli.console import out
from workfleet.workers.cli.main import app

DIRECTORY = Directory(
    providers={
        "vllm": ProviderFacts(name="vllm", type="vllm"),
        "groq": ProviderFacts(name="groq", type="groq", models=(ModelFacts(name="m"),)),
    },
    routes={"default": Route(name="default", chain=(ChainLink(provider="vllm", priority=1, role="primary"),))},
)

Fleet = Callable[..., Result]


@pytest.fixture
def fleet(redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Fleet:
    """`fleet …` in a fleet that has a configuration and no worker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setattr(out, "width", 200)
    monkeypatch.delenv("FLEET_CONFIG", raising=False)

    async def publish() -> None:
        async with AsyncClient(redis_url) as client:
            await client.fleet.publish_directory(DIRECTORY)

    _run(publish())
    return lambda *arguments: CliRunner().invoke(app, arguments)


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def told(result: Result) -> Any:
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


def targets(route: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    return [(link["provider"], link["model"], link["role"]) for link in route["chain"]]


def test_each_change_is_a_version_with_its_author_and_the_roles_of_its_places(fleet: Fleet) -> None:
    first = told(fleet("route", "set", "default", "groq/m", "vllm", "--by", "ann", "--json"))
    assert (first["version"], first["changed_by_hand"], first["workers"]) == (1, True, 0)
    assert targets(first) == [("groq", "m", "primary"), ("vllm", None, "secondary")]
    assert told(fleet("route", "set", "default", "--strategy", "cost_based", "--json"))["version"] == 2
    assert told(fleet("route", "reset", "default", "--by", "bob", "--json"))["version"] == 3
    versions = told(fleet("route", "history", "default", "--json"))
    assert [each["version"] for each in versions] == [3, 2, 1]
    assert (versions[0]["by"], versions[0]["route"]) == ("bob", None)
    assert "@" in versions[1]["by"]
    assert versions[1]["route"]["strategy"] == "cost_based"
    assert (versions[2]["by"], versions[2]["route"]["strategy"]) == ("ann", "priority")


def test_a_version_is_restored_as_a_version_of_its_own(fleet: Fleet) -> None:
    fleet("route", "set", "default", "groq/m")
    fleet("route", "set", "default", "vllm", "groq")
    restored = told(fleet("route", "restore", "default", "1", "--json"))
    assert (restored["version"], targets(restored)) == (3, [("groq", "m", "primary")])
    configured = told(fleet("route", "restore", "default", "0", "--json"))
    assert (configured["version"], configured["changed_by_hand"]) == (4, False)
    assert targets(configured) == [("vllm", None, "primary")]


def test_people_read_what_a_route_was_and_is(fleet: Fleet) -> None:
    assert fleet("route", "history", "default").stdout == "default was never changed by hand\n"
    fleet("route", "set", "default", "groq/m", "vllm", "--by", "ann")
    lines = [line.split() for line in fleet("route", "history", "default").stdout.splitlines()]
    assert lines[1][0] == "1"
    assert lines[1][3:6] == ["ann", "groq/m,", "vllm"]
    assert lines[2] == ["0", "as", "configured"]
    shown = fleet("route", "show", "default").stdout.splitlines()
    assert shown[0].endswith("changed by hand, version 1")
    assert [line.split() for line in shown[2:]] == [["1", "groq/m", "primary"], ["2", "vllm", "secondary"]]
    assert "changed by hand, version 1" in fleet("route", "list").stdout


def test_an_agent_and_a_lane_get_routes_of_their_own(fleet: Fleet, redis_url: str) -> None:
    assert fleet("route", "set", "agent:reviewer", "groq", "--new").exit_code == 0
    assert fleet("route", "set", "lane:code-review.complex", "groq", "--new").exit_code == 0

    async def read() -> None:
        async with AsyncClient(redis_url) as client:
            directory = await client.directory()
        assert directory.agents == {"reviewer": "agent:reviewer"}
        assert directory.lanes == {"code-review.complex": "lane:code-review.complex"}

    _run(read())
    assert "is gone" in fleet("route", "reset", "agent:reviewer").stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("show defualt", "did you mean 'default'?"),
        ("history defualt", "did you mean 'default'?"),
        ("restore default 3", "was never changed by hand"),
        ("set default", "nothing to set"),
        ("set new groq", "unknown route 'new'"),
        ("set new --new", "a new route needs targets"),
        ("set lane:cooking groq --new", "unknown task type 'cooking'"),
        ("set lane:code-review.huge groq --new", "unknown band 'huge'"),
        ("set team:a groq --new", "only agent:NAME and lane:NAME have a colon"),
        ("set default groq/x", "unknown model of groq 'x'"),
        ("set default groq --if-version 7", "is at version 0, not 7: somebody has changed it"),
        ("reset default", "unknown route that was changed by hand: 'default'"),
    ],
)
def test_a_mistake_is_said_in_one_line_and_changes_nothing(fleet: Fleet, arguments: str, complaint: str) -> None:
    failed = fleet("route", *arguments.split()).exception
    assert isinstance(failed, FleetError)
    assert complaint in str(failed)
    assert told(fleet("route", "list", "--json"))[0]["version"] == 0


def test_a_version_that_is_not_kept_is_answered_with_those_that_are(fleet: Fleet) -> None:
    fleet("route", "set", "default", "groq")
    failed = fleet("route", "restore", "default", "9").exception
    assert str(failed) == "route 'default' has no version 9; the last 50 are kept: 1"
