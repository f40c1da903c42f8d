"""The dialect of Azure OpenAI: OpenAI's bodies, and a path in which the deployment or the version stands (C.10)."""

from dataclasses import replace
from urllib.parse import quote

from ....routing.failure import Failure, Fault
from ..dialect import Ask, Call, Reply
from ..error_body import read_error
from ..faults import failure_of
from ..openai.dialect import OpenAICompatible
from ..openai.request import PATHS, encoded

#: Versions of the path that has no deployment in it; the body's model names the deployment there.
_V1 = {None: "", "v1": "", "latest": "", "preview": "?api-version=preview"}


class Azure(OpenAICompatible):
    def encode(self, ask: Ask) -> Call | Failure:
        """A model that is mapped to no deployment is a deployment's own name."""
        deployment = ask.api.deployments.get(ask.model, ask.model)
        body = encoded(ask) | {"model": deployment}
        path, version = PATHS[ask.request.kind], ask.api.version
        if version in _V1:
            return Call("POST", f"/openai/v1/{path}{_V1[version]}", body)
        return Call("POST", f"/openai/deployments/{quote(deployment, safe='')}/{path}?api-version={version}", body)

    def failure(self, reply: Reply) -> Failure:
        """404 is a deployment that is not there, or an address that never was."""
        failure = failure_of(reply)
        if failure.fault is not Fault.MODEL_NOT_FOUND or "DeploymentNotFound" in read_error(reply.body).codes:
            return failure
        return replace(failure, message=f"{failure.message} (check base_url, api_version and deployments)")
