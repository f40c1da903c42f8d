"""`fleet worker`: one pool process of one provider."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Annotated

import structlog
import typer
from pydantic import SecretStr

from ...routing.directory import Directory
from ...tasks.client import AsyncClient
from ...tasks.connection import passes
from ...tasks.errors import FleetUnavailable
from ..local.server import folders_of, local_server
from ..logs import configure_logs, log_options
from ..metrics.endpoint import Place
from ..patience import persist
from ..pool.herald import Herald
from ..pool.joining import refuse_another_fleets, tell_replaced
from ..pool.plan import plan_pool
from ..pool.pool import run_pool
from ..pool.runtime import PoolPlan
from ..redaction import secrets_in
from ..registry.keeper import Sync
from ..registry.knowledge import known_to_fleet
from ..registry.retired import retired_models
from ..registry.syncing import ask_all, keep
from ..settings.load import load_settings
from ..settings.schema import Settings
from ..supervision.output import plain as to_stderr
from .session import ConfigOption, fleet_redis, run_async

log = structlog.get_logger()

_REDIS_WITHIN_S = 30.0
#: A server that is slow to list its models must not hold up its pool.
_LISTED_WITHIN_S = 2.0


_Joins = Annotated[
    bool, typer.Option("--join", help="Leave the routes of the fleet that runs as they are, and only add to it.")
]


def worker(
    provider: Annotated[str, typer.Option("--provider", "-p", help="The provider whose jobs this pool runs.")],
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--endpoint", "-e", help="Base URL of the server; the configured ones if not given. May be repeated."
        ),
    ] = None,
    slots: Annotated[
        int | None, typer.Option("--slots", "-s", min=1, help="Calls at the same time; as configured if not given.")
    ] = None,
    node: Annotated[str | None, typer.Option("--node", help="Name of this worker; PROVIDER@HOST if not given.")] = None,
    grace: Annotated[
        float, typer.Option("--grace", min=0, help="Seconds that running jobs may go on after SIGTERM or Ctrl-C.")
    ] = 30.0,
    events: Annotated[
        bool, typer.Option(help="Send task events, which Flower shows; they cost about a third of the message rate.")
    ] = True,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            envvar="FLEET_METRICS_PORT",
            help="Serve Prometheus' metrics here: /metrics of this worker, /metrics/fleet of the whole fleet.",
            show_default=False,
        ),
    ] = None,
    metrics_address: Annotated[
        str, typer.Option(envvar="FLEET_METRICS_ADDRESS", help="Where metrics are served; 0.0.0.0 is everywhere.")
    ] = "127.0.0.1",
    joins: _Joins = False,
    config: ConfigOption = None,
) -> None:
    """Run a worker pool for one provider until it is stopped.

    It takes jobs from the lanes in which the provider has a target, and from the provider's own queue. On another host
    it needs FLEET_REDIS_URL and nothing else: the fleet's configuration comes from Redis. A configuration that is there
    holds for the whole fleet from now on, unless it is another fleet's or --join is given.

    Examples:

      fleet worker --provider groq

      fleet worker --provider vllm --endpoint http://localhost:8000 --slots 64 --metrics-port 9464

      fleet worker --provider vllm --config gpu.yaml --join
    """
    settings = load_settings(config, needed=(provider,))
    redis_url = fleet_redis(settings)
    secrets = [*secrets_in(settings), *secrets_in(redis_url)]
    herald = Herald()
    configure_logs(log_options(os.environ, debug_providers=settings.debug), secrets=secrets, on_event=herald.take)
    own = partial(plan_pool, settings, endpoints=endpoint or [], slots=slots, node=node, grace_s=grace, joins=joins)
    plan = run_async(_plan(settings, redis_url, lambda known: own(known, redis_url, provider=provider)))
    if metrics_port is not None:
        plan = replace(plan, metrics=Place(metrics_port, metrics_address))
    with local_server(plan.provider, folders_of(settings.source), to_stderr(sys.stderr)):
        code = run_pool(plan, events=events, herald=herald)
    sys.exit(code)


async def _plan(settings: Settings, redis_url: SecretStr, planned: Callable[[Directory], PoolPlan]) -> PoolPlan:
    """planned: the pool beside what the fleet knows."""
    plan = planned(await _directory(redis_url))
    async with AsyncClient(redis_url, wait_for_redis_s=_REDIS_WITHIN_S) as client:
        if plan.configured:
            source = settings.source or "the environment"
            await persist(lambda: refuse_another_fleets(client, plan.directory, source=source))
            await persist(lambda: tell_replaced(client, plan.directory, source=source, node=plan.node))
        if plan.provider.health_check.enabled:
            answered = await ask_all([plan.provider], timeout_s=_LISTED_WITHIN_S)
            await persist(lambda: keep(client, answered))
        knowledge = await persist(lambda: known_to_fleet(settings, client))
    for problem in retired_models(settings, knowledge.registry):
        if problem.field == f"providers.{plan.provider.name}":
            log.warning("model.retired", provider=plan.provider.name, problem=problem.message)
    sync = Sync(settings.sync_models_s, plan.directory, knowledge) if settings.sync_models_s is not None else None
    return replace(plan, directory=knowledge.informed(plan.directory), sync=sync)


async def _directory(redis_url: SecretStr) -> Directory:
    """What the pools have published, without what was changed by hand: what this one adds to it is published again.

    Redis may come up a little later than its workers.
    """
    try:
        async with AsyncClient(redis_url) as client:
            return await _published(client)
    except FleetUnavailable as failed:
        if not passes(failed):
            raise
        log.warning("redis.awaited", error=str(failed), patience_s=_REDIS_WITHIN_S)
    async with AsyncClient(redis_url, wait_for_redis_s=_REDIS_WITHIN_S) as client:
        return await _published(client)


async def _published(client: AsyncClient) -> Directory:
    return await persist(client.fleet.published) or Directory()
