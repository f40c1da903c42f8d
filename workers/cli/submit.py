"""`fleet submit`: one job from the command line or from a file."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ...routing.lanes import Priority
from ...tasks.errors import InvalidRequest
from ...tasks.job import JobSpec
from ...tasks.submission import parse_spec
from .console import err, out
from .jobs import TimeoutOption, show_outcome
from .session import NO_WORKER, ConfigOption, JsonOption, fleet_client, run_async
from .stream import show_stream

#: Parameters that go with --file: what is done with the job, not what it is.
WITH_FILE = frozenset({"file", "wait", "stream", "timeout", "as_json", "config"})


_Prompt = Annotated[
    str | None, typer.Argument(help="The prompt; `-` reads it from standard input.", show_default=False)
]
_File = Annotated[
    Path | None,
    typer.Option("--file", "-f", help="A job as JSON: request, task_type, …", exists=True, dir_okay=False),
]
_System = Annotated[str | None, typer.Option(help="System message before the prompt.")]
_TaskType = Annotated[str, typer.Option("--task-type", "-t", help="What the job is for.")]
_Complexity = Annotated[
    str | None, typer.Option(help="1 to 10, or simple, moderate, complex, very-complex; scored if not given.")
]
_Agent = Annotated[str, typer.Option(help="Who asks.")]
_User = Annotated[
    str | None, typer.Option(envvar="FLEET_USER", help="Whose preference counts where nothing says more.")
]
_Provider = Annotated[str | None, typer.Option("--provider", "-p", help="Run on this provider only.")]
_Model = Annotated[str | None, typer.Option("--model", "-m", help="Run on this model only.")]
_Chain = Annotated[
    list[str] | None, typer.Option("--chain", help="PROVIDER or PROVIDER/MODEL; repeat it in the order to try.")
]
_Route = Annotated[str | None, typer.Option(help="Run on a route of the configuration.")]
_LocalOnly = Annotated[bool, typer.Option("--local-only", help="Never leaves our own machines, whatever fails.")]
_FreeOnly = Annotated[bool, typer.Option("--free-only", help="Never costs anything, whatever fails.")]
_MaxCost = Annotated[
    float | None,
    typer.Option(help="USD that the job may cost over all its calls; answers end at 4096 tokens if not said."),
]
_MaxTokens = Annotated[int | None, typer.Option(help="Most tokens of the answer.")]
_Temperature = Annotated[float | None, typer.Option(help="From 0 to 2.")]
_Judge = Annotated[str | None, typer.Option(help="Who looks at the answer: python-tests, python, json, nonempty.")]
_Priority = Annotated[Priority, typer.Option(help="Interactive jobs come before batch jobs.")]
_Deadline = Annotated[float | None, typer.Option(help="Seconds after which the job expires; a day if not given.")]
_Key = Annotated[
    str | None,
    typer.Option("--idempotency-key", help="A second submission with the same key returns the first job."),
]
_Wait = Annotated[
    bool,
    typer.Option("--wait", "-w", help="Wait for the answer and print it; fail at once if no pool could take the job."),
]
_Cache = Annotated[
    bool | None,
    typer.Option(
        "--cache/--no-cache", help="Take an answer that the same request had before; its task type says if not given."
    ),
]
_Stream = Annotated[bool, typer.Option("--stream", help="Print the answer while it is made.")]


def submit(
    context: typer.Context,
    prompt: _Prompt = None,
    file: _File = None,
    system: _System = None,
    task_type: _TaskType = "general",
    complexity: _Complexity = None,
    agent: _Agent = "default",
    user: _User = None,
    provider: _Provider = None,
    model: _Model = None,
    chain: _Chain = None,
    route: _Route = None,
    local_only: _LocalOnly = False,
    free_only: _FreeOnly = False,
    max_cost: _MaxCost = None,
    max_tokens: _MaxTokens = None,
    temperature: _Temperature = None,
    judge: _Judge = None,
    priority: _Priority = Priority.INTERACTIVE,
    deadline: _Deadline = None,
    key: _Key = None,
    cache: _Cache = None,
    wait: _Wait = False,
    stream: _Stream = False,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hand in one job and print its id, or with --wait its answer.

    Examples:

      fleet submit "Write pytest tests for def add(a, b): return a + b" -t test-generation --wait

      fleet submit -f job.json

      git diff | fleet submit - -t code-review --local-only

      fleet submit "Summarise this thread" --max-cost 0.01 --max-tokens 800
    """
    if file is not None:
        _refuse_beside_a_file(context)
        spec = _from_file(file, stream=stream)
    else:
        who = {"task_type": task_type, "complexity": _level(complexity), "agent": agent, "user": user}
        where = {"provider": provider, "model": model, "route": route, "chain": chain or ()}
        how = {"judge": judge, "priority": priority, "deadline_s": deadline, "idempotency_key": key, "cache": cache}
        bounds = {"local_only": local_only, "free_only": free_only, "max_cost_usd": max_cost}
        given = {**who, **where, **how, "constraints": bounds, "stream": stream}
        spec = _from_options(prompt, system, {"max_tokens": max_tokens, "temperature": temperature}, given)
    run_async(_submit(spec, config, wait=wait, timeout_s=timeout, as_json=as_json))


def _level(text: str | None) -> int | str | None:
    """A number if it is one; whether the number or the name is a level is for the job to say."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return text


def _refuse_beside_a_file(context: typer.Context) -> None:
    """What a job is stands in its file alone."""
    beside = [
        "the prompt" if name == "prompt" else f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in WITH_FILE and (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    if beside:
        raise InvalidRequest(f"{' and '.join(beside)} cannot stand beside --file: the job is what the file says")


def _from_file(file: Path, *, stream: bool) -> JobSpec:
    try:
        spec = parse_spec(json.loads(file.read_text()))
    except (json.JSONDecodeError, UnicodeDecodeError) as wrong:
        raise InvalidRequest(f"{file}: not JSON: {wrong}") from None
    except OSError as wrong:
        raise InvalidRequest(f"{file}: {wrong.strerror}") from None
    return spec.model_copy(update={"stream": True}) if stream else spec


def _from_options(prompt: str | None, system: str | None, request: dict[str, Any], given: dict[str, Any]) -> JobSpec:
    text = sys.stdin.read() if prompt == "-" else prompt
    if not text or not text.strip():
        raise InvalidRequest("the prompt is empty; give one, `-` for standard input, or a job with --file")
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": text})
    asked = {name: value for name, value in request.items() if value is not None}
    fields = {name: value for name, value in given.items() if value is not None}
    return parse_spec({"request": {"messages": messages, **asked}, **fields})


async def _submit(spec: JobSpec, config: Path | None, *, wait: bool, timeout_s: float | None, as_json: bool) -> None:
    async with fleet_client(config) as client:
        job_id = await client.submit(spec, must_run=wait or spec.stream)
        if not (wait or spec.stream):
            if not (await client.snapshot()).living:
                err.print(NO_WORKER, markup=False)
            out.print_json(data={"job_id": job_id}) if as_json else out.print(job_id, markup=False)
            return
    err.print(f"[dim]job {job_id}[/]")
    # Handed in, it outlasts a restart of Redis, and so does who waits for it.
    async with fleet_client(config, patient=True, timeout_s=timeout_s) as client:
        if spec.stream:
            await show_stream(client, job_id, after="0", as_json=as_json, timeout_s=timeout_s)
        else:
            await show_outcome(client, job_id, timeout_s, as_json=as_json)
