"""What a run says in words is counted from what may be compared, and reads as English."""

import re
from collections import Counter
from pathlib import Path

import pytest
from synthetic import (
    ALWAYS,
    NEVER,
    SHORT_PROTOCOL,
    Truth,
    lithium,
    synthetic_designs,
    synthetic_record,
    synthetic_store,
)

from serve import words
from serve.console import Console
from serve.evaluation_view import tell_evaluation
from serve.views import tell_campaign, tell_training
from simulate.campaign import CampaignSummary
from simulate.design import EmbryoDesign
from simulate.protocol import Protocol, protocol_named
from simulate.record import Morphology, TrajectoryRecord
from train.evaluate import Evaluation
from train.fit import TrainingSummary
from train.scores import Score, Scores


def shaped(
    design: EmbryoDesign, truth: Truth, seed: int = 1, percolation_dimension: int = 0
) -> TrajectoryRecord:
    shape = Morphology(
        n_clusters=1,
        largest_cluster=design.n_atoms,
        percolation_dimension=percolation_dimension,
        n_surface=50,
        pressure_bar=0.0,
    )
    record = synthetic_record(design, seed, truth)
    return record.model_copy(update={"morphology_after_quench": shape, "morphology_at_end": shape})


def droplets() -> list[TrajectoryRecord]:
    """Small ones that stay disordered, large ones that order; the same in all else."""
    return [
        shaped(lithium(n_atoms), truth, seed)
        for n_atoms, truth in ((200, NEVER), (600, ALWAYS))
        for seed in (1, 2)
    ]


def test_sizes_are_compared_among_droplets_that_differ_in_nothing_else() -> None:
    dense_sheets = [shaped(lithium(200, 0.267), ALWAYS, seed, 2) for seed in range(6)]
    cold = [shaped(lithium(200, hold_temperature_K=240.0), ALWAYS, seed) for seed in (1, 2, 3)]
    said = " ".join(words.answer([*droplets(), *dense_sheets, *cold]))
    assert (
        "By size, among the 4 droplets that differ in nothing else (0.0534 g/cm³, periodic, "
        "thermostatted, 300 K): 0 of 2 with fewer than 600 atoms crystallised, and 2 of 2 with "
        "600 or more." in said
    )


def test_sizes_are_not_compared_among_few_or_equal_droplets() -> None:
    equal = [shaped(lithium(200), truth, seed) for truth in (ALWAYS, NEVER) for seed in (1, 2)]
    unseen = [synthetic_record(each.design, each.seed, ALWAYS) for each in droplets()]
    for records in (droplets()[:3], equal, unseen):
        assert "By size" not in " ".join(words.answer(records))


def test_the_extremes_say_temperature_and_shape_where_they_matter() -> None:
    sheet = shaped(lithium(250, 0.267, hold_temperature_K=240.0), ALWAYS, percolation_dimension=2)
    said = " ".join(words.answer([sheet, shaped(lithium(300), NEVER)]))
    assert "300 atoms (0.0534 g/cm³, periodic, thermostatted, 300 K); the" in said
    assert "250 (0.267 g/cm³, periodic, thermostatted, 240 K, a sheet through the periodic" in said
    assert " K)" not in " ".join(words.answer(droplets()[1:3])).replace("300 K):", "")


def test_a_flat_wall_is_named() -> None:
    cube = EmbryoDesign.model_validate(
        lithium(300, mass_exchange="confined").model_dump() | {"wall_shape": "cube"}
    )
    assert words.surroundings(cube) == "0.0534 g/cm³, walled (cube), thermostatted"


@pytest.mark.parametrize("n", [1, 2])
def test_nouns_follow_their_number(n: int) -> None:
    records = [synthetic_record(lithium(), seed, NEVER) for seed in range(n)]
    said = words.answer(records)[0]
    assert said.startswith("Of 1 simulated embryo," if n == 1 else "Of 2 simulated embryos,")


def test_clusters_that_linger_are_no_crystal_and_arrest_has_a_clock() -> None:
    base = synthetic_record(lithium(), 1, NEVER)
    ends = [base.model_copy(update={"outcome": each}) for each in ("glassy", "liquid", "ordering")]
    said = " ".join(words.answer(ends))
    assert "0 crystallised, and 3 had not" in said
    assert "1 had arrested (their structure relaxes more slowly than half of the time" in said
    assert "1 still flowed" in said
    assert "in 1 crystalline clusters lingered without filling the embryo" in said
    assert "linger" not in " ".join(words.answer(ends[:2]))
    assert words.outcome(ends[2]) == "clusters linger"


def test_a_training_that_nobody_can_be_scored_by_is_told(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log = Score(model=1.0, kaplan_meier=1.0, skill=0.0, skill_interval=None)
    unscored = Scores(
        n_records=3,
        n_designs=3,
        horizon_ps=0.0,
        brier=None,
        integrated_brier=None,
        log=log,
        expected=None,
        observed=None,
        excess_interval=None,
        concordance=None,
    )
    summary = TrainingSummary(
        path="m",
        name="m",
        model="m-1",
        n_records=3,
        n_failed=0,
        n_designs=3,
        n_frames=3,
        n_members=2,
        n_members_found=0,
        logs="m.training",
        duration_s=1.0,
        scores={"full": unscored},
        decidable_scores=None,
        road_difference=0.0,
        warnings=[],
    )
    tell_training(Console(), summary)
    assert "full road" in capfd.readouterr().out


@pytest.mark.parametrize("model", [None, "runs/model"])
def test_an_evaluation_ends_with_what_to_do_next(
    model: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    evaluation = Evaluation(
        model="m-1",
        n_records=1,
        n_failed=0,
        n_designs=1,
        n_designs_in_training=0,
        scores={},
        new_designs=None,
        rows=[],
    )
    tell_evaluation(Console(), evaluation, model)
    said = capfd.readouterr().out
    named = f" --model {model}" if model else ""
    assert said.splitlines()[-1] == f"next: glassyli search{named} --out runs/search"
    assert "m-1: 1 trajectory of 1 design, 0" in said


@pytest.mark.parametrize("protocol", [SHORT_PROTOCOL, protocol_named("reference")])
def test_a_campaign_ends_with_what_can_be_typed_next(
    protocol: Protocol, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = synthetic_store(
        tmp_path / "store", synthetic_designs(3), 1, protocol=protocol, has_frames=False
    )
    summary = CampaignSummary(
        1, 0, ["a"], n_elsewhere=2, outcomes=Counter(liquid=1), wall_s=60.0, n_workers=1
    )
    tell_campaign(Console(), summary, store)
    (done, elsewhere, next_step) = capfd.readouterr().out.splitlines()
    assert elsewhere == "left to another campaign on this store: 2 trajectories"
    assert "on 1 worker:" in done
    verb = "evaluate" if protocol.name == "reference" else "train"
    assert f"next: glassyli {verb} {store.path}" in next_step
    assert not re.search("[A-Z]{5}", next_step)


def test_a_campaign_too_small_to_train_on_says_what_can_be_done_instead(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = synthetic_store(tmp_path / "store", [lithium()], 2, has_frames=False)
    summary = CampaignSummary(2, 0, ["a"], outcomes=Counter(liquid=2), wall_s=60.0, n_workers=1)
    tell_campaign(Console(), summary, store)
    assert f"next: glassyli records list {store.path}" in capfd.readouterr().out
