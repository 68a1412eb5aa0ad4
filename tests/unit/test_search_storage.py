"""Where a study is kept: any Optuna database, resumed, shown, shared and refused."""

import json
import shutil
import sqlite3
from pathlib import Path

import optuna
import pytest
from nucleation import NucleationModel

from simulate.errors import GlassyLiError, MisuseError
from surrogate.search.config import SearchConfig
from surrogate.search.run import run_search
from surrogate.search.studies import Place
from surrogate.study_storage import without_password

pytestmark = pytest.mark.usefixtures("coarse_pictures")


def config(**changes: object) -> SearchConfig:
    return SearchConfig.model_validate(
        {"n_trials": 12, "objective": "glassy_share", "max_clipped_share": 1.0} | changes
    )


def database(tmp_path: Path, name: str = "studies.db") -> str:
    return f"sqlite:///{tmp_path / name}"


def test_a_database_holds_a_study_of_each_map_and_is_resumed(tmp_path: Path) -> None:
    url = database(tmp_path)
    whole = run_search(NucleationModel(), config(n_trials=15), tmp_path / "journal")
    run_search(NucleationModel(), config(n_trials=10), Place(tmp_path / "a", url))
    resumed = run_search(NucleationModel(), config(n_trials=15), Place(tmp_path / "a", url))
    assert resumed == whole
    assert not (tmp_path / "a" / "journal.log").exists()
    names = optuna.get_all_study_names(url)
    assert sorted(names) == ["deposition overpotential", "deposition paper"]


def test_what_a_dashboard_shows_has_names_and_units(tmp_path: Path) -> None:
    url = database(tmp_path)
    result = run_search(
        NucleationModel(), config(objective="fastest_plating"), Place(tmp_path / "a", url)
    )
    study = optuna.load_study(study_name="deposition paper", storage=url)
    assert study.metric_names == ["current density, mA/cm2"]
    for trial, told in zip(study.trials, result.trials, strict=True):
        assert trial.values == [told.conditions.current_density_mA_cm2]
        assert trial.user_attrs["glassy share, mean"] == told.glassy_share
        assert trial.user_attrs["capacity, mAh/cm2"] == told.conditions.capacity_mAh_cm2
        assert trial.user_attrs["P(glassy share is enough)"] == told.p_enough
        assert set(trial.constraints) == {
            "max_clipped_share", "min_capacity_mAh_cm2", "min_glassy_share",
        }  # fmt: skip
        assert all(missed <= 0 for missed in trial.constraints.values()) == told.is_feasible
    front = run_search(
        NucleationModel(), config(objective="pareto"), Place(tmp_path / "b", url, "front")
    )
    study = optuna.load_study(study_name="front paper", storage=url)
    assert study.metric_names == ["assured glassy share", "current density, mA/cm2"]
    feasible = {trial.number for trial in study.best_trials}
    assert {front.trials[n].conditions for n in feasible} == {t.conditions for t in front.front}


def test_another_space_in_the_same_storage_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    url = database(tmp_path)
    run_search(NucleationModel(), config(), Place(tmp_path / "a", url))
    before = (tmp_path / "studies.db").read_bytes()
    narrower = config(deposition_time_min={"min": 1.0, "max": 900.0})
    with pytest.raises(MisuseError, match=r"deposition_time_min.*--study"):
        run_search(NucleationModel(), narrower, Place(tmp_path / "b", url))
    assert (tmp_path / "studies.db").read_bytes() == before
    other = run_search(NucleationModel(), narrower, Place(tmp_path / "b", url, "long"))
    assert other.n_trials == 12


def test_a_refused_study_of_another_map_leaves_no_new_one(tmp_path: Path) -> None:
    url = database(tmp_path)
    alone = config(deposition_map="overpotential", also_maps=())
    run_search(NucleationModel(), alone, Place(tmp_path / "a", url))
    with pytest.raises(MisuseError, match="deposition overpotential"):
        run_search(NucleationModel(), config(seed=2), Place(tmp_path / "a", url))
    assert optuna.get_all_study_names(url) == ["deposition overpotential"]


def test_a_study_of_another_program_is_refused(tmp_path: Path) -> None:
    url = database(tmp_path)
    theirs = optuna.create_study(storage=url, study_name="deposition paper")
    theirs.add_trial(optuna.trial.create_trial(value=1.0))
    with pytest.raises(MisuseError, match="begun by another program"):
        run_search(NucleationModel(), config(), Place(tmp_path / "a", url))
    assert len(optuna.load_study(study_name="deposition paper", storage=url).trials) == 1


def test_one_writer_at_a_time_whatever_the_folder(tmp_path: Path) -> None:
    url = database(tmp_path)

    class Stop(Exception):  # noqa: N818 - stands for ctrl-c
        pass

    def intrude(*_: object) -> None:
        with pytest.raises(MisuseError, match="another is running"):
            run_search(NucleationModel(), config(), Place(tmp_path / "b", url))
        raise Stop

    with pytest.raises(Stop):
        run_search(NucleationModel(), config(), Place(tmp_path / "a", url), intrude)


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("studies.db", MisuseError, "must be a URL"),
        ("nosuch://host/studies", MisuseError, "must be a URL"),
        ("mysql+nosuchdriver://host/studies", MisuseError, "must be a URL"),
        ("sqlite:////nosuch/folder/studies.db", GlassyLiError, "Choose another"),
    ],
)
def test_a_storage_that_cannot_be_is_refused(
    tmp_path: Path, url: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        run_search(NucleationModel(), config(), Place(tmp_path / "a", url))
    assert not (tmp_path / "a" / "search.json").exists()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "studies.db").write_text("dear diary\n" * 500)
    with pytest.raises(GlassyLiError, match="can be read and written"):
        run_search(NucleationModel(), config(), Place(tmp_path / "a", database(tmp_path)))
    assert (tmp_path / "studies.db").read_text().startswith("dear diary")


def test_a_database_of_something_else_keeps_its_tables(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "studies.db") as other:
        other.execute("create table samples (name text)")
        other.execute("insert into samples values ('mine')")
    other.close()
    run_search(NucleationModel(), config(), Place(tmp_path / "a", database(tmp_path)))
    with sqlite3.connect(tmp_path / "studies.db") as again:
        assert again.execute("select name from samples").fetchall() == [("mine",)]
    again.close()


def test_no_password_is_shown() -> None:
    assert "secret" not in without_password("postgresql://ada:secret@host/studies")


def test_an_answer_goes_without_its_journal_only_by_name(tmp_path: Path) -> None:
    run_search(NucleationModel(), config(), tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "journal.log").unlink()
    with pytest.raises(MisuseError, match="journal is gone"):
        run_search(NucleationModel(), config(), tmp_path / "b")
    assert json.loads((tmp_path / "b" / "search.json").read_text())["n_trials"] == 12
