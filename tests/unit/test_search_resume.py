"""A search that was stopped goes on, and no two studies share a folder."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from nucleation import Floats, NucleationModel, Package
from searching import asked_of, config

from simulate.design import EmbryoDesign
from simulate.errors import GlassyLiError, MisuseError
from surrogate.search.config import SearchConfig
from surrogate.search.run import run_search

pytestmark = pytest.mark.usefixtures("coarse_pictures")


def shares_of_all(out: Path, model: NucleationModel, asked: SearchConfig) -> list[float]:
    """Glassy shares of every trial in the journal, recomputed here from its parameters."""
    question = asked_of(model, asked)
    entries = map(json.loads, (out / "journal.log").read_text().splitlines())
    conditions = [asked.conditions(entry["params"]) for entry in entries if "params" in entry]
    return [forecast.glassy_share for forecast in question.forecasts(conditions)]


class Stop(Exception):  # noqa: N818 - stands for ctrl-c
    """Ctrl-C after so many trials."""


def stop_at(n_trials: int):
    def progress(done: int, total: int, _: float) -> None:
        assert total == 30
        if done >= n_trials:
            raise Stop

    return progress


@pytest.mark.parametrize("sampler", ["tpe", "random", "sobol"])
def test_a_stopped_search_goes_on_to_the_answer_of_an_uninterrupted_one(
    tmp_path: Path, sampler: str
) -> None:
    asked = config(sampler=sampler)
    whole = run_search(NucleationModel(), asked, tmp_path / "whole")
    with pytest.raises(Stop):
        run_search(NucleationModel(), asked, tmp_path / "parts", stop_at(20))
    resumed = run_search(NucleationModel(), asked, tmp_path / "parts")
    assert resumed == whole
    shares = shares_of_all(tmp_path / "parts", NucleationModel(), asked)
    assert len(shares) == len(set(shares)) == 30  # no start-up draw came twice


class DyingModel(NucleationModel):
    """Fails in its third call, with trials asked for and not answered."""

    def glass_index_members(self, designs: Sequence[EmbryoDesign], horizon_ps: float) -> Floats:
        if self.n_calls == 2:
            raise KeyboardInterrupt
        return super().glass_index_members(designs, horizon_ps)


def test_trials_in_flight_at_the_end_are_made_up_for(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_search(DyingModel(), config(), tmp_path)
    assert run_search(NucleationModel(), config(), tmp_path).n_trials == 30


def test_a_line_half_written_by_a_killed_search_does_not_spoil_the_journal(tmp_path: Path) -> None:
    run_search(NucleationModel(), config(n_trials=20), tmp_path)
    with (tmp_path / "journal.log").open("a") as handle:
        handle.write('{"op_code":4,"worker')
    (tmp_path / "journal.log.lock").symlink_to(tmp_path / "journal.log")
    began = time.monotonic()
    assert run_search(NucleationModel(), config(), tmp_path).n_trials == 30
    assert time.monotonic() - began < 29.0  # Optuna alone waits 30 s for a dead lock


def test_n_trials_is_a_total(tmp_path: Path) -> None:
    first = run_search(NucleationModel(), config(n_trials=20), tmp_path)
    journal = (tmp_path / "journal.log").read_bytes()
    seen: list[int] = []
    again = run_search(
        NucleationModel(), config(n_trials=20), tmp_path, lambda done, *_: seen.append(done)
    )
    assert again == first
    assert (tmp_path / "journal.log").read_bytes() == journal
    assert seen == []
    more = run_search(
        NucleationModel(), config(n_trials=35), tmp_path, lambda done, *_: seen.append(done)
    )
    assert more.n_trials == 35
    assert seen == [30, 35]


@pytest.mark.parametrize(
    ("changes", "label", "named"),
    [
        ({"horizon_ps": 30.0}, "closed-form", "horizon_ps"),
        ({"deposition_time_min": 30.0}, "closed-form", "deposition_time_min"),
        ({"min_capacity_mAh_cm2": 0.1}, "closed-form", "min_capacity"),
        ({"seed": 2}, "closed-form", "seed"),
        ({}, "another", "model = closed-form"),
    ],
)
def test_another_study_in_the_folder_is_refused_and_nothing_is_lost(
    tmp_path: Path, changes: dict[str, object], label: str, named: str
) -> None:
    run_search(NucleationModel(), config(n_trials=20), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other = NucleationModel(package=Package(label=label))
    with pytest.raises(MisuseError, match=named):
        run_search(other, config(n_trials=20, **changes), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_foreign_journal_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "journal.log").write_text("dear diary\nno newline at the end")
    with pytest.raises(GlassyLiError, match="cannot be read"):
        run_search(NucleationModel(), config(), tmp_path)
    assert (tmp_path / "journal.log").read_text() == "dear diary\nno newline at the end"


def test_two_searches_do_not_share_a_folder(tmp_path: Path) -> None:
    def intrude(done: int, total: int, seconds_left: float) -> None:
        assert done < total
        assert seconds_left > 0.0
        with pytest.raises(MisuseError, match="another is running"):
            run_search(NucleationModel(), config(), tmp_path)
        raise Stop

    with pytest.raises(Stop):
        run_search(NucleationModel(), config(), tmp_path, intrude)
