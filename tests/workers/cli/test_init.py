from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from workfleet.workers.cli import init as command
from workfleet.workers.cli import main as cli
from workfleet.workers.cli.init_models import Lack
from workfleet.workers.providers.detect import Detected, Detection
from workfleet.workers.registry.first_model import first_model
from workfleet.workers.registry.reading import read_registry
from workfleet.workers.settings import load_settings
from workfleet.workers.settings.starter import Entry

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `fleet init` in an empty folder without any key: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    for name in ("GROQ_API_KEY", "OPENROUTER_API_KEY", "FLEET_CONFIG"):
        monkeypatch.delenv(name, raising=False)

    def fleet_init(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["fleet", "init", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return fleet_init


@pytest.fixture(autouse=True)
def lacking(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The providers whose servers lack their model; the machine that tests run on may have any."""
    named: list[str] = []

    def lacks_of(entries: Sequence[Entry]) -> list[Lack]:
        return [Lack(each, each.model or "default") for each in entries if each.name in named]

    monkeypatch.setattr(command, "lacks_of", lacks_of)
    return named


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> list[Detected]:
    """The servers that this machine seems to have."""
    found: list[Detected] = []

    async def detect(environ: object) -> Detection:
        return Detection(tuple(found), 0.01)

    monkeypatch.setattr(command, "detect", detect)
    return found


@pytest.mark.parametrize(
    ("arguments", "chain", "keys"),
    [
        pytest.param("--provider ollama --model qwen3-coder:30b", ["ollama"], [], id="a local model"),
        pytest.param("--provider groq --free-tier", ["groq"], ["GROQ_API_KEY"], id="a free tier"),
        pytest.param(
            "--providers groq,openrouter,ollama --auto-fallback",
            ["groq", "openrouter", "ollama"],
            ["GROQ_API_KEY", "OPENROUTER_API_KEY"],
            id="several",
        ),
    ],
)
def test_the_three_forms_write_a_configuration_that_loads(
    arguments: str, chain: list[str], keys: list[str], run: Run
) -> None:
    code, out, err = run(*arguments.split())
    assert (code, err) == (0, "")
    settings = load_settings(Path("fleet.yaml"), env=dict.fromkeys(keys, "k"))
    assert [link.provider for link in settings.routes["default"].chain] == chain
    assert out.splitlines() == [
        f"wrote fleet.yaml: {', '.join(chain)}",
        "next:",
        *(f"  export {key}=…" for key in keys),
        "  fleet config validate",
        "  fleet up",
    ]


def test_alone_it_takes_the_servers_that_answer_on_this_machine(run: Run, servers: list[Detected]) -> None:
    servers += [
        Detected("ollama", "http://127.0.0.1:11500", ("nomic-embed-text", "llama3.2")),
        Detected("vllm", "http://localhost:8000"),
    ]
    code, out, _ = run()
    settings = load_settings(Path("fleet.yaml"), env={})
    assert code == 0
    assert out.splitlines()[:2] == [
        "found ollama at http://127.0.0.1:11500: nomic-embed-text, llama3.2",
        "found vllm at http://localhost:8000: no model listed",
    ]
    assert [(each.name, each.base_urls, each.default_model) for each in settings.enabled()] == [
        ("ollama", ("http://127.0.0.1:11500",), "llama3.2"),
        ("vllm", ("http://localhost:8000",), None),
    ]


def test_an_ollama_without_models_gets_one_that_the_memory_holds(run: Run, servers: list[Detected]) -> None:
    servers.append(Detected("ollama", "http://localhost:11434"))
    assert run()[0] == 0
    (ollama,) = load_settings(Path("fleet.yaml"), env={}).enabled()
    assert ollama.default_model == first_model(read_registry(), "ollama", memory_gb=psutil.virtual_memory().total / 1e9)


@pytest.mark.parametrize(
    ("options", "next_step"),
    [("", ""), ("-o other.yaml", " --config other.yaml"), ("--no-pull", "")],
    ids=["nobody sits there", "another file", "not wanted"],
)
def test_a_model_that_is_lacking_is_told_with_what_fetches_it(
    run: Run, lacking: list[str], options: str, next_step: str
) -> None:
    lacking.append("ollama")
    code, out, _ = run("--provider", "ollama", "--model", "llama3.2:3b", *options.split())
    assert code == 0
    assert "ollama has no llama3.2:3b yet (about 4 GB)\n" in out
    assert f"next:\n  fleet models pull llama3.2:3b --provider ollama{next_step}\n" in out


def test_where_none_answers_the_simulator_stands_in(run: Run, servers: list[Detected]) -> None:
    assert servers == []
    code, out, _ = run()
    assert code == 0
    assert "no model server answers on this machine; the simulator will stand in for one\n" in out
    # `fleet up` starts the simulator by itself.
    assert out.endswith("next:\n  fleet config validate\n  fleet up\n")
    assert [each.type for each in load_settings(Path("fleet.yaml"), env={}).enabled()] == ["simulated"]


def test_a_file_that_is_there_is_kept_unless_forced(run: Run) -> None:
    Path("fleet.yaml").write_text("mine")
    code, _, err = run("--provider", "ollama")
    assert (code, Path("fleet.yaml").read_text()) == (2, "mine")
    assert err == "error: fleet.yaml is there already; --force overwrites it, --output writes another\n"
    assert run("--provider", "ollama", "--force")[0] == 0
    assert load_settings(Path("fleet.yaml"), env={}).enabled()
    assert [path.name for path in Path().iterdir()] == ["fleet.yaml"]


def test_another_file_may_be_written_and_is_named_in_the_next_steps(run: Run) -> None:
    code, out, _ = run("-p", "ollama", "-o", "other.yaml")
    assert code == 0
    assert "  fleet config validate other.yaml\n  fleet up --config other.yaml\n" in out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param("--provider grok", "unknown provider 'grok'; known: ", id="unknown"),
        pytest.param("--provider ollama --providers vllm", "give --provider or --providers, not both", id="both"),
        pytest.param(
            "--providers ollama,vllm --model m", "--model and --base-url go with one --provider", id="a model for two"
        ),
        pytest.param("--provider openai --free-tier", "openai has no free tier that we know", id="no free tier"),
        pytest.param(
            "--provider ollama -o gone/fleet.yaml",
            "can't write gone/fleet.yaml: No such file or directory",
            id="no folder",
        ),
    ],
)
def test_what_cannot_be_written_is_told_and_nothing_is_left_behind(arguments: str, why: str, run: Run) -> None:
    code, _, err = run(*arguments.split())
    assert code == 2
    assert err.startswith(f"error: {why}")
    assert list(Path().iterdir()) == []
