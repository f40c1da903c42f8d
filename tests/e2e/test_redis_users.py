"""The users of compose/users.acl: enough for the fleet's work, and for nothing else in the same Redis."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.exceptions import NoPermissionError

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobSpec

from .fleet import WITHIN_S, Fleet, fleet_of
from .test_flower import flower

USERS = Path(__file__).parents[2] / "compose" / "users.acl"


def users() -> dict[str, list[str]]:
    """name -> rules. The default user stays on in a test: it is the one that looks at what was refused."""
    lines = (line.split() for line in USERS.read_text().splitlines() if line.startswith("user "))
    return {name: rules for _, name, *rules in lines if name != "default"}


def url_of(name: str, redis_url: str) -> str:
    (password,) = [rule.removeprefix(">") for rule in users()[name] if rule.startswith(">")]
    return f"redis://{name}:{password}@{urlsplit(redis_url).netloc}/0"


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet_of(tmp_path, {"one": {}, "two": {}}, strategy="round_robin") as fleet:
        for name, rules in users().items():
            await fleet.client.redis.execute_command("ACL", "SETUSER", name, "reset", *rules)
        yield fleet


async def refused(fleet: Fleet) -> list[object]:
    """What Redis did not permit, each with its user and object."""
    entries: list[object] = await fleet.client.redis.execute_command("ACL", "LOG")
    return entries


async def test_a_fleet_of_users_with_few_rights_serves_jobs_and_is_refused_nothing(fleet: Fleet) -> None:
    redis_url = fleet.redis.url
    worker = {"FLEET_REDIS_URL": url_of("worker", redis_url)}
    await asyncio.gather(*(fleet.worker(name, **worker) for name in ("one", "two")))
    async with AsyncClient(url_of("client", redis_url), wait_for_redis_s=WITHIN_S) as client:
        batch = await client.submit_batch([JobSpec.from_prompt(f"say {number}") for number in range(20)])
        outcomes = [outcome async for _, outcome, _ in client.outcomes(batch, follow=True)]
        assert [outcome.state.value for outcome in outcomes] == ["succeeded"] * 20
        pinned = await client.submit(JobSpec.from_prompt("say it", provider="two"))
        assert (await client.result(pinned, timeout_s=WITHIN_S)).provider == "two"
        async with flower(url_of("worker", redis_url)) as browser:
            assert (await browser.get("/fleet")).status_code == 200
    assert [await each.stop() for each in fleet.workers] == [0, 0]
    assert await refused(fleet) == []


@pytest.mark.parametrize("name", ["worker", "client"])
async def test_a_user_of_the_fleet_reads_and_writes_no_other_keys(name: str, fleet: Fleet) -> None:
    await fleet.client.redis.set("sessions:4711", "secret")
    async with AsyncClient(url_of(name, fleet.redis.url)) as user:
        for command in (
            ("GET", "sessions:4711"),
            ("SET", "sessions:1", "x"),
            ("FLUSHALL",),
            ("CONFIG", "GET", "*"),
            ("KEYS", "*"),
        ):
            with pytest.raises(NoPermissionError):
                await user.redis.execute_command(*command)
