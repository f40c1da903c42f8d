"""Finds the embedded Redis that runs for a state folder, without starting one."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from .config import ServerConfig
from .process import runs
from .state import Access

STATE_FOLDER = ".fleet"


def state_dir(env: Mapping[str, str] | None = None) -> Path:
    """The project's state folder: FLEET_STATE, or `.fleet` in the working directory."""
    return Path((os.environ if env is None else env).get("FLEET_STATE") or STATE_FOLDER)


def running_url(state: Path) -> SecretStr | None:
    """The URL of the state folder's server, None if it does not run."""
    folder = state.absolute() / "redis"
    access = Access.read(folder / "access.json")
    if access is None or not runs(folder):
        return None
    return SecretStr(ServerConfig(folder=folder, port=access.port, password=SecretStr(access.password)).url)
