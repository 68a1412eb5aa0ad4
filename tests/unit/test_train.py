"""Training: what is learned, what is not leaked, and what little data must not spoil."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic import (
    ALWAYS,
    NEVER,
    QUICK_TRAINING,
    SHORT_PROTOCOL,
    Truth,
    lithium,
    synthetic_designs,
    synthetic_package,
    synthetic_record,
    synthetic_store,
)

from simulate.errors import MisuseError
from simulate.incubation import onset
from simulate.plan import Plan
from simulate.record import PHYSICS_VERSION, Parent
from simulate.store import RecordStore, create_or_open
from surrogate.applicability import TrainingDomain
from surrogate.network import GLOBALS
from surrogate.package import Package
from surrogate.predictor import Predictor
from train.config import TrainingConfig
from train.crossfit import CrossFit
from train.dataset import TrainingSet, chosen_frames
from train.evaluate import evaluate_package
from train.fit import assemble, fit_package
from train.loss import Prior, Targets, negative_log_likelihood
from train.member import fit_member, fold_of
from train.metrics import log_score
from train.records import every_record, planned_follow_up_ps, read_records
from train.scores import restricted, scores
from train.split import folds, outcome_ranks

NO_GRAPH = TrainingConfig(
    n_members=3, n_folds=3, epochs=0, structure_spread=0.0, design_steps=0, slope_spreads=[0.3],
    snapshots_per_run=1, n_packings=1,
)  # fmt: skip
"""A member takes a second of a core, whatever it learns from."""

IN_PAIRS = NO_GRAPH.model_copy(update={"n_members": 6})
"""Two for each part, whose draws of the prior are mirrored and cancel."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordStore, Package]:
    """Four records, and a package that learnt from them."""
    folder = tmp_path_factory.mktemp("small")
    store = synthetic_store(folder / "store", synthetic_designs(4), 1, has_frames=False)
    return store, synthetic_package(folder / "model", store, NO_GRAPH)


def test_larger_embryos_order_sooner_when_the_data_say_so(tmp_path: Path) -> None:
    designs = [lithium(n_atoms) for n_atoms in (100, 150, 200, 250, 300, 400)]
    truth = Truth(cure=0.01, size_exponent=2.0)
    store = synthetic_store(tmp_path / "store", designs, 6, truth, has_frames=False)
    predictor = Predictor(synthetic_package(tmp_path / "model", store, NO_GRAPH))
    p_crystalline = [each.p_crystalline for each in predictor.predict_designs(designs)]
    assert p_crystalline == sorted(p_crystalline)
    assert p_crystalline[0] < 0.5 < p_crystalline[-1]
    medians = [each.incubation_ps["0.5"] for each in predictor.predict_designs(designs)]
    waiting = [math.inf if each is None else each for each in medians]
    assert waiting == sorted(waiting, reverse=True)


@pytest.mark.parametrize("truth", [Truth(size_exponent=0.0, quench_logit=-50.0), Truth()])
def test_twenty_trajectories_forecast_new_designs_about_as_well_as_kaplan_meier_or_better(
    tmp_path: Path, truth: Truth
) -> None:
    designs, others = synthetic_designs(10, seed=4), synthetic_designs(100, seed=5)
    store = synthetic_store(tmp_path / "store", designs, 2, truth, has_frames=False)
    new = synthetic_store(tmp_path / "new", others, 1, truth, first_seed=90, has_frames=False)
    config = TrainingConfig(n_members=5, n_packings=1, epochs=0)
    predictor = Predictor(synthetic_package(tmp_path / "model", store, config))
    found = evaluate_package(predictor, [new]).scores["fast"]
    # A curve of twenty times is itself uncertain by about this much.
    assert found.log.model < found.log.kaplan_meier + 0.1
    assert found.integrated_brier is not None
    assert found.integrated_brier.model < found.integrated_brier.kaplan_meier + 0.03


def test_many_trajectories_teach_most_of_what_can_be_known(tmp_path: Path) -> None:
    designs, others = synthetic_designs(60, seed=4), synthetic_designs(100, seed=5)
    truth = Truth(median_ps=400.0, size_exponent=3.0, cure=0.02)
    store = synthetic_store(tmp_path / "store", designs, 3, truth, has_frames=False)
    new = synthetic_store(tmp_path / "new", others, 1, truth, first_seed=90, has_frames=False)
    predictor = Predictor(synthetic_package(tmp_path / "model", store, NO_GRAPH))
    found = evaluate_package(predictor, [new]).scores["fast"].log
    records = list(new)

    def known(times_ps: np.ndarray) -> np.ndarray:
        survival = [
            truth.survival(record.design, time_ps)
            for record, time_ps in zip(records, times_ps, strict=True)
        ]
        return np.array(survival)

    incubations = [record.incubation for record in records if record.incubation is not None]
    keys = [record.design.key for record in records]
    best = scores(known, known, incubations, keys).log.model
    assert found.kaplan_meier - found.model > 0.5 * (found.kaplan_meier - best) > 0.0


@pytest.mark.parametrize(
    ("truth", "low", "high", "word"),
    [(NEVER, 0.0, 0.25, "No record ordered"), (ALWAYS, 0.75, 1.0, "Every record ordered")],
)
def test_all_censored_and_all_ordered_are_ordinary(
    tmp_path: Path, truth: Truth, low: float, high: float, word: str
) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(6), 2, truth, has_frames=False)
    package = synthetic_package(tmp_path / "model", store, IN_PAIRS)
    assert any(word in warning for warning in package.manifest.warnings)
    assert word in package.card_text
    for each in Predictor(package).predict_designs(synthetic_designs(6)):
        assert low <= each.p_crystalline <= high
        ends = each.p_crystalline_interval
        assert ends[1] - ends[0] > 0.005  # a dozen records leave room for doubt


def test_failed_records_are_counted_and_not_used(tmp_path: Path) -> None:
    designs = synthetic_designs(4)
    store = synthetic_store(tmp_path / "store", designs, 1, n_failed=2, has_frames=False)
    records = read_records([store])
    assert (len(records.answered), records.n_failed) == (4, 2)
    package = synthetic_package(tmp_path / "model", store, NO_GRAPH)
    assert "2 failed; those watched" in package.card_text
    assert "was chosen by such scores of the reference designs" in package.card_text


def test_too_little_data_is_refused(tmp_path: Path) -> None:
    two = synthetic_store(tmp_path / "two", synthetic_designs(2), 3)
    with pytest.raises(MisuseError, match="at least 3"):
        read_records([two])
    failed = create_or_open(tmp_path / "failed", SHORT_PROTOCOL)
    for seed, design in enumerate(synthetic_designs(5)):
        failed.append(synthetic_record(design, seed, is_failed=True))
    with pytest.raises(MisuseError, match="5 failed"):
        fit_package(failed, NO_GRAPH, tmp_path / "model", "none")
    assert not (tmp_path / "model").exists()


def test_stores_of_two_protocols_are_not_mixed(tmp_path: Path) -> None:
    faster = SHORT_PROTOCOL.model_copy(update={"quench_rate_K_per_ps": 5.0})
    stores = [
        synthetic_store(tmp_path / name, synthetic_designs(3), 1, protocol=protocol)
        for name, protocol in (("slow", SHORT_PROTOCOL), ("fast", faster))
    ]
    with pytest.raises(MisuseError, match="one protocol, save the length of the hold"):
        read_records(stores)


def test_longer_holds_are_learnt_from_and_allow_later_questions(tmp_path: Path) -> None:
    longer = SHORT_PROTOCOL.model_copy(update={"hold_ps": 400.0})
    short, long = (
        synthetic_store(tmp_path / name, designs, 1, protocol=protocol, has_frames=False)
        for name, designs, protocol in (
            ("short", [lithium(n) for n in (200, 400, 800)], SHORT_PROTOCOL),
            ("long", [lithium(n) for n in (200, 250, 300)], longer),
        )
    )
    records = read_records([long, short])
    assert records.protocol == SHORT_PROTOCOL
    assert len(records.answered) == 5  # 200 atoms, seed 1: one trajectory, watched longer in one
    domain = TrainingSet.of(records, 1).domain
    assert (domain.hold_ps, domain.longest_hold_ps) == (SHORT_PROTOCOL.hold_ps, 400.0)
    assert len(domain.designs) == 5

    small, large = domain.judge([lithium(250), lithium(800)], 300.0)
    assert small.is_inside
    assert "outside the 3 training designs watched for so long" in large.reasons[0]
    assert all(each.is_inside for each in domain.judge([lithium(250), lithium(800)], 150.0))
    assert "extrapolation in time" in domain.judge([lithium(250)], 500.0)[0].reasons[0]
    again = TrainingDomain.model_validate_json(domain.model_dump_json())
    assert again.judge([lithium(800)], 300.0) == [large]


def test_a_trajectory_begun_twice_counts_once_as_it_was_watched_longest(tmp_path: Path) -> None:
    longer = SHORT_PROTOCOL.model_copy(update={"hold_ps": 400.0})
    stores = [
        synthetic_store(tmp_path / name, synthetic_designs(3), 1, NEVER, protocol, has_frames=False)
        for name, protocol in (("long", longer), ("short", SHORT_PROTOCOL))
    ]
    for given in (stores, stores[::-1]):
        records = every_record(given)
        assert [record.protocol.hold_ps for _, record in records] == [400.0] * 3


def test_a_row_of_an_evaluation_counts_order_as_far_as_it_forecasts(
    small: tuple[RecordStore, Package], tmp_path: Path
) -> None:
    predictor = Predictor(small[1])
    longer = SHORT_PROTOCOL.model_copy(update={"hold_ps": 400.0})
    other = synthetic_store(
        tmp_path / "other", [lithium(300)], 8, protocol=longer, has_frames=False
    )
    (row,) = evaluate_package(predictor, [other]).rows
    assert row.horizon_ps == planned_follow_up_ps(list(other)) > SHORT_PROTOCOL.hold_ps
    (asked,) = predictor.predict_designs([lithium(300)], row.horizon_ps)
    assert row.p_crystalline == asked.p_crystalline


def test_records_of_other_physics_are_not_trained_on_or_judged_by(
    small: tuple[RecordStore, Package], tmp_path: Path
) -> None:
    predictor = Predictor(small[1])
    mixed = synthetic_store(tmp_path / "mixed", synthetic_designs(4), 1, has_frames=False)
    old = PHYSICS_VERSION - 1
    record = synthetic_record(lithium(333), 1)
    plan = Plan(record.design, record.protocol, record.seed, physics_version=old)
    update = {"physics_version": old, "trajectory_id": plan.trajectory_id}
    mixed.append(record.model_copy(update=update))
    said = f"1 of 5 in .* are of version {old}"
    with pytest.raises(MisuseError, match=said):
        read_records([mixed])
    with pytest.raises(MisuseError, match=said):
        evaluate_package(predictor, [mixed])


def test_a_model_of_other_physics_is_not_judged(small: tuple[RecordStore, Package]) -> None:
    store, made = small
    old = made.manifest.model_copy(update={"physics_version": PHYSICS_VERSION - 1})
    predictor = Predictor(Package(old, made.weights, made.card_text))
    with pytest.raises(MisuseError, match=r"physics version.*Train it anew"):
        evaluate_package(predictor, [store])


def test_scores_are_also_given_without_undecidable_embryos(
    small: tuple[RecordStore, Package], tmp_path: Path
) -> None:
    designs = [*synthetic_designs(4), lithium(100), lithium(150)]
    store = synthetic_store(tmp_path / "store", designs, 2, has_frames=False)
    package = synthetic_package(tmp_path / "model", store, NO_GRAPH)
    found = package.manifest.decidable_scores
    assert found is not None
    assert (found["n_records"], found["n_designs"]) == (8, 4)
    assert package.manifest.scores["full"]["n_records"] == 12
    assert "8 records of 4 designs" in package.card_text
    assert small[1].manifest.decidable_scores is None  # all of them are decidable


def test_a_restricted_forecast_is_that_of_the_records_that_remain() -> None:
    rates = np.array([1.0, 2.0, 3.0])

    def forecast(times_ps: np.ndarray) -> np.ndarray:
        return np.exp(-rates * times_ps)

    found = restricted(forecast, np.array([True, False, True]))(np.array([0.1, 0.2]))
    assert found == pytest.approx(np.exp([-0.1, -0.6]))


def test_the_card_says_which_embryos_cannot_order_by_definition(
    small: tuple[RecordStore, Package],
) -> None:
    card = re.sub(r"\s+", " ", small[1].card_text)
    assert "fewer than 116 atoms cannot show that many even as a perfect sphere" in card
    assert "more slowly than half of the disordered hold" in card
    assert f"Physics version {PHYSICS_VERSION}." in card


def test_replicas_of_a_frame_are_no_sample_of_their_design(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(3), 1, has_frames=False)
    record = next(iter(store))
    parent = Parent(
        trajectory_id=record.trajectory_id, frame_number=3, time_ps=0.0, start_sha256="0" * 64
    )
    plan = Plan(record.design, record.protocol, 5, parent)
    store.append(
        record.model_copy(update={"trajectory_id": plan.trajectory_id, "seed": 5, "parent": parent})
    )
    assert len(store) == 4
    assert len(read_records([store]).answered) == 3


def test_no_frame_at_or_after_the_onset_is_chosen(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium(400)], 40, Truth(median_ps=60.0))
    n_chosen = 0
    for record in store:
        times_ps = [frame.time_ps for frame in record.frames]
        began = onset(record.frames, SHORT_PROTOCOL.labelling)
        chosen = chosen_frames(record, 3)
        assert chosen[0] == 0  # the packing
        assert len(chosen) == len(set(chosen)) <= 3
        n_chosen += len(chosen)
        for number in chosen[1:]:
            assert 0.0 <= times_ps[number - 1] < (math.inf if began is None else began.time_ps)
    assert n_chosen > 60


def test_frames_are_chosen_by_the_clock_and_never_by_the_outcome(tmp_path: Path) -> None:
    (waiting,) = synthetic_store(tmp_path / "never", [lithium(400)], 1, NEVER)
    everything = chosen_frames(waiting, 6)
    assert len(everything) == 4  # packing, end of the quench, 50 and 100 ps of 200
    ordering = Truth(median_ps=60.0, quench_logit=-50.0)
    for record in synthetic_store(tmp_path / "some", [lithium(400)], 20, ordering):
        until_ps = record.witnessed.lower_ps
        assert chosen_frames(record, 6) == [
            number
            for number in everything
            if number == 0 or waiting.frames[number - 1].time_ps <= until_ps
        ]


def test_designs_are_never_split() -> None:
    keys = ["a", "a", "b", "c", "c", "c", "d", "e"]
    fold = folds(keys, 3, seed=7)
    assert set(fold) == set(keys)
    assert sorted(np.bincount(list(fold.values())).tolist()) == [1, 2, 2]


def test_folds_are_alike_in_size_and_in_what_became_of_them() -> None:
    rng = np.random.default_rng(3)
    keys = [f"design {number}" for number in rng.integers(0, 53, 150)]
    rank = {key: int(rng.choice(3, p=(0.2, 0.7, 0.1))) for key in keys}
    for seed in range(10):
        fold = folds(keys, 5, seed, [rank[key] for key in keys])
        counts = [
            np.bincount([part for key, part in fold.items() if rank[key] == each], minlength=5)
            for each in range(3)
        ]
        assert all(np.ptp(each) <= 1 for each in counts)
        assert np.ptp(np.sum(counts, axis=0)) <= 1
        assert fold == folds(keys[::-1], 5, seed, [rank[key] for key in keys[::-1]])
    assert fold != folds(keys, 5, seed + 1, [rank[key] for key in keys])


def test_records_and_their_tensors_are_ranked_alike(tmp_path: Path) -> None:
    truth = Truth(quench_logit=-1.0, cure=0.4)
    store = synthetic_store(tmp_path / "s", synthetic_designs(12), 2, truth, has_frames=False)
    records = [record for _, record in read_records([store]).answered]
    ranks = outcome_ranks([record.witnessed for record in records])
    assert set(ranks) == {0, 1, 2}
    assert Targets.of(records).outcome_ranks == ranks


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    folder: Path = tmp_path_factory.mktemp("data")
    store = synthetic_store(folder / "store", synthetic_designs(6), 2)
    made = TrainingSet.of(read_records([store]), 2)
    made.write(folder / "cache")
    return TrainingSet.read(folder / "cache")


def test_data_survive_the_journey_to_a_worker(data: TrainingSet, tmp_path: Path) -> None:
    data.write(tmp_path)
    again = TrainingSet.read(tmp_path)
    assert again.designs == data.designs
    assert torch.equal(again.targets.seen.upper_ps, data.targets.seen.upper_ps)
    assert torch.equal(again.since_ps.isnan(), data.since_ps.isnan())
    assert (again.atoms[0].atoms == data.atoms[0].atoms).all()
    assert again.domain == data.domain


def test_a_member_never_sees_its_own_fold(data: TrainingSet) -> None:
    fold = fold_of(data.keys, data.outcome_ranks, QUICK_TRAINING)
    before = fit_member(data, QUICK_TRAINING, 0)
    is_hidden = torch.tensor([fold[key] == before.held_out for key in data.keys])
    changed = data.targets.seen.lower_ps.clone()
    changed[is_hidden] = 0.5 * changed[is_hidden] + 1.0
    data.targets.seen.lower_ps.copy_(changed)
    after = fit_member(data, QUICK_TRAINING, 0)
    assert is_hidden.any()
    assert all(torch.equal(after.state[name], each) for name, each in before.state.items())
    other = fit_member(data, QUICK_TRAINING, 1)
    assert other.held_out != before.held_out
    assert not torch.equal(other.state["linear.bias"], before.state["linear.bias"])


def test_every_record_is_judged_by_strangers_only(data: TrainingSet) -> None:
    config = QUICK_TRAINING
    fits = [fit_member(data, config, number) for number in range(config.n_members)]
    networks = []
    for fit in fits:
        network = config.architecture(has_labels=data.has_labels).network()
        network.load_state_dict(fit.state)
        networks.append(network)
    judged = CrossFit(data, networks, fits, fold_of(data.keys, data.outcome_ranks, config)).is_judge
    assert judged.any(dim=0).all()
    fold = fold_of(data.keys, data.outcome_ranks, config)
    for fit, row in zip(fits, judged.tolist(), strict=True):
        assert [fold[key] == fit.held_out for key in data.keys] == row


def test_mirrored_anchors_leave_the_prior_where_it_is() -> None:
    prior = Prior.for_hold(200.0, 0.3)
    left, right = (prior.anchored(5, sign) for sign in (1.0, -1.0))
    torch.testing.assert_close(0.5 * (left.weight_mean + right.weight_mean), prior.weight_mean)
    torch.testing.assert_close(0.5 * (left.bias_mean + right.bias_mean), prior.bias_mean)
    assert (left.bias_mean[:3] != prior.bias_mean[:3]).all()


def test_a_record_without_a_fraction_still_teaches_its_time() -> None:
    record = synthetic_record(lithium(300), 3)
    blank = record.model_copy(update={"crystalline_fraction": None})
    outputs = torch.tensor([[-1.0, -1.0, 4.0, 0.0, 0.0, -3.0]]).double()
    shared = torch.zeros(len(GLOBALS)).double()
    with_it, without = (
        negative_log_likelihood(outputs, shared, Targets.of([each])) for each in (record, blank)
    )
    assert torch.isfinite(without).all()
    assert with_it != without


def test_evaluation_knows_what_was_trained_on(tmp_path: Path) -> None:
    designs = synthetic_designs(8)
    store = synthetic_store(tmp_path / "store", designs[:5], 2)
    predictor = Predictor(synthetic_package(tmp_path / "model", store))
    other = synthetic_store(
        tmp_path / "other", designs[3:], 3, n_failed=1, first_seed=50, has_frames=False
    )
    found = evaluate_package(predictor, [other])
    assert (found.n_records, found.n_failed) == (15, 1)
    assert (found.n_designs, found.n_designs_in_training) == (5, 2)
    assert found.new_designs is not None
    assert found.new_designs.n_designs == 3
    assert sum(row.is_in_training for row in found.rows) == 2
    records = [record for record in other if record.incubation is not None]
    lower = [each.incubation.lower_ps for each in records]
    upper = [each.incubation.upper_ps or each.incubation.lower_ps for each in records]
    members = [
        predictor.survival_members([each.design], [low, high], "full").mean(axis=0)[0]
        for each, low, high in zip(records, lower, upper, strict=True)
    ]
    incubations = [each.incubation for each in records]
    expected = log_score([each[0] for each in members], [each[1] for each in members], incubations)
    assert found.scores["full"].log.model == pytest.approx(expected)
    found.model_dump_json()


def test_evaluation_of_another_protocol_is_refused(
    small: tuple[RecordStore, Package], tmp_path: Path
) -> None:
    predictor = Predictor(small[1])
    faster = SHORT_PROTOCOL.model_copy(update={"quench_rate_K_per_ps": 5.0})
    other = synthetic_store(
        tmp_path / "other", synthetic_designs(4), 1, protocol=faster, has_frames=False
    )
    with pytest.raises(MisuseError, match="own protocol"):
        evaluate_package(predictor, [other])


def test_the_road_difference_is_what_the_roads_differ_by(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(5), 2)
    records = read_records([store])
    data = TrainingSet.of(records, 2)
    fits = [fit_member(data, QUICK_TRAINING, number) for number in range(2)]
    package = assemble(records, data, fits, QUICK_TRAINING, "measured")
    predictor = Predictor(package)
    designs = package.manifest.domain.designs
    full, fast = (
        np.array([each.p_crystalline for each in predictor.predict_designs(designs, road=road)])
        for road in ("full", "fast")
    )
    assert package.manifest.road_difference == pytest.approx(np.abs(full - fast).mean())
    assert f"{package.manifest.road_difference:.4f}" in package.card_text
