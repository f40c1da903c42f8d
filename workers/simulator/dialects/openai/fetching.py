"""Fetching a model with LM Studio or LocalAI: a job, whose id says of which model and since when."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import replace

from ...exchange import Exchange
from ...narrowing import Json
from ...problem import Kind, Problem, Refused
from ...script import Script, whole
from ..dialect import Pull, encode
from ..fields import Fields

_BYTES = 397_821_319
_LMSTUDIO, _LMSTUDIO_STATUS = "/models/download", "/models/download/status/"
_LOCALAI, _LOCALAI_JOB = "/models/apply", "/models/jobs/"


def method_of(path: str) -> str | None:
    """The method that a path of fetching takes, None if it is none."""
    if path.endswith((_LMSTUDIO, _LOCALAI)):
        return "POST"
    return "GET" if _LMSTUDIO_STATUS in path or _LOCALAI_JOB in path else None


def fetch(body: bytes, exchange: Exchange, form: Pull) -> Script:
    """It takes the seconds that loading a model takes."""
    path = exchange.path.partition("?")[0]
    if path.endswith(_LMSTUDIO):
        model = Fields.parse(body).text("model")
        if exchange.settings.lists(model):
            return _json({"status": "already_downloaded"})
        return _json(_downloading(model, exchange.at, 0.0))
    if path.endswith(_LOCALAI):
        model = Fields.parse(body).text("id")
        job = _job(model, exchange.at)
        return _json({"uuid": job, "status": f"http://localhost:8080/models/jobs/{job}"})
    model, began = _read(path.rpartition("/")[2])
    share = min(1.0, (exchange.at - began) / exchange.settings.load_s) if exchange.settings.load_s else 1.0
    done = _downloading if _LMSTUDIO_STATUS in path else _installing
    return _failed(path) if form is Pull.ERROR else _json(done(model, began, share), adds=model if share == 1.0 else "")


def _downloading(model: str, began: float, share: float) -> Json:
    status = "completed" if share == 1.0 else "downloading"
    sizes: Json = {"total_size_bytes": _BYTES, "downloaded_bytes": round(_BYTES * share)}
    return {"job_id": _job(model, began), "status": status, **sizes}


def _installing(model: str, _began: float, share: float) -> Json:
    done = round(_BYTES * share)
    return {
        "deletion": False,
        "file_name": f"{model}.gguf",
        "processed": share == 1.0,
        "message": "completed" if share == 1.0 else "processing",
        "progress": share * 100,
        "phase": "downloading",
        "current_bytes": done,
        "total_bytes": _BYTES,
        "file_size": f"{_BYTES / 2**20:.1f} MiB",
        "downloaded_size": f"{done / 2**20:.1f} MiB",
        "gallery_element_name": model,
        "cancelled": False,
        "cancellable": True,
    }


def _failed(path: str) -> Script:
    if _LMSTUDIO_STATUS in path:
        return _json({"job_id": path.rpartition("/")[2], "status": "failed"})
    error = "no model found with that name"
    return _json({"error": error, "processed": True, "message": f"error: {error}", "progress": 0, "cancelled": False})


def _json(body: Json, adds: str = "") -> Script:
    return replace(whole(200, encode(body).encode()), adds=adds)


def _job(model: str, began: float) -> str:
    return urlsafe_b64encode(f"{began!r} {model}".encode()).decode().rstrip("=")


def _read(job: str) -> tuple[str, float]:
    try:
        began, _, model = urlsafe_b64decode(job + "=" * (-len(job) % 4)).decode().partition(" ")
        return model, float(began)
    except (NotBase64, UnicodeDecodeError, ValueError):
        raise Refused(Problem(Kind.NO_ROUTE, detail=f"no job {job}")) from None
