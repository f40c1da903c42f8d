"""Which class of failure Cohere's errors are: a sentence, and a status that means other things elsewhere (C.8)."""

import re
from dataclasses import replace

from ....routing.failure import Failure, Fault
from .. import faults
from ..dialect import Reply
from ..error_body import read_error

#: The text held a token that is on the provider's list of those to be refused.
_BLOCKED_STATUS = 498
#: Documented last resort: a trial key's monthly limit has the status of the one a minute.
_TRIAL = re.compile(r"trial key", re.IGNORECASE)
_MINUTE = re.compile(r"minute", re.IGNORECASE)


def failure_of(reply: Reply) -> Failure:
    failure = faults.failure_of(reply)
    if reply.status == _BLOCKED_STATUS:
        return replace(failure, fault=Fault.CONTENT_FILTERED)
    message = read_error(reply.body).message
    if failure.fault is Fault.RATE_LIMITED and _TRIAL.search(message) and not _MINUTE.search(message):
        return replace(failure, fault=Fault.QUOTA_EXHAUSTED)
    return failure
