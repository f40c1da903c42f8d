"""The commands of `fleet`: where each is, and what `fleet --help` says of it without importing any."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """name: in a module beside this one. summary: the first paragraph of the command's own help."""

    module: str
    name: str
    summary: str


#: In the order in which they are shown.
COMMANDS = {
    "init": Place("init", "init", "Write a first fleet.yaml, and say what to do next."),
    "config": Place("config", "app", "Check the configuration, and show what it means."),
    "testgen": Place(
        "testgen",
        "generate_tests",
        "Write pytest files for every public function and method of a Python package, one job for each.",
    ),
    "batch": Place("batch", "app", "Run files in OpenAI's Batch format, here and now or in the background."),
    "up": Place(
        "up",
        "up",
        "Run a whole fleet on this machine until Ctrl-C: Redis if none is configured, a pool for each "
        "provider, Flower.",
    ),
    "worker": Place("worker", "worker", "Run a worker pool for one provider until it is stopped."),
    "flower": Place(
        "flower",
        "flower",
        "Run Flower for the fleet: workers, tasks, and under /fleet its pools, lanes and jobs. No prompts, no answers.",
    ),
    "submit": Place("submit", "submit", "Hand in one job and print its id, or with --wait its answer."),
    "result": Place("jobs", "result", "Print a job's answer, if it has one yet."),
    "wait": Place("jobs", "wait", "Wait until a job has ended, and print its answer."),
    "stream": Place("stream", "stream", "Print a job's answer while it is made, from its beginning or from an offset."),
    "cancel": Place(
        "jobs",
        "cancel",
        "Cancel jobs: waiting ones at once, running ones within a second; their connection to the provider is closed.",
    ),
    "job": Place(
        "jobs",
        "job",
        "Show a job: its state, where it waits and why, and every attempt with its target, outcome and cost.",
    ),
    "usage": Place("usage", "app", "Show what calls came to: how many, their tokens, costs and times."),
    "events": Place(
        "events",
        "events",
        "Show what happens in the fleet: providers that go and come, breakers, quotas, workers, jobs that fail.",
    ),
    "dead-letter": Place("dead_letters", "app", "Jobs that failed for good: look at them, replay or drop them."),
    "doctor": Place(
        "doctor",
        "doctor",
        "Look for jobs and messages that do not fit together: running without a lease, queued without a message …",
    ),
    "scale": Place(
        "scale",
        "scale",
        "Show the backlog and how long it takes; with --plan, what each provider would need to be done by "
        "the deadline.",
    ),
    "bench": Place("bench", "bench_app", "Measure, on this machine and on your data."),
    "route": Place("route", "route_app", "See why a prompt goes where it goes, and change it."),
    "providers": Place("providers", "app", "The model servers and providers that jobs can run on."),
    "agents": Place("agents", "app", "The agents that hand in jobs, and their budgets."),
    "models": Place(
        "model_commands",
        "models_app",
        "List the models that the configured providers offer right now, with what is known of each.",
    ),
    "simulate": Place(
        "simulate",
        "simulate_app",
        "Simulate a provider: an HTTP server with its API, its limits and its faults. Ctrl-C ends it.",
    ),
}
