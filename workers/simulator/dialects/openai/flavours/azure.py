"""Azure OpenAI: content filters report on every prompt and answer, codes are numbers in text."""

import math
from collections.abc import Sequence

from ......routing.limits import Period
from ....answer import Choice, Finish
from ....exchange import Exchange
from ....limits import Overrun, Reading
from ....narrowing import Json
from ....problem import Kind, Problem, Told
from ... import waits
from ..wording import words
from .flavour import Flavour, Reply

_HARMS = ("hate", "self_harm", "sexual", "violence")

_CALL = "ChatCompletions_Create"

_NO_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)

_NO_DEPLOYMENT = (
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
    "please wait a moment and try again."
)

_FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify "
    "your prompt and retry. To learn more about our content filtering policies please read our documentation: "
    "https://go.microsoft.com/fwlink/?linkid=2198766"
)


class Azure(Flavour):
    def rate_headers(self, readings: Sequence[Reading]) -> dict[str, str]:
        """What remains of the minute, and no more."""
        return {
            f"x-ratelimit-remaining-{reading.limit.unit}": str(max(reading.remaining, 0))
            for reading in readings
            if reading.limit.period is Period.MINUTE
        }

    def whole_extras(self) -> Json:
        return {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _looked_at(prompt=True)}]}

    def opening(self, exchange: Exchange) -> Json:
        head: Json = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
        return head | self.whole_extras()

    def choice_extras(self, choice: Choice | None) -> Json:
        found = _looked_at(blocked=choice is not None and choice.finish is Finish.CONTENT_FILTER)
        return {"logprobs": None, "content_filter_results": found if choice else {}}

    def error(self, problem: Problem, model: str, exchange: Exchange) -> Reply:
        if problem.overrun:
            return self.rate_error(problem.overrun, problem.told, model, exchange)
        match problem.kind:
            case Kind.UNAUTHORIZED:
                return _reply(401, "401", _NO_KEY)
            case Kind.NO_MODEL | Kind.RETIRED_MODEL:
                return _reply(404, "DeploymentNotFound", _NO_DEPLOYMENT)
            case Kind.NO_ROUTE:
                return _reply(404, "404", "Resource not found")
            case Kind.FILTERED:
                return Reply(400, {}, {"error": _filtered()})
            case Kind.STATUS:
                return _reply(problem.status, str(problem.status), words(problem).message)
            case _:
                return super().error(problem, model, exchange)

    def rate_error(self, overrun: Overrun, told: Told, model: str, exchange: Exchange) -> Reply:
        headers = waits.retry_after(overrun, told, exchange.at, (Told.SECONDS, Told.MILLISECONDS))
        message = (
            f"Requests to the {_CALL} Operation under Azure OpenAI API version 2024-10-21 have exceeded "
            f"{'call' if overrun.limit.unit == 'requests' else 'token'} rate limit of your current pricing tier."
        )
        if told in (Told.BY_PROVIDER, Told.TEXT) and math.isfinite(overrun.wait_s):
            message += f" Please retry after {waits.whole_seconds(overrun)} seconds."
        return Reply(429, headers, {"error": {"code": "429", "message": message}})


def _reply(status: int, code: str, message: str) -> Reply:
    return Reply(status, {}, {"error": {"code": code, "message": message}})


def _filtered() -> Json:
    found = _looked_at(prompt=True, blocked=True)
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": found}
    return {
        "message": _FILTERED,
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": inner,
    }


def _looked_at(*, prompt: bool = False, blocked: bool = False) -> Json:
    found: Json = {harm: {"filtered": False, "severity": "safe"} for harm in _HARMS}
    if blocked:
        found["violence"] = {"filtered": True, "severity": "medium"}
    return found | {"jailbreak": {"detected": False, "filtered": False}} if prompt else found
