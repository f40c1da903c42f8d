"""The configuration: `fleet.yaml`, every older form it replaces, and what the environment adds, as one frozen value."""

from .load import load_settings
from .problems import Problem, SettingsError
from .provider import HealthCheck, KeySource, Limits, ModelSettings, Prices, ProviderSettings
from .schema import Settings, TaskTypeSettings

__all__ = [
    "HealthCheck",
    "KeySource",
    "Limits",
    "ModelSettings",
    "Prices",
    "Problem",
    "ProviderSettings",
    "Settings",
    "SettingsError",
    "TaskTypeSettings",
    "load_settings",
]
