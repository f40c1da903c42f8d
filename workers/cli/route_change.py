"""One change of a route by hand: written with its author, and told once the workers have heard of it."""

import getpass
import socket
from typing import Annotated, NamedTuple

import typer

from ...routing.directory import Directory, Route
from ...tasks.client import AsyncClient
from .heard import heard
from .route_view import tell

RouteName = Annotated[
    str,
    typer.Argument(
        help="A route; `agent:NAME` is an agent's own, `lane:NAME` that of a lane or task type.", show_default=False
    ),
]
IfVersion = Annotated[
    int | None,
    typer.Option(
        "--if-version",
        min=0,
        help="Change it only if it is still at this version; `fleet route list` tells it.",
        show_default=False,
    ),
]
By = Annotated[
    str | None, typer.Option("--by", help="Who changes it; this machine's user if not given.", show_default=False)
]


class Terms(NamedTuple):
    """How a change is made and told. if_version: the version that the route must have, None is any."""

    if_version: int | None
    by: str | None
    as_json: bool


async def change_route(client: AsyncClient, name: str, route: Route | None, terms: Terms) -> None:
    """None is as configured. Raises ChangedMeanwhile if it is at another version."""
    controls = client.fleet.controls
    number = await controls.set_route(name, route, by=terms.by or _user(), expected=terms.if_version)
    workers = await heard(client, lambda node: node.versions.get(name, 0) >= number)
    directory = await client.fleet.directory() or Directory()
    tell(name, directory.routes.get(name), await controls.read(), workers, as_json=terms.as_json)


def _user() -> str:
    """The user and the machine; a user that the system has no name for is left out."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except OSError:
        return socket.gethostname()
