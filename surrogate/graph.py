"""An embryo as a graph: atoms, who is next to whom, and what is known of the whole.

Every tensor that enters the network or teaches it is named here, once:

=================  ====================  =======  ===============================================
name               shape                 type     meaning
=================  ====================  =======  ===============================================
``x``              (n_atoms, 7)          float32  q4, q6, averaged q4, averaged q6, summed likeness
                                                  / 14, neighbours / 14, their mean distance over
                                                  the cut-off
``edge_index``     (2, n_edges)          int64    neighbour, centre: messages flow to the second
``edge_attr``      (n_edges, 9)          float32  8 radial functions of distance / cut-off, likeness
``context``        (1, n_features + 2)   float32  standardised design features; 1 if the quench has
                                                  passed; log(1 + hold clock / 10 ps) / 5
``summary``        (1, n_descriptors)    float64  `surrogate.descriptors` of the whole structure
``stage``          (1, 3)                float64  1 at the stage: packed, heated, waiting; else 0
``since_ps``       (1,)                  float64  hold clock, ps; 0 before the hold
``labels``         (n_atoms,)            int8     1 where template matching saw bcc, fcc or hcp, 0
                                                  where not, -1 where nobody looked; a target, never
                                                  an input
=================  ====================  =======  ===============================================

All but the clock are dimensionless, and none changes when atoms are turned, moved or renamed.
"""

from typing import Final

import numpy as np
import torch
from torch_geometric.data import Data

from simulate.design import EmbryoDesign
from surrogate.descriptors import descriptors
from surrogate.features import FEATURE_NAMES, FeatureScaling
from surrogate.surroundings import STAGES, Surroundings

N_RADIAL: Final = 8
N_ATOM_INPUTS: Final = 7
N_EDGE_INPUTS: Final = N_RADIAL + 1
N_CLOCK: Final = 2
N_CONTEXT: Final = len(FEATURE_NAMES) + N_CLOCK
"""Of data of one potential; every further one adds a column."""

CLOCK_UNIT_PS: Final = 10.0


def graph(seen: Surroundings, design: EmbryoDesign, scaling: FeatureScaling) -> Data:
    """The tensors of one embryo; see the module for names, shapes and units."""
    standardised = scaling.places([design])[0]
    clock = np.log1p(seen.time_ps / CLOCK_UNIT_PS) / 5.0
    context = np.append(standardised, [float(seen.is_past_quench), clock])
    distances = torch.from_numpy(seen.distances)
    likeness = torch.from_numpy(seen.likeness)[:, None]
    return Data(
        x=torch.from_numpy(seen.atoms),
        edge_index=torch.from_numpy(seen.edge_index),
        edge_attr=torch.cat([_radial(distances), likeness], dim=1),
        context=torch.tensor(context[None, :], dtype=torch.float32),
        summary=torch.from_numpy(descriptors(seen))[None, :],
        stage=torch.tensor([[seen.stage == each for each in STAGES]], dtype=torch.float64),
        since_ps=torch.tensor([seen.time_ps], dtype=torch.float64),
        labels=torch.from_numpy(seen.labels),
        num_nodes=len(seen.atoms),
    )


def _radial(distances: torch.Tensor) -> torch.Tensor:
    """Gaussians over (0, 1], each faded out smoothly at the cut-off; shape ``(n_edges, 8)``."""
    centres = torch.linspace(0.3, 1.0, N_RADIAL)
    width = float(centres[1] - centres[0])
    fade = 0.5 * (torch.cos(torch.pi * distances.clamp(max=1.0)) + 1.0)
    return torch.exp(-(((distances[:, None] - centres) / width) ** 2)) * fade[:, None]
