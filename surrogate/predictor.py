"""What becomes of an embryo? Answers from a model package, for a design or for actual atoms.

Two roads: `fast` weighs the design alone; `full` packs the design a few times and sends the atoms
through the network. The same question gets the same answer, to the last bit, whatever else is asked
in the same call.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch_geometric.data import Batch

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.packing import pack
from simulate.snapshot import Snapshot
from surrogate.applicability import SOLID_SHARE_MARGIN
from surrogate.calibration import hazard_powers
from surrogate.ensemble import crystalline_fraction, epistemic_interval
from surrogate.fixed_order import mean_over
from surrogate.graph import graph
from surrogate.network import EmbryoForecast, forecast
from surrogate.package import Package, read_package
from surrogate.prediction import Applicability, Prediction, Road, SurvivalCurve
from surrogate.surroundings import Stage, Surroundings, surroundings
from surrogate.survival import quantile_ps, survival
from surrogate.threads import one_thread

ATOMS_UNUSED: Final = (
    "note: at this stage the model uses the design only, since atoms did not "
    "improve its forecasts of unseen designs there."
)
STAGE_UNKNOWN: Final = (
    "note: stage unknown: taken to wait at the end of the quench, hold clock 0 ps. "
    "Of a packing, or later in the hold, the answer is another: say `stage` and `time_ps`."
)
N_CURVE_POINTS: Final = 25
MOST_KEPT: Final = 4096
QUANTILES: Final = (0.05, 0.1, 0.5, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of a batch.

    Attributes:
        stage: How far the protocol has gone where it is asked.
        since_ps: Known to be waiting at this time of the hold clock; None: asked from the start.
    """

    horizon_ps: float
    road: Road
    stage: Stage = "packed"
    since_ps: float | None = None


class Predictor:
    """A loaded model package that answers questions. Safe to share between threads.

    Args:
        package: What was loaded.
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self._members = package.members()
        self._packed: dict[str, Tensor] = {}
        self._shared = torch.stack([member.linear.shared for member in self._members])

    @classmethod
    def load(cls, path: Path) -> Self:
        """From the folder of a package.

        Raises:
            PackageError: Missing, damaged, foreign, or written by a newer release.
        """
        return cls(read_package(path))

    @one_thread()
    def predict_designs(
        self,
        designs: Sequence[EmbryoDesign],
        horizon_ps: float | None = None,
        road: Road = "full",
    ) -> list[Prediction]:
        """Forecasts for design points, in their order.

        Args:
            designs: What is asked about.
            horizon_ps: Time on the hold clock by which order counts, ps. None: the training hold.
            road: `full` or `fast`.

        Raises:
            MisuseError: The horizon is not a positive time, or a design is of a potential that
                cannot be compared with those of the data.
        """
        question = _Question(self._horizon(horizon_ps), road)
        if not designs:
            return []
        outputs = self._outputs(designs, road)
        judged = self.package.manifest.domain.judge(designs, question.horizon_ps)
        return self._predictions(designs, outputs, judged, question)

    @one_thread()
    def predict_structure(
        self, snapshot: Snapshot, design: EmbryoDesign, horizon_ps: float | None = None
    ) -> Prediction:
        """Forecast for actual atoms.

        A snapshot of the hold, of the end of the quench, or of unknown stage (which the answer then
        says) is taken to be waiting still: times then count from the snapshot, and order in the
        quench is past.

        Args:
            snapshot: The atoms.
            design: What they are.
            horizon_ps: Time from the snapshot by which order counts, ps. None: the training hold.

        Raises:
            MisuseError: Number of atoms, substance or horizon do not fit.
        """
        horizon = self._horizon(horizon_ps)
        outputs = self._outputs([design], "fast")
        seen = surroundings(snapshot, design)
        gate = self.package.manifest.gates.at(seen.stage)
        outputs = outputs + gate * self._correction([seen], design)[:, None, :]
        if seen.is_past_quench:
            outputs[..., 0] = -math.inf
        since_ps = seen.time_ps if seen.is_past_quench else None
        (judged,) = self.package.manifest.domain.judge([design], horizon + seen.time_ps)
        question = _Question(horizon, "full", seen.stage, since_ps)
        judged = self._judge_atoms(seen, judged)
        notes = [ATOMS_UNUSED] if gate == 0.0 else []
        if snapshot.stage == "given":
            notes.append(STAGE_UNKNOWN)
        judged = judged.model_copy(update={"reasons": [*judged.reasons, *notes]})
        return self._predictions([design], outputs, [judged], question)[0]

    @one_thread()
    def p_crystalline_atoms(self, snapshot: Snapshot, design: EmbryoDesign) -> NDArray[np.float64]:
        """Which atoms of a structure are crystalline.

        Args:
            snapshot: The atoms.
            design: What they are.

        Returns:
            Of each atom the probability that template matching calls it bcc, fcc or hcp, mean over
            the members, in the order of the snapshot, shape ``(n_atoms,)``.

        Raises:
            MisuseError: This model was not taught it, or number of atoms or substance do not fit.
        """
        manifest = self.package.manifest
        if not manifest.architecture.has_labels:
            raise MisuseError(
                f"only a model with a per-atom head tells which atoms are crystalline, but "
                f"{self.package.label} has none. Train it anew with this release, with "
                "label_weight > 0 and epochs > 0."
            )
        manifest.check_substance(design)
        seen = surroundings(snapshot, design)
        batch = Batch.from_data_list([graph(seen, design, manifest.domain.scaling)])
        with torch.inference_mode():
            log_odds = [member.structure.atoms(batch).log_odds for member in self._members]
        result: NDArray[np.float64] = mean_over(torch.stack(log_odds).double().sigmoid()).numpy()
        return result

    @one_thread()
    def survival_members(
        self, designs: Sequence[EmbryoDesign], times_ps: ArrayLike, road: Road = "fast"
    ) -> NDArray[np.float64]:
        """Survival, members apart.

        Args:
            designs: What is asked about.
            times_ps: Hold clock, >= 0, shape ``(n_times,)``.
            road: `full` or `fast`.

        Returns:
            P(not ordered by then), shape ``(n_members, n_designs, n_times)``; at time 0 one minus
            the probability of order in the quench.

        Raises:
            MisuseError: A time is negative or not finite, or a design is of a potential
                that cannot be compared with those of the data.
        """
        times = torch.as_tensor(np.asarray(times_ps, dtype=np.float64)).reshape(-1)
        if not (torch.isfinite(times) & (times >= 0.0)).all():
            raise MisuseError(f"times_ps must be finite and >= 0, but got {times.tolist()}.")
        law = self._forecast(self._outputs(designs, road), road).law
        result: NDArray[np.float64] = survival(
            law.map(lambda parameter: parameter[..., None]), times
        ).numpy()
        return result

    def glass_index_members(
        self, designs: Sequence[EmbryoDesign], horizon_ps: float
    ) -> NDArray[np.float64]:
        """P(not ordered by the horizon) on the fast path, shape ``(n_members, n_designs)``."""
        return self.survival_members(designs, [self._horizon(horizon_ps)])[:, :, 0]

    def _horizon(self, horizon_ps: float | None) -> float:
        horizon = self.package.protocol.hold_ps if horizon_ps is None else horizon_ps
        if not (math.isfinite(horizon) and horizon > 0.0):
            raise MisuseError(
                f"horizon_ps must be a finite time > 0 ps, but got {horizon_ps}. "
                f"The training hold is {self.package.protocol.hold_ps:g} ps."
            )
        return horizon

    def _outputs(self, designs: Sequence[EmbryoDesign], road: Road) -> Tensor:
        """What the members say, shape ``(n_members, n_designs, n_outputs)``."""
        domain = self.package.manifest.domain
        for design in designs:
            self.package.manifest.check_substance(design)
        features = torch.from_numpy(domain.scaling.places(designs))
        outputs = torch.stack([member.design_outputs(features) for member in self._members])
        if road == "fast" or self.package.manifest.gates.packed == 0.0 or not designs:
            return outputs
        return outputs + torch.stack([self._packed_correction(each) for each in designs], dim=1)

    def _packed_correction(self, design: EmbryoDesign) -> Tensor:
        """What fresh packings add to the fast path, shape ``(n_members, n_outputs)``.

        Seeds come from the design, so the same design always gets the same packings; the last
        few thousand answers are kept.
        """
        found = self._packed.get(design.key)
        if found is None:
            manifest, first_seed = self.package.manifest, int(design.key[:8], 16)
            packed = [
                surroundings(pack(design, first_seed + number), design)
                for number in range(manifest.n_packings)
            ]
            found = manifest.gates.packed * self._correction(packed, design)
            if len(self._packed) >= MOST_KEPT:
                self._packed.clear()
            self._packed[design.key] = found
        return found

    def _correction(self, seen: Sequence[Surroundings], design: EmbryoDesign) -> Tensor:
        """Mean structure correction of some atoms of one design, ``(n_members, n_outputs)``."""
        scaling = self.package.manifest.domain.scaling
        batch = Batch.from_data_list([graph(each, design, scaling) for each in seen])
        with torch.inference_mode():
            return torch.stack([member.structure(batch).mean(dim=0) for member in self._members])

    def _forecast(self, outputs: Tensor, road: Road, stage: Stage = "packed") -> EmbryoForecast:
        """Outputs as physics, calibrated; of the fast road nothing was learnt."""
        if road == "fast":
            return forecast(outputs, self._shared)
        calibration = self.package.manifest.calibration.at(stage)
        return forecast(outputs, self._shared, hazard_powers([calibration] * outputs.shape[1]))

    def _judge_atoms(self, seen: Surroundings, judged: Applicability) -> Applicability:
        """Say so when the atoms look as if they had ordered already."""
        known = self.package.manifest.domain.solid_share
        if seen.solid_share <= known + SOLID_SHARE_MARGIN:
            return judged
        reason = (
            f"{seen.solid_share:.0%} of the atoms are solid-like, more than in any embryo that was "
            f"still waiting in training ({known:.0%}): it may have ordered already, and a forecast "
            "of those that wait does not apply."
        )
        return judged.model_copy(
            update={
                "is_inside": False,
                "reasons": [*judged.reasons, reason],
                "looks_ordered": True,
            }
        )

    def _predictions(
        self,
        designs: Sequence[EmbryoDesign],
        outputs: Tensor,
        judged: Sequence[Applicability],
        question: _Question,
    ) -> list[Prediction]:
        """Outputs of shape ``(n_members, n_designs, n_outputs)`` as answers."""
        embryos = self._forecast(outputs, question.road, question.stage)
        since_ps = (
            None
            if question.since_ps is None
            else torch.full((len(designs),), question.since_ps, dtype=torch.float64)
        )
        times_ps = torch.linspace(0.0, question.horizon_ps, N_CURVE_POINTS, dtype=torch.float64)
        curves = survival(
            embryos.law.map(lambda parameter: parameter[..., None]),
            times_ps,
            None if since_ps is None else since_ps[:, None],
        )
        low, high = epistemic_interval(curves)
        # Survival falls, so its ends may too; rounding must not push them past the estimate.
        mean = mean_over(curves)
        low = torch.minimum(low.cummin(dim=-1).values, mean)
        high = torch.maximum(high.cummin(dim=-1).values, mean)
        horizon_ps = torch.tensor(question.horizon_ps, dtype=torch.float64)
        return [
            Prediction(
                design=design,
                horizon_ps=question.horizon_ps,
                p_crystalline=1.0 - curve[-1],
                p_crystalline_interval=(1.0 - upper[-1], 1.0 - lower[-1]),
                incubation_ps={str(share): times[number] for number, share in _MIDDLE},
                incubation_ps_interval=(times[0], times[-1]),
                crystalline_fraction=fraction[0],
                crystalline_fraction_interval=(fraction[1], fraction[2]),
                survival=SurvivalCurve(
                    time_ps=times_ps.tolist(), probability=curve, lower=lower, upper=upper
                ),
                glass_index=curve[-1],
                applicability=applicability,
                road=question.road,
                model=self.package.label,
            )
            for design, applicability, curve, lower, upper, times, fraction in zip(
                designs,
                judged,
                mean.tolist(),
                low.tolist(),
                high.tolist(),
                _finite(
                    quantile_ps(embryos.law, torch.tensor(QUANTILES, dtype=torch.float64), since_ps)
                ),
                torch.stack(crystalline_fraction(embryos, horizon_ps, since_ps), dim=1).tolist(),
                strict=True,
            )
        ]


_MIDDLE: Final = [(number, share) for number, share in enumerate(QUANTILES) if 0.1 <= share <= 0.9]


def _finite(times_ps: Tensor) -> list[list[float | None]]:
    """Times as JSON can hold them: None for never."""
    return [[time if math.isfinite(time) else None for time in row] for row in times_ps.tolist()]
