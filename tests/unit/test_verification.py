"""What simulation makes of frozen forecasts: fates, shares, differences, and the words for them."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, norm
from synthetic import (
    SHORT_PROTOCOL,
    Truth,
    lithium,
    synthetic_record,
)

from serve.console import Console
from serve.price_view import Priced
from serve.verification_page import write_verification_page
from serve.verification_view import tell_plan
from serve.verification_words import answer, precision, remarks
from simulate.incubation import Incubation
from simulate.plan import Plan
from simulate.pricing import Calibration, price
from simulate.store import RecordStore, create_or_open
from surrogate.deposition.conditions import DepositionConditions
from surrogate.frozen.forecasts import (
    DrawnEmbryo,
    FrozenConditions,
    FrozenForecasts,
    VerificationQuestion,
)
from train.fates import Share, difference, fate_of, share_of
from train.verification import verified

JUDGED_PS = SHORT_PROTOCOL.hold_ps - SHORT_PROTOCOL.labelling.persistence_ps
TRUTH = Truth()


def simulated(store: RecordStore, forecasts: FrozenForecasts, truth: Truth = TRUTH) -> None:
    """Every planned trajectory, drawn from a known truth instead of by LAMMPS."""
    for plan in forecasts.plans():
        store.append(synthetic_record(plan.design, plan.seed, truth, plan.protocol))


@pytest.mark.parametrize(
    ("seen", "fate"),
    [
        (Incubation(lower_ps=0.0, upper_ps=0.0, ordered_in_quench=True), "ordered"),
        (Incubation(lower_ps=170.0, upper_ps=180.0), "ordered"),
        (Incubation(lower_ps=175.0, upper_ps=185.0), "unseen"),
        (Incubation(lower_ps=180.0, upper_ps=190.0), "glassy"),
        (Incubation(lower_ps=180.0), "glassy"),
        (Incubation(lower_ps=170.0), "unseen"),
    ],
)
def test_disordered_counts_only_as_far_as_it_was_seen(seen: Incubation, fate: str) -> None:
    record = synthetic_record(lithium()).model_copy(update={"incubation": seen})
    assert fate_of(record, 180.0) == fate


def test_a_failed_run_is_unseen_unless_it_had_been_watched_so_long() -> None:
    failed = synthetic_record(lithium(), is_failed=True)
    assert fate_of(failed, 180.0) == "unseen"


def test_what_was_not_seen_widens_the_interval_and_moves_no_share() -> None:
    whole, torn = share_of(30, 20, 0), share_of(30, 20, 10)
    assert whole is not None
    assert torn is not None
    assert torn.value == whole.value == 0.6
    assert torn.interval[0] < whole.interval[0]
    assert torn.interval[1] > whole.interval[1]
    assert share_of(0, 0, 5) is None


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """His example 56/70 less 48/80: 0.2, 95 % from 0.0524 to 0.3339 (his table II, row 10)."""

    def wilson(n_yes: int, n: int) -> Share:
        z, p = float(norm.ppf(0.975)), n_yes / n
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return Share(value=p, interval=(centre - reach, centre + reach))

    found = difference(wilson(56, 70), wilson(48, 80))
    assert found.value == pytest.approx(0.2)
    assert found.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def frozen(
    designs: Sequence[tuple[str, Sequence[int]]],
    n_embryos: int,
    said: float | None = None,
    first_seed: int = 1,
) -> FrozenForecasts:
    """Forecasts that know the truth, or that always say the same.

    Args:
        designs: Group and sizes of embryos of each set of conditions.
        n_embryos: Of each size.
        said: P(glassy) of everything; None: the truth.
        first_seed: Of the trajectories.
    """

    def embryo(n_atoms: int, seed: int) -> DrawnEmbryo:
        design = lithium(n_atoms)
        truth = float(TRUTH.survival(design, [JUDGED_PS])[0])
        return DrawnEmbryo(
            design=design,
            seed=seed,
            trajectory_id=Plan(design, SHORT_PROTOCOL, seed).trajectory_id,
            p_glassy=truth if said is None else said,
            is_decidable=True,
        )

    def conditions(rank: int, group: str, sizes: Sequence[int]) -> FrozenConditions:
        embryos = [embryo(n, first_seed + k) for n in sizes for k in range(n_embryos)]
        mean = float(np.mean([each.p_glassy for each in embryos]))
        return FrozenConditions.model_validate(
            {
                "group": group,
                "rank": rank if group == "top" else None,
                "conditions": DepositionConditions(
                    current_density_mA_cm2=1.0, deposition_time_min=float(1 + rank)
                ),
                "searched_share": None,
                "members": (0.98 * mean, 1.02 * mean),
                "glassy_share": mean,
                "interval": (0.9 * mean, min(1.0, 1.1 * mean)),
                "fast_share": mean,
                "clipped_share": 0.0,
                "embryos": tuple(embryos),
            }
        )

    return FrozenForecasts(
        question=VerificationQuestion(search_sha256="0", model="truth-0", n_embryos=n_embryos),
        deposition_map="paper",
        assumption="assumed",
        horizon_statement="of the hold",
        is_of_minutes=False,
        horizon_ps=200.0,
        judged_ps=JUDGED_PS,
        protocol=SHORT_PROTOCOL,
        frozen_at="2026-11-20T00:00:00+00:00",
        n_drawn=1,
        conditions=tuple(conditions(n, *item) for n, item in enumerate(designs, start=1)),
    ).sealed()


def test_right_forecasts_are_borne_out(tmp_path: Path) -> None:
    forecasts = frozen([("top", [150, 250]), ("random", [400, 500])], 30)
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    simulated(store, forecasts)
    found = verified(forecasts, store)
    for group in found.groups:
        assert group.simulated is not None
        assert group.excess is not None
        low, high = group.excess.interval
        assert low < 0.0 < high
        assert abs(group.excess.value) < 0.2
    assert found.is_whole
    assert found.n_begun_before == 0
    assert "borne out" in answer(found)[0]


def test_wrong_forecasts_are_told(tmp_path: Path) -> None:
    forecasts = frozen([("top", [500]), ("random", [150])], 30, said=0.9)
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    simulated(store, forecasts)
    found = verified(forecasts, store)
    top = found.groups[0]
    assert top.excess is not None
    assert top.excess.interval[0] > 0.0
    assert "too high" in answer(found)[0]
    assert found.optimism is not None
    assert found.optimism.interval[0] > 0.0
    assert "flatters" in answer(found)[2]


@pytest.mark.parametrize("n", [12, 50])
def test_an_interval_covers_the_truth_as_often_as_it_says(n: int) -> None:
    """On average over shares: at a single one the counts are too coarse."""
    intervals = [share_of(k, n - k, 0) for k in range(n + 1)]
    truths = np.linspace(0.05, 0.95, 37)
    held = [
        sum(
            binom.pmf(k, n, truth)
            for k, each in enumerate(intervals)
            if each is not None and each.interval[0] <= truth <= each.interval[1]
        )
        for truth in truths
    ]
    assert np.mean(held) == pytest.approx(0.9, abs=0.02)


def test_a_trajectory_of_several_conditions_is_simulated_once_and_worth_less(
    tmp_path: Path,
) -> None:
    apart = frozen([("top", [300]), ("top", [301]), ("random", [500])], 15)
    alike = frozen([("top", [300]), ("top", [300]), ("random", [500])], 15)
    assert len(alike.plans()) == 30
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    simulated(store, apart)
    simulated(store, alike)
    widths = []
    for forecasts in (apart, alike):
        share = verified(forecasts, store).groups[0].simulated
        assert share is not None
        widths.append(share.interval[1] - share.interval[0])
    assert widths[1] > 1.2 * widths[0]
    assert any("shared" in remark for remark in remarks(verified(alike, store)))


def test_failures_and_what_is_missing_are_told(tmp_path: Path) -> None:
    forecasts = frozen([("top", [300]), ("random", [500])], 10)
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    for number, plan in enumerate(forecasts.plans()[:15]):
        store.append(synthetic_record(plan.design, plan.seed, is_failed=number < 3))
    found = verified(forecasts, store)
    top, other = found.conditions
    assert (top.simulated.n_failed, top.simulated.n_unseen, top.simulated.n_waiting) == (3, 3, 0)
    assert other.simulated.n_waiting == 5
    assert other.simulated.share is None  # the first to be simulated are not like all
    assert found.groups[1].excess is None
    assert found.optimism is None
    assert found.n_failed == 3
    assert not found.is_whole
    told = " ".join(remarks(found))
    assert "3 runs failed" in told
    assert "15 of 20 trajectories" in told


def test_runs_that_began_before_the_freezing_are_no_fresh_test(tmp_path: Path) -> None:
    forecasts = frozen([("top", [300]), ("random", [500])], 4)
    late = forecasts.model_copy(update={"frozen_at": "2027-01-01T00:00:00+00:00"})
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    simulated(store, forecasts)
    found = verified(late, store)
    assert found.n_begun_before == 8
    assert any("no fresh test" in remark for remark in remarks(found))


def test_what_the_search_went_by_stands_beside_what_is_judged(tmp_path: Path) -> None:
    forecasts = frozen([("top", [300]), ("random", [500])], 4, said=0.5)
    off = [
        each.model_copy(update={"fast_share": 0.5 + apart})
        for each, apart in zip(forecasts.conditions, (0.2, -0.04), strict=True)
    ]
    shown = forecasts.model_copy(update={"conditions": tuple(off)})
    store = create_or_open(tmp_path / "records", SHORT_PROTOCOL)
    simulated(store, shown)
    found = verified(shown, store)
    told = " ".join(remarks(found))
    assert "fast road says +0.08 on average, +0.20 where" in told
    page = write_verification_page(tmp_path / "page.html", found).read_text()
    assert "<td>0.70</td><td>0.50 (" in page


def test_embryos_of_one_forecast_stand_in_one_bin(tmp_path: Path) -> None:
    forecasts = frozen([("top", [300]), ("random", [500])], 20, said=0.7)
    store = create_or_open(tmp_path, SHORT_PROTOCOL)
    simulated(store, forecasts)
    (only,) = verified(forecasts, store).reliability
    assert only.n_embryos == 40
    assert only.forecast == pytest.approx(0.7)


def test_the_page_stands_alone(tmp_path: Path) -> None:
    forecasts = frozen([("top", [300]), ("random", [500])], 6)
    store = create_or_open(tmp_path / "records", SHORT_PROTOCOL)
    before = write_verification_page(tmp_path / "empty.html", verified(forecasts, store))
    assert "not all are simulated yet" in before.read_text()
    simulated(store, forecasts)
    page = write_verification_page(tmp_path / "page.html", verified(forecasts, store)).read_text()
    assert page.count("<svg") == 2
    assert "does not verify the deposition map" in page


def told_plan(
    forecasts: FrozenForecasts,
    capfd: pytest.CaptureFixture[str],
    n_done: int = 0,
    *,
    as_json: bool = False,
) -> str:
    """What a dry run says of them on a machine of known speed."""
    measured = Calibration(us_per_atom_step=1.0, ms_per_frame=1.0, bytes_per_atom_frame=10.0)
    waiting = tuple(forecasts.plans()[n_done:])
    found = Priced(len(forecasts.plans()), waiting, measured, price(waiting, measured))
    tell_plan(Console(as_json=as_json), forecasts, found)
    return capfd.readouterr().out


def test_a_dry_run_tells_the_cost_first_and_then_a_row_for_each_conditions(
    capfd: pytest.CaptureFixture[str],
) -> None:
    forecasts = frozen([("top", [300]), ("random", [500, 700]), ("random", [900])], 40)
    said = told_plan(forecasts, capfd).splitlines()
    assert said[0].startswith("160 of 160 trajectories would be run. At most")
    rows = [line.split() for line in said[-3:]]
    assert [row[:6] for row in rows] == [
        ["rank", "1", "1", "2", "40", "40"],
        ["random", "1", "1", "3", "80", "80"],
        ["random", "2", "1", "4", "40", "40"],
    ]
    whole = float(re.search(r"steps, (\S+) core-hours", said[0])[1])  # type: ignore[index]
    assert sum(float(row[6]) for row in rows) == pytest.approx(whole, rel=0.1)
    assert not [line for line in said if forecasts.plans()[0].trajectory_id in line]


def test_a_dry_run_tells_what_is_done_and_what_is_shared(
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = told_plan(frozen([("top", [300]), ("random", [300])], 10), capfd, n_done=4)
    assert re.findall(r"1 +[23] +10 +(\d+)", said) == ["6", "6"]
    assert "run once: 6 fewer than the rows say" in said
    apart = told_plan(frozen([("top", [300]), ("random", [500])], 10), capfd)
    assert "share stand" not in apart


def test_a_dry_run_tells_ids_to_machines(capfd: pytest.CaptureFixture[str]) -> None:
    forecasts = frozen([("top", [300]), ("random", [500])], 5)
    said = json.loads(told_plan(forecasts, capfd, as_json=True))
    ids = [plan.trajectory_id for plan in forecasts.plans()]
    assert [each["id"] for each in said["trajectories"]] == ids
    assert [each["n_waiting"] for each in said["conditions"]] == [5, 5]
    apart = sum(each["core_hours_at_most"] for each in said["conditions"])
    assert apart == pytest.approx(said["at_most"]["core_hours"])


def test_fewer_embryos_tell_less() -> None:
    assert precision(50) == "50 embryos a condition tell a share near 0.5 to +- 0.11 (90 %)"
    assert "+- 0.35" in precision(3)
