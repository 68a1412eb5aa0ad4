"""From an embryo to the parameters of its law: a straight line, and two corrections to it.

1. `LinearPath`: every parameter is linear in the design features, as in an accelerated-failure-time
   model. Twenty trajectories can carry this.
2. `DesignCorrection`: a small network of the same features. Lines and curve are the fast path.
3. `StructureCorrection`: a line in the descriptors of the whole structure, and message passing over
   the atoms. Together they are the full road. `AtomLabels` says on the way which atoms are
   crystalline, if it was taught so.

Corrections start at zero and are held there by a penalty on what they add: little data leaves
the line, much data bends it. Lines and curve compute in float64, the graph in float32.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import silu
from torch_geometric.data import Data
from torch_geometric.nn import MessagePassing
from torch_geometric.utils import scatter, softmax

from surrogate.descriptors import DESCRIPTOR_NAMES
from surrogate.features import FEATURE_NAMES
from surrogate.graph import N_ATOM_INPUTS, N_CLOCK, N_EDGE_INPUTS
from surrogate.surroundings import BCC_NEIGHBOURS, STAGES
from surrogate.survival import HazardPower, IncubationLaw, log_sigmoid

OUTPUTS: Final = (
    "quench_logit",
    "cure_logit",
    "log_scale",
    "log_shape",
    "fraction_ordered_logit",
    "fraction_disordered_logit",
)
"""What varies from design to design; the last two are means of the crystalline fraction."""

GLOBALS: Final = ("log_spread_ordered", "log_spread_disordered", "log_frailty")
"""What all designs share: spreads of the crystalline fraction, frailty of the law."""

MEMORY_PS: Final = 50.0
"""What is particular to a structure at the end of the quench is forgotten in some such time."""

MOST_SPREADS: Final = 3.0
"""Descriptors farther than this from their mean in training count as this far."""

N_FEATURES: Final = len(FEATURE_NAMES)
"""Of data of one potential; every further one adds a column (see `surrogate.features`)."""

N_OUTPUTS: Final = len(OUTPUTS)
N_LAW: Final = 4
"""So many of the outputs, the first, are parameters of the law of incubation times."""


class LinearPath(nn.Module):
    """Outputs linear in the standardised design features; the shared parameters beside them.

    Attributes:
        weight: Shape ``(n_outputs, n_features)``.
        bias: Outputs at the centre of the training designs, shape ``(n_outputs,)``.
        shared: `GLOBALS`, shape ``(n_globals,)``.
    """

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(N_OUTPUTS, n_features, dtype=torch.float64))
        self.bias = nn.Parameter(torch.zeros(N_OUTPUTS, dtype=torch.float64))
        self.shared = nn.Parameter(torch.zeros(len(GLOBALS), dtype=torch.float64))

    def forward(self, features: Tensor) -> Tensor:
        """Outputs, shape ``(n_designs, n_outputs)``."""
        return rowwise_affine(features, self.weight, self.bias)


class DesignCorrection(nn.Module):
    """A small network of the design features, zero at the start."""

    def __init__(self, width: int, n_features: int) -> None:
        super().__init__()
        self.inner = nn.Linear(n_features, width, dtype=torch.float64)
        self.outer = nn.Linear(width, N_OUTPUTS, dtype=torch.float64)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, features: Tensor) -> Tensor:
        """What is added to the outputs, shape ``(n_designs, n_outputs)``."""
        hidden = torch.tanh(rowwise_affine(features, self.inner.weight, self.inner.bias))
        return rowwise_affine(hidden, self.outer.weight, self.outer.bias)


def rowwise_affine(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``rows @ weight.T + bias``, whose rows do not depend on which others share the batch.

    A matrix product may round a row differently in a larger batch; a sum in fixed order does not,
    so that the same question gets the same answer to the last bit.
    """
    result = bias.expand(len(rows), -1)
    for column in range(rows.shape[1]):
        result = result + rows[:, column : column + 1] * weight[:, column]
    return result


class ModulatedMessages(MessagePassing):  # type: ignore[misc]  # the base class is untyped
    """One round: each atom hears its neighbours, filtered by distance and likeness.

    The whole (design, stage, clock) scales and shifts what is heard: feature-wise linear modulation
    (Perez et al. 2018, doi 10.1609/aaai.v32i1.11671).
    """

    def __init__(self, width: int, n_context: int) -> None:
        super().__init__(aggr="add")
        self.filter = nn.Linear(N_EDGE_INPUTS, width)
        self.heard = nn.Linear(width, width)
        self.modulation = nn.Linear(n_context, 2 * width)

    def forward(
        self, atoms: Tensor, edge_index: Tensor, edge_attr: Tensor, context: Tensor
    ) -> Tensor:
        """Updated atoms, shape ``(n_atoms, width)``; `context` has a row for each atom."""
        heard = self.propagate(edge_index, x=atoms, edge_filter=self.filter(edge_attr))
        scale, shift = self.modulation(context).chunk(2, dim=1)
        result: Tensor = atoms + silu((1.0 + scale) * self.heard(heard / BCC_NEIGHBOURS) + shift)
        return result

    def message(self, x_j: Tensor, edge_filter: Tensor) -> Tensor:
        """What a neighbour says, shape ``(n_edges, width)``."""
        return x_j * edge_filter


class DescriptorLine(nn.Module):
    """A line in the descriptors of a structure, one for each stage.

    What a structure that waits tells of its end fades: its descriptors count twice, once by
    ``exp(-t / MEMORY_PS)`` and once always.

    Attributes:
        weight: Shape ``(n_outputs, n_inputs)``.
        mean, spread: Of the descriptors in training, shape ``(n_stages, n_descriptors)``.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        shape = len(STAGES), len(DESCRIPTOR_NAMES)
        n_inputs = (len(STAGES) + 1) * (len(DESCRIPTOR_NAMES) + 1)
        self.weight = nn.Parameter(torch.zeros(N_OUTPUTS, n_inputs, dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("spread", torch.ones(shape, dtype=torch.float64))

    def inputs(self, batch: Data) -> Tensor:
        """One and the standardised descriptors, for each stage and for the fading part.

        Shape ``(n_graphs, n_inputs)``; what belongs to other stages is 0.
        """
        stage = batch.stage
        known = (batch.summary - stage @ self.mean) / (stage @ self.spread)
        known = known.clamp(-MOST_SPREADS, MOST_SPREADS)
        known = torch.cat([torch.ones_like(known[:, :1]), known], dim=1)
        fading = stage[:, -1:] * torch.exp(-batch.since_ps / MEMORY_PS)[:, None]
        counts = torch.cat([stage, fading], dim=1)
        return (counts[:, :, None] * known[:, None, :]).flatten(1)

    def forward(self, batch: Data) -> Tensor:
        """What is added to the outputs of each graph, shape ``(n_graphs, n_outputs)``."""
        return rowwise_affine(self.inputs(batch), self.weight, self.weight.new_zeros(N_OUTPUTS))


class AtomLabels(nn.Module):
    """Which atoms are crystalline: a line in their own inputs, and what the messages add to it.

    The line is fitted before the messages and stays. They begin at zero and draw no random number,
    so that all else begins alike with them and without.

    Attributes:
        heard: Shape ``(width,)``.
        slope: Of the line, shape ``(n_atom_inputs,)``.
        level: Its log-odds where all inputs are 0, a scalar.
    """

    slope: Tensor
    level: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heard = nn.Parameter(torch.zeros(width))
        self.register_buffer("slope", torch.zeros(N_ATOM_INPUTS))
        self.register_buffer("level", torch.zeros(()))

    def forward(self, inputs: Tensor, atoms: Tensor) -> Tensor:
        """Log-odds of each atom, shape ``(n_atoms,)``.

        Args:
            inputs: ``x`` of `surrogate.graph`, shape ``(n_atoms, n_atom_inputs)``.
            atoms: What the messages made of them, shape ``(n_atoms, width)``.
        """
        return inputs @ self.slope + self.level + atoms @ self.heard


class Heard(NamedTuple):
    """What comes of message passing.

    Attributes:
        moved: What is added to the outputs of each graph, float64, ``(n_graphs, n_outputs)``.
        log_odds: Of each atom being crystalline, float32, ``(n_atoms,)``; None if never taught.
    """

    moved: Tensor
    log_odds: Tensor | None


class AtomCorrection(nn.Module):
    """Message passing over the atoms, pooled by attention and by mean; zero at the start.

    Attributes:
        labels: Says which atoms are crystalline; None: it was not taught.
    """

    def __init__(
        self, width: int, n_rounds: int, n_context: int, *, has_labels: bool = False
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(N_ATOM_INPUTS, width)
        self.rounds = nn.ModuleList(ModulatedMessages(width, n_context) for _ in range(n_rounds))
        self.attention = nn.Linear(width, 1)
        self.inner = nn.Linear(2 * width + n_context, width)
        self.outer = nn.Linear(width, N_OUTPUTS)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)
        self.labels = AtomLabels(width) if has_labels else None

    def forward(self, batch: Data) -> Heard:
        """What the atoms of some graphs say together, and each of its own."""
        owner, n_graphs = batch.batch, len(batch.context)
        atoms = silu(self.embed(batch.x))
        for listen in self.rounds:
            atoms = listen(atoms, batch.edge_index, batch.edge_attr, batch.context[owner])
        attention = softmax(self.attention(atoms), owner, num_nodes=n_graphs)
        pooled = [
            scatter(attention * atoms, owner, dim_size=n_graphs, reduce="sum"),
            scatter(atoms, owner, dim_size=n_graphs, reduce="mean"),
        ]
        hidden = silu(self.inner(torch.cat([*pooled, batch.context], dim=1)))
        log_odds = None if self.labels is None else self.labels(batch.x, atoms)
        return Heard(self.outer(hidden).double(), log_odds)


class StructureCorrection(nn.Module):
    """What the atoms add to the design: the line in their descriptors, and the graph upon it."""

    def __init__(
        self, width: int, n_rounds: int, n_context: int, *, has_labels: bool = False
    ) -> None:
        super().__init__()
        self.line = DescriptorLine()
        self.atoms = AtomCorrection(width, n_rounds, n_context, has_labels=has_labels)

    def forward(self, batch: Data) -> Tensor:
        """What is added to the outputs of each graph, float64, shape ``(n_graphs, n_outputs)``."""
        result: Tensor = self.line(batch) + self.atoms(batch).moved
        return result


class EmbryoNet(nn.Module):
    """One member of the ensemble: the line and its two corrections."""

    def __init__(
        self,
        design_width: int,
        graph_width: int,
        n_rounds: int,
        n_features: int = N_FEATURES,
        *,
        has_labels: bool = False,
    ) -> None:
        super().__init__()
        self.linear = LinearPath(n_features)
        self.design = DesignCorrection(design_width, n_features)
        n_context = n_features + N_CLOCK
        self.structure = StructureCorrection(
            graph_width, n_rounds, n_context, has_labels=has_labels
        )

    def design_outputs(self, features: Tensor) -> Tensor:
        """The fast path.

        Args:
            features: Standardised design features, float64, shape ``(n_designs, n_features)``.

        Returns:
            `OUTPUTS` of each design, shape ``(n_designs, n_outputs)``.
        """
        result: Tensor = self.linear(features) + self.design(features)
        return result


@dataclass(frozen=True, slots=True)
class EmbryoForecast:
    """Outputs as physics; tensors of shape ``(n,)`` or ``(n_members, n)``.

    Attributes:
        law: Of incubation times.
        fraction_ordered: Mean crystalline fraction of those that order; likewise `disordered`.
        spread_ordered: Standard deviation of it over embryos; likewise `disordered`.
    """

    law: IncubationLaw
    fraction_ordered: Tensor
    fraction_disordered: Tensor
    spread_ordered: Tensor
    spread_disordered: Tensor


def forecast(
    outputs: Tensor, shared: Tensor, calibration: HazardPower | None = None
) -> EmbryoForecast:
    """Read `OUTPUTS`, shape ``(..., n, n_outputs)``, and `GLOBALS`, shape ``(..., n_globals)``.

    Args:
        outputs: Of one or several members.
        shared: Likewise.
        calibration: Of each row, shape ``(n,)``.
    """
    quench, cure, log_scale, log_shape, ordered_logit, disordered_logit = outputs.unbind(-1)
    log_ordered, log_disordered, log_frailty = (
        each[..., None].expand_as(quench) for each in shared.unbind(-1)
    )
    return EmbryoForecast(
        law=IncubationLaw(quench, cure, log_scale, log_shape, log_frailty, calibration),
        fraction_ordered=log_sigmoid(ordered_logit).exp(),
        fraction_disordered=log_sigmoid(disordered_logit).exp(),
        spread_ordered=log_ordered.exp(),
        spread_disordered=log_disordered.exp(),
    )
