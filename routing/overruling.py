"""What a configuration changes in a fleet that runs.

Each pool that brings a configuration tells the fleet its routes, and what the last one says holds for all of them. That
is how an edited configuration comes to a fleet, host by host; it is also how another fleet's takes its place.
"""

from .directory import Directory

#: What a configuration says of the whole fleet, by what people call it.
_PARTS = {"routes": "route", "lanes": "lane", "agents": "agent", "users": "user", "budgets": "budget of agent"}


def foreign(ours: Directory, fleet: Directory) -> bool:
    """Whether ours is the configuration of another fleet: no route of the one that runs leads to a provider of ours."""
    reached = {link.provider for route in fleet.routes.values() for link in route.chain}
    return bool(reached) and not reached & ours.providers.keys()


def overruled(ours: Directory, fleet: Directory) -> list[str]:
    """What the fleet has, and ours says otherwise or not at all: `route bulk`, `agent reviewer`, `retry`."""
    names = [
        f"{word} {name}"
        for part, word in _PARTS.items()
        for name, said in getattr(fleet, part).items()
        if getattr(ours, part).get(name) != said
    ]
    return names if ours.retry == fleet.retry else [*names, "retry"]
