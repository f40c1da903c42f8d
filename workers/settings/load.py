"""Finds the configuration, reads it in whatever form it has, and hands out the settings or all that is wrong."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from .context import Context
from .dictionary import respell_top
from .environment import Environment
from .forms import translate
from .from_environment import overridden
from .interpolate import interpolate
from .problems import Findings, SettingsError, in_order
from .reader import read_file
from .resolve import settings_of
from .schema import Settings
from .tree import EMPTY

#: Where a configuration is looked for, in this order, in the working directory.
FILES = ("fleet.yaml", "fleet.yml", ".aqe/providers.yaml", "llm_providers.yaml", "config/llm_providers.yaml")


def load_settings(
    path: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    directory: Path | None = None,
    needed: Collection[str] | None = None,
) -> Settings:
    """The settings of a fleet.

    path: the file of `--config`. env: the environment, `os.environ` if None. directory: the working directory if None.
    Without `path`: the file that FLEET_CONFIG names, else the first of FILES; no file at all is a fleet without
    providers, but for those that the environment names.

    needed: the providers whose keys and other variables must be there, None for all that are enabled. A client needs
    none, and a host that runs one pool needs its provider's only: keys need not be on every machine.

    Raises SettingsError with all problems.
    """
    environment = Environment(os.environ if env is None else env, directory or Path())
    source = path or environment.path("FLEET_CONFIG") or find(environment.directory)
    findings = Findings()
    context = Context(environment, source.parent if source else environment.directory, findings, needed)
    node = EMPTY if source is None else interpolate(read_file(source), environment.get, findings)
    node = respell_top(translate(node, findings), findings)
    settings = settings_of(overridden(node, context), source, context)
    if findings.errors:
        raise SettingsError(in_order(findings.errors), source or "environment")
    return settings


def find(directory: Path) -> Path | None:
    """The configuration of a working directory, None if it has none."""
    return next((directory / name for name in FILES if (directory / name).is_file()), None)
