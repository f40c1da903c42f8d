"""A job's spec as it is stored."""

import json

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from .characters import whole
from .job import JobSpec

SPEC = TypeAdapter(JobSpec)


def written(spec: JobSpec) -> bytes:
    """JSON without defaults. Halves of characters, as bytes leave them that came over a pipe and are no UTF-8, are
    written as U+FFFD: nothing could store them.
    """
    try:
        return SPEC.dump_json(spec, exclude_defaults=True)
    except PydanticSerializationError:
        fields = SPEC.dump_python(spec, exclude_defaults=True)
        return whole(json.dumps(fields, ensure_ascii=False)).encode()
