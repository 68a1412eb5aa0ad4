"""What a model and a bridge say of every embryo, tabulated once for the conditions observed.

A map moves embryos about; what becomes of an embryo of given size, density and exchange under given
conditions does not depend on the map. So thousands of maps can be weighed without asking the model
again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulate.design import EmbryoDesign
from surrogate.deposition.bridge import FastPredictor, TimeBridge
from surrogate.deposition.conditions import DepositionConditions
from surrogate.deposition.embryos import EmbryoDistribution, EmbryoShare
from surrogate.deposition.maps import EXCHANGES, exchange_shares
from surrogate.deposition.quadrature import Floats
from surrogate.deposition.sampled_space import SampledSpace

N_SIZE_NODES: Final = 14
N_DENSITY_NODES: Final = 24
LEAST_SHARE: Final = 1.0e-9


@dataclass(frozen=True, slots=True)
class GlassSurface:
    """Log-odds of still being disordered, on a grid of embryos.

    Between nodes they are bilinear in the logarithms of size and density; embryos beyond the grid,
    which is what was sampled, count as the nearest on it.

    Attributes:
        log_sizes: Log of atoms, shape ``(n_sizes,)``.
        log_densities: Log of g/cm³, shape ``(n_densities,)``.
        ways: Ways of exchange that were sampled, indices into `EXCHANGES`.
        log_odds: Shape ``(n_conditions, n_members, n_ways, n_sizes, n_densities)``.
    """

    log_sizes: Floats
    log_densities: Floats
    ways: tuple[int, ...]
    log_odds: Floats

    @classmethod
    def of(
        cls,
        predictor: FastPredictor,
        bridge: TimeBridge,
        conditions: Sequence[DepositionConditions],
        space: SampledSpace,
    ) -> "GlassSurface":
        """Ask the model about every node under every condition.

        Args:
            predictor: The model.
            bridge: From nanoseconds to minutes.
            conditions: On flat collectors of one temperature.
            space: What the model was trained on.
        """
        sizes = np.unique(np.rint(np.geomspace(*space.ends("n_atoms"), N_SIZE_NODES)).astype(int))
        loosest, densest = space.ends("packing_density_g_cm3")
        n_densities = N_DENSITY_NODES if loosest < densest else 1
        densities = np.geomspace(loosest, densest, n_densities)
        ways = [
            number
            for number, way in enumerate(EXCHANGES)
            if not space.exchanges or way in space.exchanges
        ]
        like = EmbryoDesign(
            potential=space.potential,
            n_atoms=int(sizes[0]),
            packing_density_g_cm3=float(densities[0]),
            mass_exchange="open",
            energy_exchange="open",
            hold_temperature_K=space.clip("hold_temperature_K", conditions[0].temperature_K),
        )
        # Within what was sampled there is nothing that `EmbryoDesign` would have to check again.
        designs = [
            like.model_copy(
                update={
                    "n_atoms": size,
                    "packing_density_g_cm3": density,
                    "mass_exchange": EXCHANGES[way][0],
                    "energy_exchange": EXCHANGES[way][1],
                }
            )
            for way in ways
            for size in sizes.tolist()
            for density in densities.tolist()
        ]
        nodes = EmbryoDistribution(
            embryos=tuple(
                EmbryoShare.model_construct(design=design, weight=1.0 / len(designs))
                for design in designs
            ),
            clipped_share=0.0,
        )
        shape = (-1, len(ways), len(sizes), len(densities))
        tables = []
        for bridged in bridge.bridged(predictor, [(item, nodes) for item in conditions]):
            share = np.clip(bridged.glassy, LEAST_SHARE, 1.0 - LEAST_SHARE)
            tables.append((np.log(share) - np.log1p(-share)).reshape(shape))
        return cls(np.log(sizes), np.log(densities), tuple(ways), np.stack(tables))

    @property
    def n_members(self) -> int:
        """Of the model's ensemble."""
        return int(self.log_odds.shape[1])

    def glassy(
        self, condition: int, member: int, sizes: Floats, densities: Floats, openness: Floats
    ) -> Floats:
        """P(still disordered) of embryos, mean over their ways of exchange.

        Args:
            condition: Which of the conditions.
            member: Which of the ensemble is asked.
            sizes: Atoms, shape ``(n, n_sizes)``.
            densities: g/cm³, shape ``(n,)``.
            openness: Of exchange, shape ``(n,)``.

        Returns:
            Shape ``(n, n_sizes)``.
        """
        row, next_row, to_row = _between(self.log_sizes, np.log(sizes))
        column, next_column, to_column = (
            each[:, None] for each in _between(self.log_densities, np.log(densities))
        )
        shares = exchange_shares(openness)[list(self.ways)]
        total = shares.sum(axis=0)
        shares = np.where(total > 0.0, shares / np.maximum(total, LEAST_SHARE), 1.0 / len(shares))
        found = np.zeros(sizes.shape)
        for way in range(len(self.ways)):
            table = self.log_odds[condition, member, way]
            log_odds = (1.0 - to_row) * (
                (1.0 - to_column) * table[row, column] + to_column * table[row, next_column]
            ) + to_row * (
                (1.0 - to_column) * table[next_row, column]
                + to_column * table[next_row, next_column]
            )
            found += shares[way][:, None] / (1.0 + np.exp(-log_odds))
        return found


def _between(nodes: Floats, values: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Nodes below and above each value, and how far it is between; the ends beyond the ends.

    A single node, of a model that saw one size or one density, is below and above everything.
    """
    inside = np.clip(values, nodes[0], nodes[-1])
    above = np.clip(
        np.searchsorted(nodes, inside, side="right"), min(1, len(nodes) - 1), len(nodes) - 1
    )
    below = np.maximum(above - 1, 0)
    step = nodes[above] - nodes[below]
    return below, above, (inside - nodes[below]) / np.where(step > 0.0, step, 1.0)
