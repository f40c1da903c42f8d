"""The stack of compose/, as a user brings it up, under a name, ports and passwords of its own."""

import json
import os
import secrets
import shlex
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from workfleet.tasks.client import AsyncClient
from workfleet.workers.embedded.config import free_port

from ...chaos.provider import ASKER_HEADER
from .engine import COMPOSE, ROOT, EngineRefused, call, compose_command, docker, gateway

#: Where a test's own file goes over compose.yaml.
WATCHED = Path(__file__).with_name("watched.yaml")
_PATIENCE_S = 60.0
#: Where containers have the folder of certificates.
_TRUSTED = "/etc/fleet/trusted"


@dataclass(frozen=True, slots=True)
class Stack:
    """name: of the project. env: what its .env file says. folder: logs and configuration of a watched fleet."""

    name: str
    env: Mapping[str, str]
    folder: Path

    async def compose(self, *arguments: str, watched: bool = False) -> str:
        files = [COMPOSE / "compose.yaml", *([WATCHED] if watched else [])]
        return await self._compose(self.name, files, *arguments)

    async def host(self, *arguments: str) -> str:
        """Compose on the other machine, the one that joins."""
        return await self._compose(self.guest, [COMPOSE / "gpu-host.yaml"], *arguments)

    async def shell(self, line: str) -> str:
        """A line of a shell, as the documentation has it; its `docker compose` is the one of this stack."""
        words = shlex.join(self._command(self.name, [COMPOSE / "compose.yaml"]))
        return await call("sh", "-ec", line.replace("docker compose", words), env=_clean(), folder=self.folder)

    async def _compose(self, project: str, files: list[Path], *arguments: str) -> str:
        return await call(*self._command(project, files), *arguments, env=_clean(), folder=COMPOSE)

    def _command(self, project: str, files: list[Path]) -> list[str]:
        named = [word for file in files for word in ("--file", str(file))]
        return [*compose_command(), "--project-name", project, "--env-file", str(self.folder / "env"), *named]

    @property
    def guest(self) -> str:
        """The project of the machine that joins: other containers, another network."""
        return f"{self.name}-host"

    @property
    def redis_url(self) -> str:
        """For programs of this machine; that of the containers names a certificate where they have it."""
        return self.env["FLEET_REDIS_URL"].replace(_TRUSTED, self.env["FLEET_TRUSTED"])

    @property
    def flower(self) -> str:
        return f"http://{self.env['FLEET_FLOWER_LISTEN']}"

    @property
    def login(self) -> tuple[str, str]:
        return self.env["FLEET_FLOWER_USER"], self.env["FLEET_FLOWER_PASSWORD"]

    @property
    def visits(self) -> Path:
        return self.folder / "log" / "visits.jsonl"

    async def containers(self, service: str, *, project: str = "") -> list[str]:
        """The short ids of a service's running containers, which are their hosts' names."""
        labels = {"project": project or self.name, "service": service}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        return (await docker("ps", "--quiet", *filters)).split()

    def client(self) -> AsyncClient:
        return AsyncClient(self.redis_url, wait_for_redis_s=_PATIENCE_S)


@asynccontextmanager
async def stack_of(folder: Path, *, secure: bool = False) -> AsyncGenerator[Stack]:
    """The image is built, and nothing runs yet; in the end nothing is left of it. secure: Redis with TLS and users."""
    env = await _environment(folder)
    stack = Stack(f"fleet-{secrets.token_hex(4)}", await _secured(env) if secure else env, folder)
    (folder / "env").write_text("".join(f"{name}={value}\n" for name, value in stack.env.items()))
    (folder / "fleet.yaml").write_text(json.dumps(_configuration()))
    for mounted in ("redis.d", "trusted"):
        (folder / mounted).mkdir(exist_ok=True)
    # Written by the user of the image, who is nobody here.
    (folder / "log").mkdir()
    (folder / "log").chmod(0o777)
    async with AsyncExitStack() as ending:
        ending.push_async_callback(_down, stack)
        await stack.compose("build", "flower")
        yield stack


async def _down(stack: Stack) -> None:
    with suppress(EngineRefused):  # it never came up
        await stack.host("down", "--volumes", "--timeout", "5")
    # A paused container would not hear that it is to end.
    for paused in (
        await docker("ps", "--quiet", "--filter", "status=paused", "--filter", f"name={stack.name}")
    ).split():
        await docker("unpause", paused)
    await stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "5")


async def _environment(folder: Path) -> dict[str, str]:
    """Redis and the simulator listen where the other machine reaches them too."""
    host, password = await gateway(), secrets.token_hex(16)
    redis, simulator = f"{host}:{free_port()}", f"{host}:{free_port()}"
    return {
        "COMPOSE_PROFILES": "simulated",
        "FLEET_IMAGE": "workfleet:latest",
        "FLEET_REDIS_PASSWORD": password,
        "FLEET_REDIS_LISTEN": redis,
        "FLEET_FLOWER_USER": "fleet",
        "FLEET_FLOWER_PASSWORD": secrets.token_hex(16),
        "FLEET_FLOWER_LISTEN": f"127.0.0.1:{free_port()}",
        "FLEET_REDIS_URL": f"redis://:{password}@{redis}/0",
        "FLEET_ENDPOINT": f"http://{simulator}",
        "FLEET_REDIS_D": str(folder / "redis.d"),
        "FLEET_TRUSTED": str(folder / "trusted"),
        "HOSTS_FOLDER": str(folder),
        "HOSTS_REPOSITORY": str(ROOT),
        "HOSTS_SIMULATOR": simulator,
    }


async def _secured(env: Mapping[str, str]) -> dict[str, str]:
    host, _, _ = env["FLEET_REDIS_LISTEN"].partition(":")
    await call(str(COMPOSE / "secure-redis.sh"), host, env={**os.environ, **env})
    lines = (Path(env["FLEET_REDIS_D"]) / "env").read_text().splitlines()
    written = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    login, trust = f"worker:{written['FLEET_REDIS_PASSWORD']}", written["FLEET_REDIS_OPTIONS"]
    return {**env, **written, "FLEET_REDIS_URL": f"rediss://{login}@{env['FLEET_REDIS_LISTEN']}/0{trust}"}


def _configuration() -> Mapping[str, object]:
    """As compose/fleet.yaml, and each pool says who asks: a container's host name is its id."""
    simulated = {
        "type": "simulated",
        "base_url": "http://simulator:8999",
        "default_model": "sim-chat",
        "slots": 4,
        "headers": {ASKER_HEADER: "${HOSTNAME}"},
        "timeouts": {"first_token_s": 3, "idle_s": 3, "total_s": 6},
    }
    providers = {"vllm": {"base_url": "http://localhost:8000"}, "simulated-a": simulated, "simulated-b": simulated}
    return {"strategy": "round_robin", "providers": providers, "retry": {"max_attempts": 8}}


def _clean() -> dict[str, str]:
    """The environment without what would win over the .env file."""
    ours = ("COMPOSE_", "FLEET_", "HOSTS_", "SIMULATOR_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
