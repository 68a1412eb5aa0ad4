"""Every training record is judged by members that never saw its design.

So the scores are honest, though each comes from part of the ensemble: the whole does no worse on
average. The gates of the structure correction are chosen on the same forecasts: three numbers, each
from a list of five, flatter the scores by about as much as that can buy. Calibration is learnt from
the same forecasts too, for the scores of each part from those of the others.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from simulate.incubation import Incubation
from surrogate.calibration import Calibration, StageCalibration, hazard_powers
from surrogate.manifest import Gates
from surrogate.network import EmbryoNet, forecast
from surrogate.surroundings import STAGES, Stage
from surrogate.survival import IncubationLaw, survival
from train.dataset import TrainingSet
from train.loss import incubation_loss
from train.member import MemberFit
from train.metrics import LEAST_PROBABILITY, KaplanMeier
from train.recalibration import Unseen, calibrated, is_gain
from train.scores import Floats, Forecast

GATES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
LEAST_GAIN: Final = 1.0e-3
"""A gate opens only if it lowers the mean loss of unseen designs by this much, nats a frame."""


class CrossFit:
    """Forecasts for every training record by members that never saw its design.

    Args:
        data: All records.
        networks: Members.
        fits: What each was fitted on, and its corrections of all frames.
        fold: Fold of each design.
    """

    def __init__(
        self,
        data: TrainingSet,
        networks: Sequence[EmbryoNet],
        fits: Sequence[MemberFit],
        fold: dict[str, int],
    ) -> None:
        self._data = data
        self._fits = fits
        self._part = torch.tensor([fold[key] for key in data.keys])
        self.is_judge = torch.stack([self._part == fit.held_out for fit in fits])
        with torch.no_grad():
            self._outputs = torch.stack([each.design_outputs(data.features) for each in networks])
            self._shared = torch.stack([each.linear.shared for each in networks])

    def gates(self) -> Gates:
        """How much of the structure correction helps on unseen designs, if any."""
        at = {name: self._gate(self._data.stage == n) for n, name in enumerate(STAGES)}
        return Gates(**at)

    def calibrations(self, gates: Gates) -> tuple[Calibration, list[Calibration]]:
        """What is to be done to every forecast; and the same learnt without each of the parts.

        Nothing at a stage where parts that it was not learnt from are not clearly better forecast
        with it: a choice on the forecasts that are scored, as the gates are.
        """
        parts = range(int(self._part.max()) + 1)
        every, without = {}, {}
        for name in STAGES:
            unseen, part = self._unseen(name, gates.at(name))
            has_power = name != "waiting"
            learnt = [calibrated(unseen.rows(part != each), has_power=has_power) for each in parts]
            gains = unseen.losses(StageCalibration())
            for left, each in zip(parts, learnt, strict=True):
                gains[part == left] -= unseen.rows(part == left).losses(each)
            if is_gain(gains, self._data.design_numbers[unseen.record]):
                every[name], without[name] = calibrated(unseen, has_power=has_power), learnt
        return Calibration(**every), [
            Calibration(**{name: each[left] for name, each in without.items()}) for left in parts
        ]

    def forecast(self, gate: float, without: Sequence[Calibration]) -> Forecast:
        """Mean survival over the judges of each record; packed atoms count by `gate`.

        Args:
            gate: Of the structure correction.
            without: Calibrations learnt without each of the parts; of the full road.
        """
        outputs = self._outputs + gate * self._packed_corrections()
        powers = hazard_powers([without[part].packed for part in self._part.tolist()])
        return judged(forecast(outputs, self._shared, powers).law, self.is_judge)

    def kaplan_meier(self, incubations: Sequence[Incubation]) -> Forecast:
        """For every record the curve of the records its judges were trained on."""
        curves = {}
        for number, fit in enumerate(self._fits):
            is_seen = (~self.is_judge[number]).tolist()
            seen = [item for item, chosen in zip(incubations, is_seen, strict=True) if chosen]
            curves[fit.held_out] = (self.is_judge[number].numpy(), KaplanMeier.of(seen))

        def reference(times_ps: Floats) -> Floats:
            result = np.zeros_like(times_ps)
            for is_judged, curve in curves.values():
                result[is_judged] = curve.survival(times_ps[is_judged])
            return result

        return reference

    def _unseen(self, stage: Stage, gate: float) -> tuple[Unseen, Tensor]:
        """Forecasts asked at a stage, by the judges of each row; and the part of each row.

        Every record can be asked at its packing, whether its atoms are kept or not.
        """
        if stage == "packed":
            owner = torch.arange(len(self._part))
            moved, seen = self._packed_corrections(), self._data.targets.seen
        else:
            frames = torch.nonzero(self._data.stage == STAGES.index(stage)).flatten()
            owner = self._data.owner[frames]
            moved, seen = self._corrections(frames), self._data.frame_targets.rows(frames).seen
        outputs = self._outputs[:, owner] + gate * moved
        if stage == "waiting":
            outputs[..., 0] = -torch.inf
        law = forecast(outputs, self._shared).law
        return Unseen.of(law, self.is_judge[:, owner], seen, owner), self._part[owner]

    def _gate(self, is_chosen: Tensor) -> float:
        frames = torch.nonzero(is_chosen).flatten()
        if not len(frames) or not len(self._fits[0].corrections):
            return 0.0
        owner, moved = self._data.owner[frames], self._corrections(frames)
        targets, judges = self._data.frame_targets.rows(frames), self.is_judge[:, owner]
        losses = [
            _loss_together(
                incubation_loss(self._outputs[:, owner] + gate * moved, self._shared, targets),
                judges,
            )
            for gate in GATES
        ]
        best = int(np.argmin(losses))
        return GATES[best] if losses[0] - losses[best] > LEAST_GAIN else 0.0

    def _packed_corrections(self) -> Tensor:
        """Of the packing of each record, 0 without one; ``(n_members, n_records, n_outputs)``."""
        result = torch.zeros_like(self._outputs)
        frames = torch.nonzero(self._data.stage == STAGES.index("packed")).flatten()
        result[:, self._data.owner[frames]] = self._corrections(frames)
        return result

    def _corrections(self, frames: Tensor) -> Tensor:
        """Of some frames, ``(n_members, n_frames, n_outputs)``; 0 where atoms count nothing."""
        if not len(self._fits[0].corrections):
            return self._outputs.new_zeros(len(self._fits), len(frames), self._outputs.shape[-1])
        return torch.stack([fit.corrections[frames] for fit in self._fits])


def judged(law: IncubationLaw, is_judge: Tensor, since_ps: Tensor | None = None) -> Forecast:
    """Mean survival over the judges of each row.

    Args:
        law: Of every member, shape ``(n_members, n_rows)``.
        is_judge: Whose counts, same shape.
        since_ps: Hold clock at which each row was waiting; None before the end of the quench.
    """
    weights = is_judge.double()

    def model(times_ps: Floats) -> Floats:
        members = survival(law, torch.from_numpy(times_ps), since_ps)
        return np.asarray((members * weights).sum(dim=0) / weights.sum(dim=0))

    return model


def _loss_together(losses: Tensor, judges: Tensor) -> float:
    """Mean log score of what the judges of each frame forecast together, nats.

    Args:
        losses: Of each member, shape ``(n_members, n_frames)``.
        judges: Whose count, same shape.
    """
    weights = judges.double()
    likelihood = (torch.exp(-losses) * weights).sum(dim=0) / weights.sum(dim=0)
    return float(-likelihood.clamp_min(LEAST_PROBABILITY).log().mean())
