"""README and docs/ say what is there: their links lead somewhere, their configurations load, their commands exist."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from workfleet.routing.scaling import Pool, plan
from workfleet.tasks.status import FleetStatus
from workfleet.tasks.usage_books import Totals
from workfleet.workers.cli.main import app
from workfleet.workers.metrics.fleet import families
from workfleet.workers.providers.rows import ROWS
from workfleet.workers.settings.load import load_settings
from workfleet.workers.simulator.dialects.voices import PROVIDERS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def slug(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(title) for title in re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_of_ours_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.usefixtures("acme_installed")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_configuration_loads(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(page, "yaml")):
        file = tmp_path / f"{number}.yaml"
        file.write_text(block)
        keys = {*re.findall(r"\$\{(\w+)\}", block), *(name for row in ROWS.values() for name in row.key_variables)}
        warnings = load_settings(file, env=dict.fromkeys(keys, "key-of-a-test")).warnings
        # An example of limits need not name a model.
        assert [each for each in warnings if not each.message.startswith("has no default_model")] == []


def commands(page: Path) -> list[str]:
    """`fleet …`, in blocks and in the text, also where a container runs it."""
    lines = "\n".join([*blocks(page, ""), *blocks(page, "sh")]).splitlines()
    in_container = re.compile(r"^docker compose (?:exec flower fleet|run .*--no-deps flower) (?=[a-z])")
    said = [re.sub(r"^(?:FLEET_\w+=\S+ )+", "", in_container.sub("fleet ", line)) for line in lines]
    found = [*re.findall(r"`(fleet [^`]+)`", page.read_text()), *(line for line in said if line.startswith("fleet "))]
    return [command for command in found if "…" not in command.split()[:2]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_of_the_fleet_exists(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_MODE", "any")  # so that what `--offline` sets does not last
    assert commands(page)
    for command in commands(page):
        words = shlex.split(command, comments=True)[1:]
        told = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"})
        assert told.exit_code == 0, command
        assert [each for each in words if each.startswith("-") and each not in f"--offline {told.stdout}"] == [], (
            command
        )


def test_every_variable_of_the_containers_is_in_their_example() -> None:
    variable = re.compile(r"\b(?:FLEET_REDIS|FLEET_FLOWER|VLLM|OLLAMA)_\w+")
    said = {name for page in PAGES for name in variable.findall(page.read_text())}
    example = set(re.findall(r"^(\w+)=", (ROOT / "compose" / ".env.example").read_text(), re.MULTILINE))
    # Of programs, not of the compose files.
    assert said - example == {"FLEET_REDIS_URL_FILE", "FLEET_FLOWER_AUTH", "VLLM_API_KEY", "OLLAMA_API_KEY"}


@pytest.mark.parametrize("script", ["redis-backup.sh", "redis-restore.sh"])
def test_a_backup_is_told_as_its_scripts_tell_it(script: str) -> None:
    header = re.findall(r"^#   (docker compose .*)$", (ROOT / "compose" / script).read_text(), re.MULTILINE)
    assert "\n".join(header) in (DOCS / "deployment.md").read_text()


def test_every_provider_that_the_simulator_is_has_its_base_url() -> None:
    page = (DOCS / "simulator.md").read_text()
    table = page[page.index("## Whose API") : page.index("Without a name")]
    assert set(re.findall(r"`(\w+)`", table)) == PROVIDERS


def manifests() -> Mapping[str, Any]:
    return {each["kind"]: each for each in yaml.safe_load_all((DOCS / "kubernetes" / "vllm-pool.yaml").read_text())}


def test_every_metric_that_is_told_of_is_exported() -> None:
    # metrics.md, which names what a worker tells of itself, too, has a test of its own: tests/workers/metrics.
    pages = [*(page for page in PAGES if page.name != "metrics.md"), DOCS / "kubernetes" / "vllm-pool.yaml"]
    said = {name for page in pages for name in re.findall(r"\bworkfleet_\w+", page.read_text())}
    assert said <= {metric.name for metric in families(FleetStatus(now=0.0), Totals())}


def option(words: Sequence[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_the_example_of_autoscaling_follows_its_rule() -> None:
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]
    (pool,) = [each for each in pod["containers"] if each["name"] == "pool"]
    slots = int(option(pool["args"], "--slots"))
    (need,) = plan(1, [Pool("vllm", slots, 1, slots, answer_s=20.0)], deadline_s=600).needs
    (trigger,) = manifests()["ScaledObject"]["spec"]["triggers"]
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
    assert trigger["metadata"]["threshold"] == str(need.jobs_per_host)


def test_the_example_of_autoscaling_scales_what_it_describes() -> None:
    scaled, deployed = manifests()["ScaledObject"], manifests()["Deployment"]
    assert scaled["spec"]["scaleTargetRef"]["name"] == deployed["metadata"]["name"]
    assert "replicas" not in deployed["spec"]
    pod = deployed["spec"]["template"]
    assert deployed["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    # A pool gives its jobs 30 s.
    assert pod["spec"]["terminationGracePeriodSeconds"] > 30
    mounted = {mount["name"] for each in pod["spec"]["containers"] for mount in each["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}
