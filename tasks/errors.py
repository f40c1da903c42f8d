"""What can go wrong for a caller.

FleetError
├── InvalidRequest        what was handed in cannot be a job; nothing was stored
│   └── UnknownName       a provider, model, route, task type … that the fleet does not have; the known ones are named
├── NoTarget              no target can take the job; each is listed with why it was skipped
├── ChangedMeanwhile      somebody else has changed it since it was looked at; nothing was changed
├── FleetUnavailable      Redis does not answer
├── ConfigurationError    the configuration is wrong: file, line, field and fix
├── JobNotFound           no record of that id
└── JobFailed             the job ended without an answer
    ├── JobCancelled
    └── JobExpired
"""

import difflib
from collections.abc import Iterable, Mapping


class FleetError(Exception):
    """The base of all errors of a fleet. The command line prints the message and ends with `exit_code`."""

    exit_code = 1


class InvalidRequest(FleetError):
    exit_code = 2


class UnknownName(InvalidRequest):
    """`UnknownName("route", "fast", ["bulk", "default"])`: unknown route 'fast'; known: bulk, default."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        super().__init__(f"unknown {kind} {name!r}; known: {', '.join(names) or 'none are configured'}{meant}")


class NoTarget(FleetError):
    """No target can run the job. skipped: target -> why."""

    exit_code = 3

    def __init__(self, skipped: Mapping[str, str]) -> None:
        reasons = "; ".join(f"{target}: {why}" for target, why in skipped.items())
        super().__init__(
            f"no target can take the job: {reasons}"
            if reasons
            else "no provider is configured and enabled; `fleet init` configures one"
        )
        self.skipped = dict(skipped)


class ChangedMeanwhile(FleetError):
    """What was to be changed is at another version than expected."""

    def __init__(self, what: str, version: int, expected: int) -> None:
        super().__init__(
            f"{what} is at version {version}, not {expected}: somebody has changed it; look again before you change it"
        )
        self.version = version


class FleetUnavailable(FleetError):
    exit_code = 4


class ConfigurationError(FleetError):
    exit_code = 2


class JobNotFound(FleetError):
    exit_code = 2


class JobFailed(FleetError):
    """The job ended without an answer; the message says why."""


class JobCancelled(JobFailed):
    pass


class JobExpired(JobFailed):
    pass
