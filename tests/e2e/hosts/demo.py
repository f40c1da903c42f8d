"""The first things that a user does: bring the stack up, see the demo batch served, look at Flower."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from .engine import docker
from .stack import Stack

_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Demo:
    """code: with which the demo's container ended. by_provider: jobs of the batch. flower: what each visitor got.

    hosts: the containers of the pools that served it. user: as whom the pools run.
    """

    code: int
    by_provider: Mapping[str, int]
    flower: Mapping[str, int]
    hosts: tuple[str, ...]
    user: str


async def run_demo(stack: Stack) -> Demo:
    """Bring up the stack and wait for the end of its demo."""
    await stack.compose("up", "--detach")
    label = f"label=com.docker.compose.project={stack.name}"
    demo = await docker(
        "ps", "--all", "--quiet", "--filter", label, "--filter", "label=com.docker.compose.service=demo"
    )
    code = int(await docker("wait", demo))
    async with stack.client() as client:
        newest = await client.newest_batches(at_most=1)
        living = (await client.snapshot()).living
    flower = await _visited(stack)
    hosts = tuple(sorted(node.node for node in living))
    user = await docker("exec", hosts[0].partition("@")[2], "id", "--user") if hosts else ""
    return Demo(code, dict(newest[0].by_provider) if newest else {}, flower, hosts, user)


async def _visited(stack: Stack) -> dict[str, int]:
    """The status of Flower's page by who asks for it."""
    visitors = {
        "without a password": None,
        "with a wrong one": (stack.login[0], "wrong"),
        "with the password": stack.login,
    }
    transport = httpx2.AsyncHTTPTransport(retries=3)
    async with httpx2.AsyncClient(base_url=stack.flower, transport=transport, timeout=_WITHIN_S) as browser:
        return {who: (await browser.get("/fleet", auth=login)).status_code for who, login in visitors.items()}
