"""When a provider's breakers open and close: what the configuration says, over what is usual for such a provider."""

from dataclasses import replace
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from ...routing.breaker import KEPT, BreakerPolicy
from .part import Part

#: A server of our own comes back within seconds of a restart; a hosted one is left alone for longer. And it is given up
#: before a job that has nowhere else to go has used up its attempts.
SELF_HOSTED = BreakerPolicy(failures=3, cool_off_s=2.0, max_cool_off_s=30.0)
HOSTED = BreakerPolicy()


class BreakerSettings(Part):
    """The figures of `BreakerPolicy`; None is as usual. No more outcomes count than a breaker keeps."""

    failures: int | None = Field(default=None, ge=1, le=KEPT)
    window_s: float | None = Field(default=None, gt=0)
    least_calls: int | None = Field(default=None, ge=1, le=KEPT)
    share: float | None = Field(default=None, gt=0, le=1)
    cool_off_s: float | None = Field(default=None, gt=0)
    max_cool_off_s: float | None = Field(default=None, gt=0)
    successes: int | None = Field(default=None, ge=1, le=KEPT)

    @field_validator("max_cool_off_s")
    @classmethod
    def _no_less(cls, most_s: float | None, info: ValidationInfo) -> float | None:
        first_s = info.data.get("cool_off_s")
        if most_s is not None and first_s is not None and most_s < first_s:
            raise ValueError(f"max_cool_off_s must be at least cool_off_s, which is {first_s:g}")
        return most_s

    def said(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)

    def policy(self, *, self_hosted: bool) -> BreakerPolicy:
        """A cool-off that is longer than the longest one usually is outlasts it."""
        usual = SELF_HOSTED if self_hosted else HOSTED
        longest_s = self.max_cool_off_s or max(self.cool_off_s or 0.0, usual.max_cool_off_s)
        return replace(usual, **self.said() | {"max_cool_off_s": longest_s})


def words(policy: BreakerPolicy) -> str:
    """A policy for people."""
    failures = "1 failure" if policy.failures == 1 else f"{policy.failures} failures in a row"
    share = f"{policy.share:.0%} of {policy.least_calls} calls or more"
    tries = "1 success closes it" if policy.successes == 1 else f"{policy.successes} successes in a row close it"
    rests = (
        f"{policy.cool_off_s:g} s"
        if policy.cool_off_s == policy.max_cool_off_s
        else f"{policy.cool_off_s:g} s, doubling to {policy.max_cool_off_s:g} s"
    )
    return f"opens at {failures} within {policy.window_s:g} s or {share}; rests for {rests}; {tries}"
