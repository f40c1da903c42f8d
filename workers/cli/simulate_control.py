"""`fleet simulate on|off|set|status`: a simulator that runs elsewhere, through its own API."""

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import httpx2
import typer
from rich.table import Table

from ...tasks.errors import FleetUnavailable, InvalidRequest, UnknownName
from ..simulator.admin import PREFIX
from ..simulator.narrowing import Json, as_array, as_object
from ..simulator.settings import Settings
from .console import out

#: The port of a simulator that is told none.
PORT = 8999

_TIMEOUT_S = 10.0

_Url = Annotated[str, typer.Option("--url", help="Where it listens; its --admin-port while connections are refused.")]
USUAL_URL = f"http://127.0.0.1:{PORT}"


def switch_on(
    faults: Annotated[list[str], typer.Argument(metavar="FAULT", help="As with --fault.")],
    url: _Url = USUAL_URL,
) -> None:
    """Switch faults on in a simulator that runs.

    Examples:

      fleet simulate on http-503:provider=groq

      fleet simulate on rate-limited:rate=0.3 slow-first-token:amount=2,for=30s
    """
    for active in _asked("POST", url, "faults", faults)["active"]:
        out.print(f"on: {active['fault']}", markup=False)


def switch_off(
    faults: Annotated[
        list[str] | None,
        typer.Argument(metavar="FAULT", help="NAME, or NAME:provider=X for one provider's; all if none is named."),
    ] = None,
    url: _Url = USUAL_URL,
) -> None:
    """Switch faults off.

    Examples:

      fleet simulate off

      fleet simulate off http-503

      fleet simulate off http-503:provider=groq
    """
    off = [name for path in _paths(faults) for name in _asked("DELETE", url, path)["switched_off"]]
    out.print(f"off: {', '.join(off)}" if off else "none of them was on" if faults else "none was on", markup=False)


def change(
    settings: Annotated[list[str], typer.Argument(metavar="SETTING=VALUE", help="The options of `fleet simulate`.")],
    url: _Url = USUAL_URL,
) -> None:
    """Change settings; `none` takes a limit away. Changed limits begin with nothing used.

    Examples:

      fleet simulate set latency=0.5 token-rate=40

      fleet simulate set rpm=30 tpm=none

      fleet simulate set latency=lognormal:0.5,0.3 model=small,large
    """
    changes = dict(_setting(text) for text in settings)
    now = _asked("PATCH", url, "settings", changes)
    for name in changes:
        out.print(f"{_option(name)}={_said(now[name])}", markup=False)


def status(
    url: _Url = USUAL_URL,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show what is set, which faults are on and how often they struck, and what has been served.

    Examples:

      fleet simulate status

      fleet simulate status --json --url http://127.0.0.1:8998
    """
    settings, faults, stats = (_asked("GET", url, what) for what in ("settings", "faults", "stats"))
    if as_json:
        whole = {"settings": settings, "faults": faults["active"], "stats": stats}
        sys.stdout.write(json.dumps(whole, indent=2) + "\n")
        return
    out.print(f"settings: {changed(settings)}", markup=False)
    out.print(_struck(faults["active"]) if faults["active"] else "faults: none is on")
    out.print(_served(stats))
    statuses = sorted(stats["by_status"].items())
    out.print(f"status codes: {', '.join(f'{code} ({count:,})' for code, count in statuses) or 'none yet'}")


def changed(settings: Mapping[str, object]) -> str:
    """The settings that are not as usual, as options."""
    usual = Settings().model_dump(mode="json")
    return " ".join(f"{_option(n)}={_said(v)}" for n, v in settings.items() if v != usual[n]) or "the defaults"


def _struck(active: list[Mapping[str, Any]]) -> Table:
    table = Table("fault", "could strike", "struck")
    for each in active:
        table.add_row(each["fault"], str(each["seen"]), str(each["struck"]))
    return table


def _served(stats: Mapping[str, Any]) -> Table:
    table = Table(
        "requests", "complete", "refused by limits", "left by clients", "in flight", "tokens in", "tokens out"
    )
    counted = ("requests", "complete", "refused", "aborted", "in_flight", "prompt_tokens", "completion_tokens")
    table.add_row(*(f"{stats[name]:,}" for name in counted))
    return table


def _paths(faults: list[str] | None) -> list[str]:
    return [f"faults/{name}" for name in faults] if faults else ["faults"]


def _setting(text: str) -> tuple[str, object]:
    """`latency=0.5` as the setting `latency_s` and its value."""
    option, sign, value = text.partition("=")
    fields = {_option(name): name for name in Settings.model_fields}
    name = fields.get(option.strip().replace("_", "-"), option if option in Settings.model_fields else None)
    if name is None:
        raise UnknownName("setting", option, fields)
    if not sign:
        raise InvalidRequest(f"setting {option!r} has no value; write {option}=0.5")
    if name == "models":
        return name, value.split(",")
    return name, None if value == "none" and Settings.model_fields[name].default is None else value


def _option(name: str) -> str:
    """What a setting is called on the command line."""
    return "model" if name == "models" else name.removesuffix("_s").replace("_", "-")


def _said(value: object) -> str:
    several = as_array(value)
    if several is not None:
        return ",".join(map(str, several))
    return "none" if value is None else str(value)


def _asked(method: str, url: str, path: str, body: object = None) -> Json:
    """What its own API answers. Raises InvalidRequest with its words, FleetUnavailable if nobody answers."""
    try:
        with httpx2.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
            reply = client.request(method, f"{url.rstrip('/')}{PREFIX}/{path}", json=body)
        told = reply.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as failed:
        raise FleetUnavailable(f"no simulator answers at {url} ({failed}); start one with `fleet simulate`") from None
    fields = as_object(told) or {}
    if reply.status_code == 400 and "error" in fields:
        raise InvalidRequest(str(fields["error"]))
    if reply.status_code != 200:
        raise FleetUnavailable(f"what answers at {url} is no simulator: HTTP {reply.status_code}")
    return fields
