"""Two potentials that order the same embryos alike, against each other, or not at all."""

import numpy as np
import pytest
from scipy.stats import kendalltau
from synthetic import NEVER, Truth, like, lithium, synthetic_record

from serve.paper_page import told_agreement
from serve.paper_plots import ranks_svg
from simulate.record import TrajectoryRecord
from train.rank_agreement import RankAgreement, kendall_tau, rank_agreements

SODIUM = "nichol-ackland-2016-na"
SIZES = (220, 250, 280, 320, 400, 500, 650, 800)
SURE = {"quench_logit": -50.0, "median_ps": 60.0, "cure": 0.0, "shape": 8.0}
LARGE_FIRST = Truth(size_exponent=2.0, **SURE)
SMALL_FIRST = Truth(size_exponent=-2.0, **SURE)
BY_CHANCE = Truth(**SURE | {"shape": 1.0, "size_exponent": 1.0})


def runs(
    truth: Truth, potential: str | None = None, n: int = 4, first: int = 1
) -> list[TrajectoryRecord]:
    designs = [lithium(n_atoms=n_atoms) for n_atoms in SIZES]
    first += 0 if potential is None else 1000  # or both would draw the same times
    return [
        synthetic_record(like(each, potential) if potential else each, seed, truth)
        for each in designs
        for seed in range(first, first + n)
    ]


def agreement(ours: Truth, theirs: Truth, n: int = 4, first: int = 1) -> RankAgreement:
    (found,) = rank_agreements([*runs(ours, None, n, first), *runs(theirs, SODIUM, n, first)])
    return found


@pytest.mark.parametrize(("theirs", "sign"), [(LARGE_FIRST, 1.0), (SMALL_FIRST, -1.0)])
def test_the_sign_tells_whether_the_same_embryos_are_quick(theirs: Truth, sign: float) -> None:
    found = agreement(LARGE_FIRST, theirs)
    for tau in (found.tau, found.halves):
        assert sign * tau.value > 0.8
        assert sign * min(tau.interval, key=lambda end: sign * end) > 0.5
    assert found.n_runs == (32, 32)
    assert min(each.value for each in found.selves) > 0.8


def test_chance_lowers_what_is_run_and_not_what_is_left_without_it() -> None:
    several = [agreement(BY_CHANCE, BY_CHANCE, n=8, first=first) for first in range(1, 800, 100)]
    several = [each for each in several if each.without_chance.value is not None]
    tau, halves, left = (
        np.mean([getattr(each, name).value for each in several])
        for name in ("tau", "halves", "without_chance")
    )
    assert halves < tau < 0.8
    assert left == pytest.approx(1.0, abs=0.2)


def test_where_one_does_not_agree_with_itself_nothing_is_left_to_divide_by() -> None:
    flat = Truth(**SURE | {"shape": 1.0, "size_exponent": 0.0})
    found = agreement(LARGE_FIRST, flat, n=2)
    assert found.selves[1].interval[0] < 0.0
    assert found.without_chance.value is None
    assert "what of that is chance" in told_agreement(found)


def test_where_nothing_orders_there_is_no_rank() -> None:
    found = agreement(LARGE_FIRST, NEVER)
    assert found.tau.value is None
    assert {theirs for _, theirs in found.waited_ps} == {found.horizon_ps}
    assert agreement(NEVER, NEVER).n_never == len(SIZES)


def test_one_run_of_each_does_not_tell_what_is_chance() -> None:
    found = agreement(LARGE_FIRST, LARGE_FIRST, n=1)
    assert found.tau.value is not None
    assert found.halves.value is None
    assert "Too few runs" in told_agreement(found)


def changed(record: TrajectoryRecord, part: str, field: str, factor: float) -> TrajectoryRecord:
    old = getattr(record, part)
    new = old.model_copy(update={field: factor * getattr(old, field)})
    return record.model_copy(update={part: new})


def test_another_density_temperature_or_protocol_is_another_embryo() -> None:
    lithiums, sodium = runs(LARGE_FIRST), runs(LARGE_FIRST, SODIUM)
    denser = [changed(each, "design", "packing_density_g_cm3", 1.05) for each in sodium]
    warmer = [changed(each, "design", "hold_temperature_K", 1.02) for each in sodium]
    longer = [changed(each, "protocol", "hold_ps", 2.0) for each in sodium]
    for other in (denser, warmer, longer):
        assert rank_agreements([*lithiums, *other]) == []


def test_a_name_makes_no_other_protocol() -> None:
    sodium = [
        r.model_copy(update={"protocol": r.protocol.model_copy(update={"name": "another"})})
        for r in runs(LARGE_FIRST, SODIUM)
    ]
    assert len(rank_agreements([*runs(LARGE_FIRST), *sodium])) == 1


def test_every_embryo_has_one_counterpart() -> None:
    near = [changed(each, "design", "packing_density_g_cm3", 1.01) for each in runs(LARGE_FIRST)]
    (found,) = rank_agreements([*runs(LARGE_FIRST), *near, *runs(LARGE_FIRST, SODIUM)])
    assert len(found.embryos) == len(SIZES)


def test_embryos_too_small_to_tell_order_do_not_count() -> None:
    small = [
        synthetic_record(design, seed, NEVER)
        for design in (lithium(n_atoms=120), like(lithium(n_atoms=120), SODIUM))
        for seed in (1, 2)
    ]
    (found,) = rank_agreements([*runs(LARGE_FIRST), *runs(LARGE_FIRST, SODIUM), *small])
    assert len(found.embryos) == len(SIZES)


def test_tau_is_scipys_on_rows_as_often_as_they_were_drawn() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(5, size=(2, 12)).astype(float)
    counts = rng.multinomial(12, np.full(12, 1 / 12), size=20).astype(float)
    expected = [
        kendalltau(np.repeat(x, row.astype(int)), np.repeat(y, row.astype(int))).statistic
        for row in counts
    ]
    np.testing.assert_allclose(kendall_tau(x, y, counts), expected)
    assert np.isnan(kendall_tau(np.ones(12), y, counts)).all()


def test_the_figure_has_a_panel_for_two_and_none_for_one() -> None:
    both = rank_agreements([*runs(LARGE_FIRST), *runs(SMALL_FIRST, SODIUM)])
    assert "<svg" in ranks_svg(both)
    assert ranks_svg(rank_agreements(runs(LARGE_FIRST))) == ""
