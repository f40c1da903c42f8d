"""The configuration: `fleet.yaml`, every older form it replaces, and what the environment adds, as one frozen value."""

from .load import load_settings
from .problems import SettingsError, Problem
from .provider import HealthCheck, KeySource, Limits, ModelSettings, Prices, ProviderSettings
from .schema import Settings, TaskTypeSettings

__all__ = [
    "HealthCheck",
    "SettingsError",
    "KeySource",
    "Limits",
    "ModelSettings",
    "Prices",
    "Problem",
    "ProviderSettings",
    "Settings",
    "TaskTypeSettings",
    "load_settings",
]
