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
from surrogate.features import design_features
from surrogate.graph import graph
from surrogate.network import EmbryoNet, forecast
from surrogate.package import Package
from surrogate.surroundings import Surroundings
from surrogate.survival import survival
from surrogate.threads import one_thread
from train.baselines import Choice
from train.member import left_out
from train.metrics import Floats
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
        return forecast_by(self.package, self.is_judge(panel.keys), panel)

    def forecast_of(
        self,
        designs: Sequence[EmbryoDesign],
        atoms: Sequence[Surroundings],
        since_ps: Sequence[float],
    ) -> Forecast:
        """For atoms that wait, by the judges of each row.

        Args:
            designs: Of each row.
            atoms: Of each row.
            since_ps: Hold clock at which each was waiting.
        """
        is_judge = self.is_judge([each.key for each in designs])
        return _forecast(self.package, is_judge, designs, atoms, since_ps)


def forecast_by(package: Package, is_judge: NDArray[np.bool_], panel: Panel) -> Forecast:
    """For a panel, by chosen members.

    Args:
        package: Whose members.
        is_judge: Whether each member counts for each row, shape ``(n_members, n_rows)``.
        panel: Who is asked.
    """
    since = [each.since_ps or 0.0 for each in panel.asked] if panel.is_past_quench else None
    designs = [each.record.design for each in panel.asked]
    return _forecast(package, is_judge, designs, panel.atoms, since)


@one_thread()
def _forecast(
    package: Package,
    is_judge: NDArray[np.bool_],
    designs: Sequence[EmbryoDesign],
    atoms: Sequence[Surroundings],
    since_ps: Sequence[float] | None,
) -> Forecast:
    """Mean survival over the judges of each row; no `since_ps` before the end of the quench."""
    manifest, members = package.manifest, package.members()
    scaling = manifest.domain.scaling
    features = torch.from_numpy(scaling.standardise(design_features(designs)))
    gates = torch.tensor([[manifest.gates.at(each.stage)] for each in atoms], dtype=torch.float64)
    graphs = [graph(*each, scaling) for each in zip(atoms, designs, strict=True)]
    outputs = []
    with torch.inference_mode():
        for member, rows in zip(members, is_judge, strict=True):
            result = member.design_outputs(features).clone()
            chosen = np.flatnonzero(rows)
            if gates.any() and len(chosen):
                moved = _structure(member, [graphs[row] for row in chosen])
                result[chosen] += gates[chosen] * moved
            outputs.append(result)
        stacked = torch.stack(outputs)
        if since_ps is not None:
            stacked[..., 0] = -torch.inf
        law = forecast(stacked, torch.stack([each.linear.shared for each in members])).law
    weights = torch.from_numpy(is_judge).double()
    start_ps = None if since_ps is None else torch.tensor(since_ps, dtype=torch.float64)

    def model(times_ps: Floats) -> Floats:
        each = survival(law, torch.from_numpy(times_ps), start_ps)
        return np.asarray((each * weights).sum(dim=0) / weights.sum(dim=0))

    return model


def _structure(member: EmbryoNet, graphs: Sequence[object]) -> Tensor:
    """Structure correction of each graph, shape ``(n_graphs, n_outputs)``."""
    return torch.cat(
        [
            member.structure(Batch.from_data_list(list(graphs[first : first + GRAPHS_AT_ONCE])))
            for first in range(0, len(graphs), GRAPHS_AT_ONCE)
        ]
    )
