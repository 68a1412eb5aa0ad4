"""A package judged by those of its members that never saw a design.

Of a design that the package was trained on these are the members that left its part out; of any
other design all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Batch

from simulate.design import EmbryoDesign
from surrogate.calibration import StageCalibration, hazard_powers
from surrogate.features import FeatureScaling
from surrogate.graph import graph
from surrogate.network import N_OUTPUTS, EmbryoNet, forecast
from surrogate.package import Package
from surrogate.surroundings import Surroundings
from surrogate.threads import one_thread
from train.baselines import Choice
from train.crossfit import judged
from train.member import left_out
from train.panel import Panel
from train.scores import Forecast

GRAPHS_AT_ONCE: Final = 16
OF_EVERY_JUDGE: Final = -1
"""Part of designs that are new to the package."""
OF_NO_JUDGE: Final = -2
"""Part of designs of which the package does not say who left them out."""


@dataclass(frozen=True)
class Judges:
    """Who may judge which design.

    Attributes:
        package: Whose members.
        fold: Part of every design that the package was trained on.
        left_out: Part that each member never saw, shape ``(n_members,)``.
    """

    package: Package
    fold: dict[str, int]
    left_out: NDArray[np.int64]

    @classmethod
    def of(cls, package: Package) -> Self:
        """The judges of a package; where it does not note its parts, of new designs only."""
        manifest = package.manifest
        keys = [design.key for design in manifest.domain.designs]
        parts = manifest.parts if manifest.parts is not None else [OF_NO_JUDGE] * len(keys)
        fold = dict(zip(keys, parts, strict=True))
        members = [left_out(number, fold) for number in range(manifest.n_members)]
        return cls(package, fold, np.array(members))

    def part(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """Part of the data of each row, shape ``(n_rows,)``."""
        return np.array([self.fold.get(key, OF_EVERY_JUDGE) for key in keys])

    def is_judge(self, keys: Sequence[str]) -> NDArray[np.bool_]:
        """Whether each member may judge each row, shape ``(n_members, n_rows)``."""
        part = self.part(keys)
        return np.asarray((self.left_out[:, None] == part) | (part == OF_EVERY_JUDGE), np.bool_)

    def training_rows(self, keys: Sequence[str]) -> Choice:
        """Rows that baselines may be fitted to for each part, shape ``(n_parts, n_rows)``."""
        n_parts = len(set(self.fold.values()))
        return np.asarray(np.arange(n_parts)[:, None] != self.part(keys), np.bool_)

    def forecast(self, panel: Panel) -> Forecast:
        """For a panel, by the judges of each row."""
        since = [each.since_ps or 0.0 for each in panel.asked] if panel.is_past_quench else None
        designs = [each.record.design for each in panel.asked]
        return self.forecast_of(designs, panel.atoms, since)

    @one_thread()
    def forecast_of(
        self,
        designs: Sequence[EmbryoDesign],
        atoms: Sequence[Surroundings],
        since_ps: Sequence[float] | None,
    ) -> Forecast:
        """Mean survival over the judges of each row.

        Args:
            designs: Of each row.
            atoms: Of each row.
            since_ps: Hold clock at which each was waiting; None before the end of the quench.
        """
        members, is_judge = self.package.members(), self.is_judge([each.key for each in designs])
        moved = self._moved(members, is_judge, designs, atoms)
        features = torch.from_numpy(self._scaling.places(designs))
        with torch.inference_mode():
            outputs = torch.stack([each.design_outputs(features) for each in members]) + moved
            if since_ps is not None:
                outputs[..., 0] = -torch.inf
            shared = torch.stack([each.linear.shared for each in members])
            law = forecast(outputs, shared, hazard_powers(self._calibrations(designs, atoms))).law
        start_ps = None if since_ps is None else torch.tensor(since_ps, dtype=torch.float64)
        return judged(law, torch.from_numpy(is_judge), start_ps)

    @property
    def _scaling(self) -> FeatureScaling:
        return self.package.manifest.domain.scaling

    def _calibrations(
        self, designs: Sequence[EmbryoDesign], atoms: Sequence[Surroundings]
    ) -> list[StageCalibration]:
        """Of each row, learnt without the part of its design."""
        manifest = self.package.manifest
        without = dict(enumerate(manifest.calibration_without))
        parts = self.part([each.key for each in designs]).tolist()
        known = [without.get(part, manifest.calibration) for part in parts]
        return [each.at(seen.stage) for each, seen in zip(known, atoms, strict=True)]

    def _moved(
        self,
        members: Sequence[EmbryoNet],
        is_judge: NDArray[np.bool_],
        designs: Sequence[EmbryoDesign],
        atoms: Sequence[Surroundings],
    ) -> Tensor:
        """What atoms add to the outputs of their judges, ``(n_members, n_rows, n_outputs)``."""
        gates = [self.package.manifest.gates.at(each.stage) for each in atoms]
        moved = torch.zeros(len(members), len(designs), N_OUTPUTS, dtype=torch.float64)
        graphs = {
            row: graph(atoms[row], designs[row], self._scaling)
            for row in np.flatnonzero(gates).tolist()
        }
        with torch.inference_mode():
            for number, member in enumerate(members):
                rows = [row for row in graphs if is_judge[number, row]]
                if rows:
                    counts = torch.tensor([gates[row] for row in rows], dtype=torch.float64)
                    found = _structure(member, [graphs[row] for row in rows])
                    moved[number, rows] = counts[:, None] * found
        return moved


def _structure(member: EmbryoNet, graphs: Sequence[object]) -> Tensor:
    """Structure correction of each graph, shape ``(n_graphs, n_outputs)``."""
    return torch.cat(
        [
            member.structure(Batch.from_data_list(list(graphs[first : first + GRAPHS_AT_ONCE])))
            for first in range(0, len(graphs), GRAPHS_AT_ONCE)
        ]
    )
