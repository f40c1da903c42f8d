"""Which processes a configuration asks for."""

import pytest

from workfleet.workers.fleet.roster import Member, fleet_command, pools, simulators
from workfleet.workers.settings.provider import ProviderSettings
from workfleet.workers.settings.schema import Settings


def settings(*providers: ProviderSettings) -> Settings:
    return Settings(providers={provider.name: provider for provider in providers})


def local(name: str, *urls: str, kind: str = "vllm", **fields: object) -> ProviderSettings:
    return ProviderSettings.model_validate({"name": name, "type": kind, "tier": "local", "base_urls": urls, **fields})


GROQ = ProviderSettings(name="groq", type="groq", base_urls=("https://api.groq.com/openai/v1",), priority=50)


def test_each_provider_that_gets_jobs_has_a_pool_in_the_order_of_priority() -> None:
    wanted = settings(
        local("gpu", "http://gpu:8000", priority=90),
        GROQ,
        local("off", "http://off:8000", enabled=False),
        local("odd", "http://odd:8000", unusable="outside the mode"),
    )
    assert pools(wanted, host="here", grace_s=7.5) == [
        Member(
            "groq@here",
            fleet_command("worker", "--provider", "groq", "--node", "groq@here", "--grace", "7.5"),
            "https://api.groq.com/openai/v1",
            provider="groq",
        ),
        Member(
            "gpu@here",
            fleet_command("worker", "--provider", "gpu", "--node", "gpu@here", "--grace", "7.5"),
            "http://gpu:8000",
            provider="gpu",
        ),
    ]


def test_each_pool_serves_its_metrics_on_a_port_of_its_own() -> None:
    wanted = settings(GROQ, local("gpu", "http://one:8000", "http://two:8000"))
    found = pools(wanted, host="here", grace_s=10, metrics_port=9464)
    assert [(pool.name, pool.port, pool.command[-2:]) for pool in found] == [
        ("groq@here", 9464, ("--metrics-port", "9464")),
        ("gpu.1@here", 9465, ("--metrics-port", "9465")),
        ("gpu.2@here", 9466, ("--metrics-port", "9466")),
    ]


def test_each_server_of_our_own_has_a_pool() -> None:
    found = pools(settings(local("gpu", "http://one:8000", "http://two:8000")), host="here", grace_s=10)
    assert [(pool.name, pool.where, pool.command[-2:]) for pool in found] == [
        ("gpu.1@here", "http://one:8000", ("--endpoint", "http://one:8000")),
        ("gpu.2@here", "http://two:8000", ("--endpoint", "http://two:8000")),
    ]


def test_a_hosted_provider_has_one_pool_however_many_addresses_it_has() -> None:
    provider = GROQ.model_copy(update={"base_urls": ("https://eu", "https://us")})
    assert [pool.name for pool in pools(settings(provider), host="here", grace_s=10)] == ["groq@here"]


@pytest.mark.parametrize(
    ("provider", "ports"),
    [
        (local("sim", "http://127.0.0.1:8999", kind="simulated"), [8999]),
        (local("sim", "http://localhost:1", "http://localhost:2", kind="simulated"), [1, 2]),
        (local("sim", "http://elsewhere:8999", kind="simulated"), []),
        (local("gpu", "http://127.0.0.1:8000"), []),
        (local("sim", "http://127.0.0.1:8999", kind="simulated", enabled=False), []),
    ],
    ids=["here", "several", "on another host", "a real server", "disabled"],
)
def test_simulated_providers_of_this_machine_have_a_simulator(provider: ProviderSettings, ports: list[int]) -> None:
    found = simulators(settings(provider))
    assert [(member.port, member.command[-3:]) for member in found] == [
        (port, ("simulate", "--port", str(port))) for port in ports
    ]


def test_names_of_several_simulators_differ() -> None:
    provider = local("sim", "http://localhost:1", "http://localhost:2", kind="simulated")
    assert [member.name for member in simulators(settings(provider))] == ["sim.server:1", "sim.server:2"]


def test_a_command_line_runs_this_installation_whatever_the_working_directory_holds() -> None:
    assert fleet_command("worker")[1:] == ("-P", "-m", "workfleet.workers.cli", "worker")
