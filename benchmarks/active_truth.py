"""A boundary that is known, embryos drawn from it, and the ways to choose which to draw.

Cheap: nothing is simulated. What learns is the project's own committee.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from simulate.design import EmbryoDesign, grid
from simulate.incubation import Incubation
from simulate.sampling import DesignSpace
from surrogate.features import FeatureScaling
from train.active.acquisition import NEEDS_NO_MODEL, Acquisition, Beliefs, chosen
from train.active.boundary import boundary, crossing, places_of, size_grid
from train.active.committee import Answers, Committee, scaling_of
from train.metrics import Floats

HORIZON_PS: Final = 1000.0
FRAME_PS: Final = 10.0
STEEPNESS: Final = 4.0
"""P(order by the horizon) is 1 - 2^-(N/N*)^4: 0.1 at 0.62 N*, 0.5 at N*, 0.9 at 1.35 N*."""

SPACE: Final = DesignSpace(
    n_designs=512,
    n_atoms=(100, 1000),
    packing_density_g_cm3=(0.0534, 0.534),
    hold_temperature_K=(270.0, 330.0),
    share_at_300_K=0.0,
    mass_exchange=["open", "confined"],
    energy_exchange=["open"],
)
N_MEMBERS: Final = 16
N_PLACES: Final = 64
N_TARGETS: Final = 24
"""Places whose boundary the acquisition `boundary` cares for; others than those that judge."""

LOGISTIC_C: Final = 10.0


def log_boundary(design: EmbryoDesign) -> float:
    """Logarithm of the size at which half order by the horizon; between 267 and 936 atoms."""
    low, high = map(math.log, SPACE.packing_density_g_cm3)
    x = 2.0 * (math.log(design.packing_density_g_cm3) - low) / (high - low) - 1.0
    t = (design.hold_temperature_K - 300.0) / 30.0
    c = float(design.mass_exchange == "confined")
    return math.log(400.0) - 0.35 * x + 0.20 * x * x + 0.25 * t + 0.20 * c + 0.15 * c * x


def drawn(design: EmbryoDesign, rng: np.random.Generator) -> Incubation:
    """An embryo of the truth: exponential waiting, seen at frames until the horizon."""
    ratio = design.n_atoms / math.exp(log_boundary(design))
    waited_ps = float(rng.exponential(HORIZON_PS / math.log(2.0) * ratio**-STEEPNESS))
    if waited_ps > HORIZON_PS:
        return Incubation(lower_ps=HORIZON_PS)
    last = math.floor(waited_ps / FRAME_PS) * FRAME_PS
    return Incubation(lower_ps=last, upper_ps=last + FRAME_PS)


def of_seed(seed: int, n: int = SPACE.n_designs) -> list[EmbryoDesign]:
    """Another scrambling of the Sobol sequence for each seed."""
    changed = SPACE.model_copy(update={"n_designs": n, "seed": seed})
    return [EmbryoDesign(**values) for values in changed.draw()]


def full_grid(n_sizes: int, n_densities: int, n_temperatures: int) -> list[EmbryoDesign]:
    """Every combination of levels spread evenly between the ends, and both walls."""
    sizes = np.geomspace(*SPACE.n_atoms, n_sizes)
    levels = {
        "n_atoms": np.rint(sizes).astype(int).tolist(),
        "packing_density_g_cm3": np.geomspace(*SPACE.packing_density_g_cm3, n_densities).tolist(),
        "hold_temperature_K": np.linspace(*SPACE.hold_temperature_K, n_temperatures).tolist(),
        "mass_exchange": ["open", "confined"],
        "energy_exchange": ["open"],
    }
    return [EmbryoDesign(**values) for values in grid(levels)]


def judging_places() -> list[EmbryoDesign]:
    """Where the boundary is judged: the same for all."""
    return places_of(SPACE.model_copy(update={"seed": 900}), N_PLACES)


def target_places() -> list[EmbryoDesign]:
    """What the acquisition `boundary` cares for."""
    return places_of(SPACE.model_copy(update={"seed": 800}), N_TARGETS)


@dataclass
class Campaign:
    """Trajectories of one strategy and one seed; candidates are asked by their number."""

    seed: int
    candidates: Sequence[EmbryoDesign]
    answer: Callable[[EmbryoDesign, np.random.Generator], Incubation]
    scaling: FeatureScaling = field(default_factory=lambda: scaling_of(of_seed(0)))
    asked: list[int] = field(default_factory=list)
    seen: list[Incubation] = field(default_factory=list)

    def ask(self, numbers: Sequence[int]) -> None:
        """Draw what comes of some candidates; of one candidate the same whoever asks."""
        for number in numbers:
            rng = np.random.default_rng([self.seed, 7, number])
            self.seen.append(self.answer(self.candidates[number], rng))
            self.asked.append(number)

    @property
    def answers(self) -> Answers:
        """All so far."""
        return Answers([self.candidates[number] for number in self.asked], self.seen)

    def committee(self, hold_ps: float = HORIZON_PS) -> Committee:
        """What is learnt from them."""
        return Committee.of(self.answers, self.scaling, hold_ps, N_MEMBERS, self.seed)

    def next(
        self,
        acquisition: Acquisition,
        n_wanted: int,
        committee: Committee | None,
        places: Sequence[EmbryoDesign],
        horizon_ps: float = HORIZON_PS,
    ) -> list[int]:
        """Numbers to ask next."""
        beliefs = None
        if acquisition not in NEEDS_NO_MODEL and committee is not None:
            beliefs = Beliefs(
                committee.log_odds(self.candidates, horizon_ps),
                boundary(committee, places, SPACE.n_atoms, horizon_ps).members,
            )
        rng = np.random.default_rng([self.seed, 11, len(self.asked)])
        return chosen(
            acquisition, len(self.candidates), n_wanted, self.asked, beliefs=beliefs, rng=rng
        )


def error_of(committee: Committee, places: Sequence[EmbryoDesign]) -> float:
    """Root mean square error of the logarithm of the boundary size."""
    found = boundary(committee, places, SPACE.n_atoms, HORIZON_PS).log_size
    return _rms(found - np.array([log_boundary(place) for place in places]))


def logistic_error(answers: Answers, places: Sequence[EmbryoDesign]) -> float:
    """The same of a ridge logistic regression whose terms are those of the truth."""
    ordered = np.array([each.is_observed for each in answers.incubations])
    grid_ = size_grid(SPACE.n_atoms)
    truth = np.array([log_boundary(place) for place in places])
    if ordered.all() or not ordered.any():
        return _rms(np.full(len(places), grid_.mean()) - truth)
    fitted = LogisticRegression(C=LOGISTIC_C, max_iter=1000).fit(_terms(answers.designs), ordered)
    sizes = np.rint(np.exp(grid_)).astype(int).tolist()
    rows = [place.model_copy(update={"n_atoms": n}) for place in places for n in sizes]
    log_odds = fitted.decision_function(_terms(rows)).reshape(len(places), -1)
    return _rms(np.array([crossing(row, grid_) for row in log_odds]) - truth)


def column_error(answers: Answers) -> float:
    """The same of a grid read as by eye: column by column, each at its own place.

    A column's boundary is the size that tells its ordered from its disordered embryos with fewest
    exceptions; of several the middle one. Nothing is asked between the columns.
    """
    columns: dict[tuple[float, float, str], list[tuple[float, bool, EmbryoDesign]]] = {}
    for design, seen in zip(answers.designs, answers.incubations, strict=True):
        name = design.packing_density_g_cm3, design.hold_temperature_K, design.mass_exchange
        row = math.log(design.n_atoms), seen.is_observed, design
        columns.setdefault(name, []).append(row)
    errors = []
    for rows in columns.values():
        rows.sort(key=lambda row: row[0])
        sizes = np.array([row[0] for row in rows])
        ordered = np.array([row[1] for row in rows])
        cuts = np.concatenate([[sizes[0]], 0.5 * (sizes[1:] + sizes[:-1]), [sizes[-1]]])
        wrong = [ordered[:k].sum() + (~ordered[k:]).sum() for k in range(len(sizes) + 1)]
        best = cuts[np.flatnonzero(np.array(wrong) == min(wrong))]
        errors.append(float(np.median(best)) - log_boundary(rows[0][2]))
    return _rms(np.array(errors))


def _terms(designs: Sequence[EmbryoDesign]) -> Floats:
    low, high = map(math.log, SPACE.packing_density_g_cm3)
    rows = []
    for each in designs:
        x = 2.0 * (math.log(each.packing_density_g_cm3) - low) / (high - low) - 1.0
        c = float(each.mass_exchange == "confined")
        t = (each.hold_temperature_K - 300.0) / 30.0
        rows.append([math.log(each.n_atoms / 400.0), x, x * x, t, c, c * x])
    return np.array(rows)


def _rms(errors: Floats) -> float:
    return float(np.sqrt((errors**2).mean()))
