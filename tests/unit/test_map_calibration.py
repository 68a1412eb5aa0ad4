"""Calibration against models whose answer is known: truth found, evidence right, failure told."""

import math
from dataclasses import replace

import numpy as np
import pytest
from nucleation import WaitingModel, waiting_package
from scipy.stats import norm

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from surrogate.deposition.bridge import HorizonBridge
from surrogate.deposition.calibration import Evidence, weigh
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.fitting import compared
from surrogate.deposition.forecast import Question
from surrogate.deposition.likelihoods import AreaShare, Observation, Rising
from surrogate.deposition.map_fit import MapFit
from surrogate.deposition.maps import DepositionMap
from surrogate.deposition.overpotential_map import OverpotentialMap
from surrogate.deposition.paper_map import PaperMap
from surrogate.deposition.registry import (
    DEPOSITION_MAPS,
)
from surrogate.deposition.sampled_space import SampledSpace
from surrogate.deposition.sampling import effective_number, sampled, weighted_quantiles
from surrogate.deposition.summary import drawn_values, summarised
from surrogate.deposition.surface import GlassSurface
from surrogate.deposition.trend import TREND

LIKE = "nichol-ackland-2016"
BRIDGE = HorizonBridge(horizon_ps=250.0)
TRUTH = PaperMap(
    saturation_current_mA_cm2=4.0,
    reference_atoms=220.0,
    current_exponent=0.8,
    openness_difference=0.3,
)


def plated(current: float, time: float, **others: object) -> DepositionConditions:
    return DepositionConditions.model_validate(
        {"current_density_mA_cm2": current, "deposition_time_min": time} | others
    )


def seen_under(
    truth: DepositionMap, model: WaitingModel, tolerance: float = 0.02
) -> tuple[Observation, ...]:
    """Area shares as they would be read, without error, if `truth` were true of this model."""
    asked = [
        (series, plated(current, time, electrolyte=electrolyte))
        for series, current, time, electrolyte in (
            ("current", 0.1, 60.0, "baseline"),
            ("current", 0.5, 60.0, "baseline"),
            ("current", 2.5, 60.0, "baseline"),
            ("time", 0.5, 5.0, "baseline"),
            ("electrolyte", 0.5, 60.0, "advanced"),
        )
    ]
    found = Question.of(model, truth, BRIDGE).forecasts([each for _, each in asked])
    shares = [
        AreaShare.model_validate(
            {
                "name": f"{number}",
                "series": series,
                "seen": "synthetic",
                "citation": "",
                "conditions": (each,),
                "crystalline_share": 1.0 - forecast.glassy_share,
                "tolerance": tolerance,
            }
        )
        for number, ((series, each), forecast) in enumerate(zip(asked, found, strict=True))
    ]
    rising = Rising.model_validate(
        {
            "name": "rising",
            "series": "time",
            "seen": "synthetic",
            "citation": "",
            "conditions": (asked[3][1], asked[1][1]),
            "tolerance": 0.05,
        }
    )
    return (*shares, rising)


@pytest.fixture(scope="module")
def model() -> WaitingModel:
    return WaitingModel(n_members=2, disagreement=math.log(1.05))


@pytest.fixture(scope="module")
def evidence(model: WaitingModel) -> Evidence:
    return weigh(model, PaperMap(), BRIDGE, seen_under(TRUTH, model))


@pytest.fixture(scope="module")
def fit(model: WaitingModel, evidence: Evidence) -> MapFit:
    return summarised(evidence, model)


# The sampler


def test_the_sampler_finds_evidence_and_posterior_of_a_normal_likelihood() -> None:
    """Prior N(0, 1), likelihood N(y; x, s): evidence N(y; 0, sqrt(1 + s²)), mean y / (1 + s²)."""
    y, s = np.array([1.0, -2.0, 0.5]), 0.05

    def log_likelihood(places: np.ndarray, member: int) -> np.ndarray:
        assert member == 3
        return norm.logpdf(y, places, s).sum(axis=1)

    draws = sampled(log_likelihood, 3, member=3, seed=1)
    found = log_likelihood(draws.places, 3)
    expected = norm.logpdf(y, 0.0, math.sqrt(1 + s**2)).sum()
    assert draws.log_evidence(found) == pytest.approx(expected, abs=0.1)
    assert draws.log_evidence(np.zeros(len(found))) == pytest.approx(0.0, abs=0.1)
    weights = draws.weights(found)
    assert weights @ draws.places == pytest.approx(y / (1 + s**2), abs=0.01)
    assert effective_number(weights) > 200
    again = sampled(log_likelihood, 3, member=3, seed=1)
    assert np.array_equal(again.places, draws.places)
    assert not np.array_equal(sampled(log_likelihood, 3, member=3, seed=2).places, draws.places)


def test_the_sampler_forgets_no_second_peak() -> None:
    """Half of the posterior at +2, half at -2."""

    def log_likelihood(places: np.ndarray, member: int) -> np.ndarray:
        del member
        return np.logaddexp(norm.logpdf(places[:, 0], 2, 0.2), norm.logpdf(places[:, 0], -2, 0.2))

    draws = sampled(log_likelihood, 2, member=0, seed=1)
    weights = draws.weights(log_likelihood(draws.places, 0))
    assert weights @ (draws.places[:, 0] > 0.0) == pytest.approx(0.5, abs=0.05)


# The table


def test_the_table_says_what_the_model_says(model: WaitingModel) -> None:
    """Between its nodes, to a hundredth; beyond them, as at the nearest."""
    asked = plated(0.7, 40.0, openness=0.35)
    space = SampledSpace.of(model.package.manifest.domain)
    surface = GlassSurface.of(model, BRIDGE, [asked], space)
    expected = PaperMap().embryos(asked, space)
    member = 1
    for embryo in expected.embryos[::4]:
        size, density = embryo.design.n_atoms, embryo.design.packing_density_g_cm3
        here = surface.glassy(
            0, member, np.array([[float(size)]]), np.array([density]), np.array([0.35])
        )
        alike = [e for e in expected.embryos if e.design.n_atoms == size]
        shares = np.array([e.weight for e in alike]) / sum(e.weight for e in alike)
        exact = model.glass_index_members([e.design for e in alike], 250.0)[1] @ shares
        assert here[0, 0] == pytest.approx(exact, abs=0.01)
    ends = surface.glassy(0, member, np.array([[1e-3, 1e9]]), np.array([9.0]), np.array([0.35]))
    assert np.isfinite(ends).all()


def model_of(**domain: object) -> WaitingModel:
    """A model trained on another domain."""
    return WaitingModel(package=waiting_package(**domain))


@pytest.mark.parametrize("domain", [{"sizes": [400]}, {"densities_g_cm3": [0.2]}])
def test_a_model_of_one_size_or_one_density_has_a_table_too(domain: dict[str, list[float]]) -> None:
    model, asked = model_of(**domain), plated(0.7, 40.0, openness=1.0)
    space = SampledSpace.of(model.package.manifest.domain)
    surface = GlassSurface.of(model, BRIDGE, [asked], space)
    found = surface.glassy(0, 1, np.array([[400.0, 4000.0]]), np.array([0.2]), np.array([1.0]))
    sizes = [space.clip("n_atoms", size) for size in (400, 4000)]
    designs = [
        EmbryoDesign.model_validate(
            {
                "n_atoms": int(size), "packing_density_g_cm3": 0.2,
                "mass_exchange": "open", "energy_exchange": "open",
            }
        )
        for size in sizes
    ]  # fmt: skip
    assert found[0] == pytest.approx(model.glass_index_members(designs, 250.0)[1], abs=0.01)
    assert np.isfinite(weigh(model, PaperMap(), BRIDGE).log_evidence([0]))


# Calibration


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        (
            {
                "element": "Na",
                "potentials": ["nichol-ackland-2016-na"],
                "densities_g_cm3": [0.2, 0.4],
            },
            "of Li, but",
        ),
        ({"temperatures_K": [400.0]}, "temperature_K must be within"),
    ],
)
def test_what_a_search_refuses_is_not_calibrated_with(domain: dict[str, object], said: str) -> None:
    with pytest.raises(MisuseError, match=said):
        weigh(model_of(**domain), PaperMap(), BRIDGE)


def test_the_truth_lies_within_what_is_found(fit: MapFit) -> None:
    for each in fit.parameters:
        true = getattr(TRUTH, each.name)
        assert each.posterior.low <= true <= each.posterior.high
        assert each.prior.low < each.posterior.median < each.prior.high
        assert each.learnt > 0.5
    assert fit.can_fit
    assert "does not refute the map" in fit.verdict


def test_what_no_observation_touches_is_not_learnt(fit: MapFit) -> None:
    """No ribbon was counted: the number of their regions stays as it was."""
    assert abs(fit.regions.learnt) < 0.15
    assert fit.regions.posterior.median == pytest.approx(fit.regions.prior.median, rel=0.2)
    assert any("temperature" in each for each in fit.unspoken)
    assert any("collector" in each for each in fit.unspoken)


def test_leaving_one_out_forecasts_it_from_the_others(evidence: Evidence, fit: MapFit) -> None:
    """The time series is implied by Fig. 3's kind of data; log p of all is a chain of such."""
    assert fit.forecast.asked == "time"
    assert fit.forecast.given == "current"
    truth = 1.0 - evidence.glassy({k: np.array([v]) for k, v in TRUTH.values.items()}, 0)[0]
    at = evidence.conditions.index(fit.forecast.conditions[0])
    assert fit.forecast.crystalline[0].low <= truth[at] <= fit.forecast.crystalline[0].high
    assert fit.forecast.log_predictive > fit.forecast.log_prior
    chained = evidence.log_evidence(evidence.of_series("current")) + np.mean(
        [
            m.log_evidence(evidence.every) - m.log_evidence(evidence.of_series("current"))
            for m in evidence.members
        ]
    )
    assert chained == pytest.approx(evidence.log_evidence(evidence.every), abs=0.5)


def test_electrolytes_alone_tell_their_difference(model: WaitingModel) -> None:
    every = seen_under(TRUTH, model)
    without = [each for each in every if each.series != "electrolyte"]
    found = summarised(weigh(model, PaperMap(), BRIDGE, without), model)
    (difference,) = [p for p in found.parameters if p.name == "openness_difference"]
    assert abs(difference.learnt) < 0.15


def test_a_map_that_cannot_fit_says_so(model: WaitingModel) -> None:
    """Order that rises steeply with current is the opposite of what shrinking nuclei make."""
    found = summarised(weigh(model, OverpotentialMap(), BRIDGE, seen_under(TRUTH, model)), model)
    assert not found.can_fit
    assert "CANNOT reproduce" in found.verdict
    assert found.worst.name in found.verdict


def test_the_map_that_made_the_data_has_the_evidence(model: WaitingModel) -> None:
    other = OverpotentialMap(openness_difference=0.3, reference_density_g_cm3=0.3)
    for truth, asked in ((TRUTH, PaperMap()), (other, OverpotentialMap())):
        seen = seen_under(truth, model)
        scores = {
            each.name: weigh(model, each, BRIDGE, seen).log_evidence(range(len(seen)))
            for each in DEPOSITION_MAPS.values()
        }
        assert max(scores, key=lambda name: scores[name]) == asked.name


def test_all_members_count_alike(model: WaitingModel) -> None:
    """A member of other rates wants other numbers; draws come from both in equal parts."""
    apart = WaitingModel(n_members=2, disagreement=math.log(1.5))
    seen = seen_under(TRUTH, model)
    found = weigh(apart, PaperMap(), BRIDGE, seen)
    _, weights = found.pooled(lambda member: member.regions, found.every)
    half = len(found.members[0].regions)
    assert weights[:half].sum() == pytest.approx(0.5)
    assert weights[half:].sum() == pytest.approx(0.5)


def test_draws_are_of_the_posterior(evidence: Evidence, fit: MapFit) -> None:
    draws, members = drawn_values(evidence, 400, seed=1)
    assert (draws, members) == drawn_values(evidence, 400, seed=1)
    assert members == [0, 1] * 200
    for each in fit.parameters:
        low, median, high = weighted_quantiles(
            np.array([draw[each.name] for draw in draws]), np.full(400, 1 / 400), (0.05, 0.5, 0.95)
        )
        reach = each.posterior.high - each.posterior.low
        found = each.posterior
        assert (low, median, high) == pytest.approx(
            (found.low, found.median, found.high), abs=0.2 * reach
        )


def test_members_with_maps_of_their_own_agree_on_what_was_seen() -> None:
    """Their rates differ fivefold; each has a map under which its shares are as they were read."""
    apart = WaitingModel(n_members=2, disagreement=math.log(2.2))
    seen = seen_under(TRUTH, apart)
    found = weigh(apart, PaperMap(), BRIDGE, seen)
    draws, members = drawn_values(found, 40, seed=1)
    (asked,) = seen[1].conditions
    shares = np.array(
        [
            Question.of(apart, PaperMap().with_parameters(each), BRIDGE)
            .forecasts([asked])[0]
            .members
            for each in draws
        ]
    )
    own = shares[range(40), members]
    assert isinstance(seen[1], AreaShare)
    assert own == pytest.approx(1.0 - seen[1].crystalline_share, abs=0.08)
    assert shares.std() > 3.0 * own.std()


def test_any_part_of_the_draws_is_as_good_as_all(evidence: Evidence) -> None:
    """Early draws of the sampler are the prior's; those kept are in no order."""
    draws, _ = drawn_values(evidence, 400, seed=1)
    for name in PaperMap().values:
        values = np.log([1.0 + each[name] for each in draws])
        first, rest = values[:100], values[100:]
        assert abs(first.mean() - rest.mean()) < 0.4 * values.std()


def test_the_same_seed_gives_the_same_numbers(model: WaitingModel, fit: MapFit) -> None:
    again = summarised(weigh(model, PaperMap(), BRIDGE, seen_under(TRUTH, model)), model)
    assert again == fit
    other = summarised(weigh(model, PaperMap(), BRIDGE, seen_under(TRUTH, model), seed=2), model)
    assert other != fit
    assert other.log_evidence == pytest.approx(fit.log_evidence, abs=0.3)


def test_progress_is_told(model: WaitingModel) -> None:
    told: list[tuple[int, int]] = []
    weigh(model, PaperMap(), BRIDGE, seen_under(TRUTH, model), progress=lambda *n: told.append(n))
    assert told == [(1, 2), (2, 2)]


def test_numbers_that_the_priors_allow_must_be_possible(model: WaitingModel) -> None:
    with pytest.raises(MisuseError, match="baseline_openness"):
        weigh(model, PaperMap(baseline_openness=1.0), BRIDGE, seen_under(TRUTH, model))


def test_maps_are_compared_best_first(model: WaitingModel) -> None:
    told: list[tuple[int, int]] = []
    asked = [(each, BRIDGE) for each in DEPOSITION_MAPS.values()]
    fits = compared(model, asked, progress=lambda *n: told.append(n))
    assert told == [(1, 2), (2, 2)]
    evidences = [fit.log_evidence for fit in fits]
    assert evidences == sorted(evidences, reverse=True)
    assert {fit.map_name for fit in fits} == {*DEPOSITION_MAPS, TREND}


def test_a_model_that_saw_only_some_exchanges_is_calibrated_with_those() -> None:
    domain = waiting_package().manifest.domain
    walled = [d for d in domain.designs if d.mass_exchange == "confined"]
    package = waiting_package()
    package.manifest.domain = type(domain).of(walled, [1000.0] * len(walled), solid_share=0.1)
    few = replace(WaitingModel(n_members=2), package=package)
    found = weigh(few, PaperMap(), BRIDGE, seen_under(TRUTH, WaitingModel(n_members=2)))
    assert math.isfinite(found.log_evidence(found.every))
