"""Two potentials that order the same embryos alike, against each other, or not at all."""

import pytest
from synthetic import NEVER, Truth, like, lithium, synthetic_record

from serve.paper_page import told_agreement
from serve.paper_plots import ranks_svg
from simulate.record import TrajectoryRecord
from train.rank_agreement import RankAgreement, rank_agreements

SODIUM = "nichol-ackland-2016-na"
SIZES = (150, 200, 250, 300, 400, 500, 650, 800)
STEEP = Truth(quench_logit=-50.0, median_ps=60.0, size_exponent=2.0, cure=0.0, shape=8.0)
REVERSED = Truth(quench_logit=-50.0, median_ps=60.0, size_exponent=-2.0, cure=0.0, shape=8.0)


def runs(truth: Truth, potential: str | None = None, n: int = 4) -> list[TrajectoryRecord]:
    designs = [lithium(n_atoms=n_atoms) for n_atoms in SIZES]
    return [
        synthetic_record(like(each, potential) if potential else each, seed, truth)
        for each in designs
        for seed in range(1, n + 1)
    ]


def between(found: list[RankAgreement]) -> RankAgreement:
    (one,) = [each for each in found if each.potentials[0] != each.potentials[1]]
    return one


@pytest.mark.parametrize(("theirs", "sign"), [(STEEP, 1.0), (REVERSED, -1.0)])
def test_the_sign_tells_whether_the_same_embryos_are_quick(theirs: Truth, sign: float) -> None:
    found = between(rank_agreements([*runs(STEEP), *runs(theirs, SODIUM)]))
    assert sign * found.tau.value > 0.8
    low, high = found.tau.interval
    assert min(sign * low, sign * high) > 0.5
    assert found.n_runs == (32, 32)


def test_each_stands_beside_its_own_halves() -> None:
    found = rank_agreements([*runs(STEEP), *runs(STEEP, SODIUM)])
    selves = [each for each in found if each.potentials[0] == each.potentials[1]]
    assert {each.potentials[0] for each in selves} == {"nichol-ackland-2016", SODIUM}
    assert all(each.n_runs == (16, 16) and each.tau.value > 0.8 for each in selves)


def test_where_nothing_orders_there_is_no_rank() -> None:
    found = between(rank_agreements([*runs(STEEP), *runs(NEVER, SODIUM)]))
    assert found.tau.value is None
    assert {theirs for _, theirs in found.waited_ps} == {found.horizon_ps}
    assert "—" in told_agreement(found)


def changed(record: TrajectoryRecord, part: str, field: str, factor: float) -> TrajectoryRecord:
    old = getattr(record, part)
    new = old.model_copy(update={field: factor * getattr(old, field)})
    return record.model_copy(update={part: new})


def test_another_density_temperature_or_protocol_is_another_embryo() -> None:
    sodium = runs(STEEP, SODIUM)
    denser = [changed(each, "design", "packing_density_g_cm3", 2.0) for each in sodium]
    warmer = [changed(each, "design", "hold_temperature_K", 1.2) for each in sodium]
    longer = [changed(each, "protocol", "hold_ps", 2.0) for each in sodium]
    for other in (denser, warmer, longer):
        assert rank_agreements([*runs(STEEP), *other]) == []


def test_one_run_of_a_design_has_no_second_half() -> None:
    found = rank_agreements([*runs(STEEP), *runs(STEEP, SODIUM, n=1)])
    assert [each.potentials for each in found if len(set(each.potentials)) == 1] == [
        ("nichol-ackland-2016",) * 2
    ]


def test_the_figure_has_a_panel_for_two_and_none_for_one() -> None:
    assert "<svg" in ranks_svg(rank_agreements([*runs(STEEP), *runs(REVERSED, SODIUM)]))
    assert ranks_svg(rank_agreements(runs(STEEP))) == ""
