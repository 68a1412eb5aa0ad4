"""`glassyli predict`: what may be asked of it, and in which words it answers."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from ase import Atoms
from ase.io import write
from command_line import glassyli, is_one_clear_message
from synthetic import Truth, lithium
from truth_forecaster import forecast
from typer.testing import CliRunner

from benchmarks import structure_files
from serve.commands.app import app
from serve.commands.predict import FileFormat, Stage, _asked_designs, _numbers
from serve.console import Console
from serve.messages.structures import SaidStage, StructureFormat
from serve.prediction_view import Asked, tell_predictions
from serve.uploads.asked import own_frames
from simulate.errors import MisuseError
from surrogate.prediction import Applicability

DESIGN = lithium(n_atoms=220)
SAID = DESIGN.model_dump(mode="json")
CONFINED = {"mass_exchange": "confined"}
SHORT = {"energy_exchange": "open"}


def written(name: str, folder: Path, n_frames: int = 1) -> Path:
    """Frames in a file of that name, LAMMPS data where it tells nothing else."""
    writers = {"dump": structure_files.lammps_dump, "hold": structure_files.xyz}
    as_bytes = writers.get(name.partition(".")[0], structure_files.lammps_data)
    path = folder / name
    path.write_bytes(as_bytes(structure_files.snapshots(DESIGN, n_frames)))
    return path


def refusal(path: Path, **said: Any) -> str:
    with pytest.raises(MisuseError) as caught:
        own_frames(path, {"design": SHORT} | said)
    return str(caught.value)


def test_one_design_is_asked_as_json_or_in_a_file(tmp_path: Path) -> None:
    assert _asked_designs(None, json.dumps(SAID)) == [DESIGN]
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(SAID))
    assert _asked_designs(None, str(file)) == [DESIGN]
    with pytest.raises(MisuseError, match="`n_atoms` is required"):
        _asked_designs(None, json.dumps(SHORT | {"packing_density_g_cm3": 0.1} | CONFINED))


def test_designs_come_from_standard_input_too(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = f"{json.dumps(SAID)}\n\n{json.dumps({'design': SAID})}\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert _asked_designs(Path("-"), None) == [DESIGN, DESIGN]
    monkeypatch.setattr("sys.stdin", io.StringIO('{"n_atoms": 3'))
    with pytest.raises(MisuseError, match="standard input line 1: must be valid JSON"):
        _asked_designs(Path("-"), None)


def test_a_single_design_is_answered_by_the_verb_itself() -> None:
    ended = glassyli("predict", "--design", json.dumps(SAID), "--fast", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["design"] == SAID


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "one of --designs FILE, --design '{...}'"),
        (["--designs", "a", "--design", "{}"], "one of --designs FILE"),
        (["--structure", "a.xyz"], "--structure FILE with --design"),
        (["--structure", "a.xyz", "--design", "{}", "--fast"], "--structure FILE with --design"),
        (["--design", "{}", "--format", "gsd", "--time-ps", "3"], "--format, --time-ps must come"),
        (["--design", "{}", "--per-atom", "a.xyz.gz"], "--per-atom must come with --structure"),
        (["--structure", "a.xyz", "--design", "{}", "--frames", "1-3"], "commas between"),
    ],
)
@pytest.mark.usefixtures("capfd")  # the verb claims descriptor 1
def test_options_that_do_not_go_together_are_refused(options: list[str], said: str) -> None:
    ended = CliRunner().invoke(app, ["predict", *options])
    assert isinstance(ended.exception, MisuseError)
    assert said in str(ended.exception)


def test_formats_and_stages_are_those_of_http() -> None:
    assert tuple(FileFormat) == get_args(StructureFormat)
    assert tuple(Stage) == get_args(SaidStage)


@pytest.mark.parametrize("name", ["data.li", "run/li.data", "li.lmp", "dump.hold", "dump.100"])
def test_lammps_files_are_known_by_their_usual_names(name: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (found,) = own_frames(written(name, tmp_path), {"design": SHORT})
    assert found.snapshot.n_atoms == 220


def test_a_file_of_any_name_is_read_by_its_format(tmp_path: Path) -> None:
    path = written("li.foo", tmp_path)
    (found,) = own_frames(path, {"design": SHORT, "format": FileFormat.lammps_data})
    assert found.snapshot.n_atoms == 220
    told = refusal(path)
    assert "tells none" in told
    assert told.endswith("--format extxyz, lammps-data, lammps-dump, gsd.")
    assert "nowhere.foo" in refusal(tmp_path / "nowhere.foo")


def test_what_the_file_says_may_be_left_out_of_the_design(tmp_path: Path) -> None:
    (found,) = own_frames(written("hold.xyz", tmp_path), {"design": SHORT})
    assert found.design.packing_density_g_cm3 == pytest.approx(0.0534, rel=1e-4)
    assert found.design.model_copy(update={"packing_density_g_cm3": 0.0534}) == DESIGN
    assert found.notes == ()
    assert "energy_exchange" in refusal(tmp_path / "hold.xyz", design={})
    assert "n_atoms = 220" in refusal(tmp_path / "hold.xyz", design=SHORT | {"n_atoms": 300})
    (silent,) = own_frames(written("data.li", tmp_path), {"design": SHORT})
    assert "taken as periodic" in silent.noted(told_of([])).applicability.reasons[0]


def test_stage_and_time_are_said_of_a_file_that_does_not_say_them(tmp_path: Path) -> None:
    said = {"design": SHORT, "stage": Stage.hold, "time_ps": 40.0}
    (found,) = own_frames(written("data.li", tmp_path), said)
    assert (found.snapshot.stage, found.snapshot.time_ps) == ("hold", 40.0)
    assert "stage must be given" in refusal(tmp_path / "data.li", time_ps=4.0)
    assert "quench was said" in refusal(written("hold.xyz", tmp_path), stage="quench")


def test_frames_are_chosen_by_number(tmp_path: Path) -> None:
    path = written("dump.hold", tmp_path, 3)
    found = own_frames(path, {"design": SHORT, "frames": [1, 3]})
    assert [each.number for each in found] == [1, 3]
    assert "has no frame 7" in refusal(path, frames=[1, 7])


def test_frames_are_chosen_of_what_only_ase_reads(tmp_path: Path) -> None:
    images = [
        Atoms("Li" * 220, each.positions_A, cell=each.cell_A, pbc=True)
        for each in structure_files.snapshots(DESIGN, 3)
    ]
    path = tmp_path / "data.traj"
    write(path, images)
    (found,) = own_frames(path, {"design": SHORT, "frames": [3]})
    assert found.number == 3
    assert found.snapshot.positions_A == pytest.approx(images[2].get_positions())
    assert "has no frame 7" in refusal(path, frames=[7])


def test_numbers_of_frames_stand_between_commas() -> None:
    assert _numbers("1, 12") == [1, 12]
    assert _numbers(None) is None


def told_of(reasons: Sequence[str]) -> Any:
    judged = Applicability(is_inside=True, distance=0.1, reasons=list(reasons))
    return forecast(DESIGN, Truth(), 200.0).model_copy(update={"applicability": judged})


@pytest.mark.parametrize("noun", ["frame", "design"])
def test_remarks_name_what_the_table_names_in_lines_that_fit(
    noun: str, capfd: pytest.CaptureFixture[str]
) -> None:
    long = "note: " + "a doubt that goes on and on, " * 8
    asked = [Asked("a", 2, told_of([long])), Asked("b", 5, told_of([long]))]
    tell_predictions(Console(), asked, is_structure=noun == "frame")
    said = capfd.readouterr()
    assert said.out.split()[0] == noun
    assert said.err.startswith(f"  {noun.capitalize()}s 2, 5: note: a doubt")
    assert max(map(len, said.err.splitlines())) <= 100


def test_the_help_says_what_the_fast_road_costs_and_misses_in_lines_that_fit() -> None:
    shown = CliRunner().invoke(app, ["predict", "--help"], terminal_width=80).stdout
    words = " ".join(shown.split())
    assert "milliseconds once the model is loaded, which takes seconds" in words
    assert "two to three times too high" in words
    assert max(map(len, shown.splitlines())) <= 80


def test_a_contradiction_is_one_message_of_the_verb(tmp_path: Path) -> None:
    path = written("hold.xyz", tmp_path)
    ended = glassyli("predict", "--structure", path, "--design", '{"energy_exchange": "shut"}')
    assert ended.returncode == 2
    assert is_one_clear_message(ended)
    assert "`design.energy_exchange` must be one of" in ended.stderr
