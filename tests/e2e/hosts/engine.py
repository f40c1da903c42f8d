"""The Docker engine of this machine, through its command line; both of Compose's command lines will do."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

#: The longest that one command may take: the first `up` builds the image.
_WITHIN_S = 900.0

#: As compose.yaml has it.
REDIS_IMAGE = "redis:7-bookworm"

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "compose"


class EngineRefused(Exception):
    """A command of the engine failed; its last words."""


@cache
def why_not() -> str:
    """Why no containers can run here, empty if they can."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    engine = _asked("docker", "info", "--format", "{{.ServerErrors}}")
    if engine.returncode:
        return "no Docker engine answers"
    return "" if compose_command() else "there is neither `docker compose` nor docker-compose"


@cache
def compose_command() -> tuple[str, ...]:
    """Compose v2 if it is there, else docker-compose 1.29; empty without either."""
    for command in (("docker", "compose"), ("docker-compose",)):
        if shutil.which(command[0]) and _asked(*command, "version").returncode == 0:
            return command
    return ()


def _asked(*command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=30)


async def call(*command: str, env: Mapping[str, str] | None = None, folder: Path = ROOT) -> str:
    """A command's standard output. Raises EngineRefused."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=dict(os.environ if env is None else env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            out, err = await process.communicate()
    except BaseException:
        process.kill()
        await process.communicate()
        raise
    if process.returncode:
        raise EngineRefused(f"{' '.join(command)}: {err.decode()[-2000:]}")
    return out.decode().strip()


async def docker(*arguments: str) -> str:
    return await call("docker", *arguments)


async def gateway() -> str:
    """The address of this machine for containers of any network."""
    asked = ("--add-host", "machine:host-gateway", REDIS_IMAGE, "getent", "hosts", "machine")
    return (await docker("run", "--rm", *asked)).split()[0]


async def left_behind(projects: Sequence[str]) -> list[str]:
    """Containers, volumes and networks that projects have left."""
    found: list[str] = []
    for project in projects:
        label = f"label=com.docker.compose.project={project}"
        for kind in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
            found += (await docker(*kind, "--quiet", "--filter", label)).split()
    return found
