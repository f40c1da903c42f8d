"""Which class of failure Anthropic's errors are: its types say it, but for spent credit and refused parameters."""

import re
from dataclasses import replace

from ....routing.failure import Failure, Fault
from .. import faults
from ..dialect import Reply
from ..error_body import ErrorBody, read_error

#: Documented last resort: spent credit is an `invalid_request_error` with status 400.
_NO_CREDIT = re.compile(r"credit balance is too low", re.IGNORECASE)
#: Documented last resort: the parameter stands in the sentence only, at its beginning. Of two that exclude each other,
#: the second is named.
_PARAMETER = re.compile(
    r"^[`'\"]?([a-z_]+(?:\.[a-z_]+)*)[`'\"]?(?: and [`'\"]?([a-z_]+)[`'\"]?)?(?::| is | are | cannot )"
)


def failure_of(reply: Reply) -> Failure:
    return _refined(faults.failure_of(reply), read_error(reply.body).message)


def failure_in(error: ErrorBody, reply: Reply) -> Failure:
    return _refined(faults.failure_in(error, reply), error.message)


def _refined(failure: Failure, message: str) -> Failure:
    if failure.fault is not Fault.BAD_REQUEST:
        return failure
    if _NO_CREDIT.search(message):
        return replace(failure, fault=Fault.QUOTA_EXHAUSTED)
    named = _PARAMETER.match(message)
    return replace(failure, parameter=failure.parameter or (named[2] or named[1] if named else None))
