"""The files of compose/ agree with each other and with the fleet; no engine is needed to see that."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workfleet.tasks.batch_line import BatchLine, parse_line
from workfleet.workers.settings.load import load_settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose"
FILES = ("compose.yaml", "gpu-host.yaml")


def services(file: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((COMPOSE / file).read_text())["services"]
    return found


def example() -> list[tuple[str, str]]:
    lines = (COMPOSE / ".env.example").read_text().splitlines()
    return [(name, value) for name, sign, value in (line.partition("=") for line in lines if line[:1] != "#") if sign]


POOLS = {
    name: told for name, told in services("compose.yaml").items() if str(told.get("command", "")).startswith("worker ")
}


def test_the_example_names_every_variable_once() -> None:
    read = {name for file in FILES for name in re.findall(r"(?<!\$)\$\{(\w+)", (COMPOSE / file).read_text())}
    compose_own = {"COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"}
    names = [name for name, _ in example()]
    assert sorted(names) == sorted(read | compose_own)


def test_the_example_says_the_defaults_of_the_files() -> None:
    text = "".join((COMPOSE / file).read_text() for file in FILES)
    said = dict(example())
    defaults = {(name, value) for name, value in re.findall(r"(?<!\$)\$\{(\w+):-([^}]*)\}", text)}
    assert {(name, value) for name, value in defaults if said[name] != value} == set()


@pytest.mark.parametrize("pool", POOLS)
def test_each_pool_serves_a_provider_of_the_configuration(pool: str) -> None:
    assert POOLS[pool]["command"] == f"worker --provider {pool}"
    assert pool in load_settings(COMPOSE / "fleet.yaml", env={}).providers


def test_each_provider_of_the_configuration_has_a_pool_and_can_be_used() -> None:
    settings = load_settings(COMPOSE / "fleet.yaml", env={})
    assert {provider.name for provider in settings.enabled()} == set(POOLS)
    assert settings.warnings == ()


@pytest.mark.parametrize("profile", ["simulated", "local", "hosted", "gpu"])
def test_each_profile_has_a_pool(profile: str) -> None:
    assert [name for name, told in POOLS.items() if profile in told["profiles"]]


@pytest.mark.parametrize("name", services("compose.yaml"))
def test_a_container_of_the_fleet_can_do_no_more_than_it_needs(name: str) -> None:
    told = services("compose.yaml")[name]
    if "build" in told:
        assert (told["read_only"], told["cap_drop"]) == (True, ["ALL"])
        assert told["security_opt"] == ["no-new-privileges:true"]
    keys = [variable for variable in told.get("environment", {}) if variable.endswith("_API_KEY")]
    assert keys in ([], [f"{name.upper()}_API_KEY"])


def test_nothing_listens_beyond_this_machine_unless_it_is_told_to() -> None:
    published = [port for told in services("compose.yaml").values() for port in told.get("ports", [])]
    assert published
    assert all(":-127.0.0.1:" in port for port in published)


def test_another_host_needs_two_variables() -> None:
    required = re.findall(r"\$\{(\w+):\?", (COMPOSE / "gpu-host.yaml").read_text())
    assert sorted(required) == ["FLEET_ENDPOINT", "FLEET_REDIS_URL"]
    assert list(services("gpu-host.yaml")) == ["worker"]


def test_every_line_of_redis_configuration_has_its_reason() -> None:
    lines = [line for line in (COMPOSE / "redis.conf").read_text().splitlines() if line]
    for number, line in enumerate(lines):
        if not line.startswith("#") and line.split()[0] not in ("auto-aof-rewrite-min-size", "bind", "dir"):
            assert lines[number - 1].startswith("#"), line


def test_redis_may_read_all_of_its_own_file_and_nobody_can_log_in_as_it() -> None:
    # Redis replays its append-only file as the default user, and leaves out what that one may not.
    default, *others = (COMPOSE / "users.acl").read_text().splitlines()
    assert default == "user default off ~* &* +@all"
    assert [line.split()[1:3] for line in others] == [["admin", "on"], ["worker", "on"], ["client", "on"]]


def test_the_image_is_made_of_exactly_named_packages_that_fit_the_project() -> None:
    lines = (COMPOSE / "requirements.txt").read_text().splitlines()
    pinned = {
        canonicalize_name(found[1]): found[2] for line in lines if (found := re.match(r"([\w.\[\]-]+?)==(\S+)", line))
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for wanted in map(Requirement, project["dependencies"]):
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), wanted


def test_the_demo_is_a_batch_file() -> None:
    raw = (COMPOSE / "demo.jsonl").read_bytes().splitlines()
    lines = [parse_line(line, number) for number, line in enumerate(raw, start=1)]
    assert len({line.custom_id for line in lines if isinstance(line, BatchLine)}) == 200
