"""Fitting the message passing over the atoms, on top of everything else.

Some of the member's own designs only watch: the weights under which their times were likeliest are
kept, and it ends once they have not gained for a while. Beside the times it learns which atoms are
crystalline, of the frames that are labelled. A fit can be stopped at any batch and goes
on from its checkpoint as if nothing had happened. A team of workers shares out the frames of each
batch and ends where one alone would, up to rounding.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from surrogate.network import EmbryoNet
from train.checkpoint import State
from train.config import TrainingConfig
from train.course import Course, Epoch
from train.dataset import TrainingSet
from train.loss import incubation_loss, label_loss

GRADIENT_NORM: Final = 10.0


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames as graphs; each counts once, since a weight by their number would know the end.

    Attributes:
        is_own: Records that may be seen, shape ``(n_records,)``.
        is_watching: Records that only tell when to stop, shape ``(n_records,)``; None: none.
    """

    data: TrainingSet
    graphs: Sequence[Data]
    is_own: Tensor
    is_watching: Tensor | None = None

    @property
    def fitted_and_watching(self) -> tuple[list[int], list[int]]:
        """Frames that are fitted to, and those that only tell when to stop."""
        is_own = self.is_own
        watches = torch.zeros_like(is_own) if self.is_watching is None else self.is_watching
        fitted, watching = (
            torch.nonzero(each[self.data.owner]).flatten().tolist()
            for each in (is_own & ~watches, is_own & watches)
        )
        return fitted, watching


@dataclass
class Standing:
    """Where a fit stands.

    Attributes:
        epoch: Passes done.
        n_batches: Batches done of the next pass, with the sum of their losses.
        best_epoch: After which those that watch were likeliest, with their loss then; 0: without
            the graph.
    """

    epoch: int = 0
    n_batches: int = 0
    loss_sum: float = 0.0
    best_epoch: int = 0
    best_loss: float = math.inf


def fit_atoms(network: EmbryoNet, frames: Frames, config: TrainingConfig, course: Course) -> None:
    """The graph on top of everything else; arguments as for `train.structure_fit.fit_structure`."""
    fit = _AtomFit(network, frames, config, course)
    fit.go_on()
    fit.run()
    network.structure.atoms = fit.atoms.cpu()


class _AtomFit:
    """The graph of one member under way."""

    def __init__(
        self, network: EmbryoNet, frames: Frames, config: TrainingConfig, course: Course
    ) -> None:
        self._frames, self._config, self._course = frames, config, course
        self._fitted, self._watching = frames.fitted_and_watching
        with torch.no_grad():
            base = network.design_outputs(frames.data.features)[frames.data.owner]
            self._base = base + torch.cat([network.structure.line(each) for each in frames.graphs])
            self._outer = network.linear.shared.clone()
        self._seed = int(torch.randint(2**31, ()))
        self.atoms = network.structure.atoms.to(course.device)
        self._moved = course.team.shared(self.atoms)
        self._optimiser = torch.optim.AdamW(
            self.atoms.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self._standing = Standing()
        self._best = copy.deepcopy(self.atoms.state_dict())

    def run(self) -> None:
        """Every pass that is left; then the best weights."""
        if self._watching and math.isinf(self._standing.best_loss):
            self._standing.best_loss = self._validation_loss()
        while not self._is_over:
            self._pass()
        if self._watching:
            self.atoms.load_state_dict(self._best)

    @property
    def _is_over(self) -> bool:
        now = self._standing
        is_patient = not self._watching or now.epoch - now.best_epoch < self._config.patience
        return now.epoch >= self._config.epochs or not is_patient

    def _pass(self) -> None:
        """Once over all frames, in an order that the number of the pass decides."""
        now = self._standing
        shuffled = np.random.default_rng([self._seed, now.epoch]).permutation(self._fitted)
        every = list(batches(shuffled.tolist(), self._frames.graphs, self._most_atoms))
        mean_size = len(self._fitted) / len(every)
        for batch in every[now.n_batches :]:
            now.loss_sum += self._step(batch, mean_size)
            now.n_batches += 1
            self._save()
        loss = now.loss_sum / len(self._fitted)
        now.epoch, now.n_batches, now.loss_sum = now.epoch + 1, 0, 0.0
        validation_loss = self._validation_loss() if self._watching else None
        if validation_loss is not None and validation_loss < now.best_loss:
            now.best_epoch, now.best_loss = now.epoch, validation_loss
            self._best = copy.deepcopy(self.atoms.state_dict())
        self._save()
        self._course.tell(Epoch(now.epoch, loss, validation_loss, self._config.learning_rate))

    def _step(self, batch: Sequence[int], mean_size: float) -> float:
        """One step down the loss of a batch; returns its sum over the frames.

        Args:
            batch: Numbers of its frames.
            mean_size: Mean number of frames over the batches of a pass.
        """
        team = self._course.team
        mine = team.part(batch)
        # Whoever gets no frame looks at one that counts nothing: the gradients of all are awaited.
        chosen = torch.tensor(mine or batch[:1])
        counts = torch.full((len(chosen),), float(bool(mine)), dtype=torch.float64)
        graphs = self._batch(chosen.tolist())
        heard = self._moved(graphs)
        moved = heard.moved.cpu()
        # The crystalline fraction says how order ends, not when: only the design's line reads it.
        loss = incubation_loss(
            self._base[chosen] + moved, self._outer, self._frames.data.frame_targets.rows(chosen)
        )
        loss = loss + 0.5 * (moved / self._config.correction_spread).square().sum(dim=1)
        if heard.log_odds is not None:
            loss = loss + self._config.label_weight * label_loss(heard.log_odds, graphs).cpu()
        total = (counts * loss).sum()
        self._optimiser.zero_grad()
        # The team takes the mean of its gradients, the loss is the sum of its parts. A batch of few
        # large embryos must not count like one of many small ones.
        (team.size * total / mean_size).backward()
        nn.utils.clip_grad_norm_(self.atoms.parameters(), GRADIENT_NORM)
        self._optimiser.step()
        return float(team.sums(total.detach()[None]))

    def _validation_loss(self) -> float:
        """Mean over the frames of those that watch, of their incubation times, nats."""
        team, targets = self._course.team, self._frames.data.frame_targets
        total = torch.zeros(1, dtype=torch.float64)
        with torch.no_grad():
            for batch in batches(team.part(self._watching), self._frames.graphs, self._most_atoms):
                moved = self.atoms(self._batch(batch)).moved.cpu()
                loss = incubation_loss(
                    self._base[batch] + moved, self._outer, targets.rows(torch.tensor(batch))
                )
                total += loss.sum()
        return float(team.sums(total)) / len(self._watching)

    def _batch(self, chosen: Sequence[int]) -> Batch:
        graphs = [self._frames.graphs[each] for each in chosen]
        return Batch.from_data_list(graphs).to(self._course.device)

    @property
    def _most_atoms(self) -> int:
        return self._config.max_atoms_per_batch

    def _save(self) -> None:
        """Leave what a killed fit goes on from; the first of a team writes."""
        if self._course.checkpoint is not None and self._course.team.rank == 0:
            self._course.checkpoint.save(self._state)

    def _state(self) -> State:
        return {
            "standing": asdict(self._standing),
            "atoms": self.atoms.state_dict(),
            "best": self._best,
            "optimiser": self._optimiser.state_dict(),
            "random": torch.get_rng_state(),
        }

    def go_on(self) -> None:
        """From what a killed fit left, if it left anything."""
        if self._course.checkpoint is None:
            return
        found = self._course.team.agreed(self._course.checkpoint.latest())
        if found is None:
            return
        self._standing = Standing(**found["standing"])
        self.atoms.load_state_dict(found["atoms"])
        self._best = found["best"]
        self._optimiser.load_state_dict(found["optimiser"])
        torch.set_rng_state(found["random"])


def batches(order: Sequence[int], graphs: Sequence[Data], most_atoms: int) -> Iterator[list[int]]:
    """Frames in order, so many that their atoms stay within the limit; at least one."""
    batch: list[int] = []
    n_atoms = 0
    for index in order:
        size = int(graphs[index].num_nodes)
        if batch and n_atoms + size > most_atoms:
            yield batch
            batch, n_atoms = [], 0
        batch.append(index)
        n_atoms += size
    if batch:
        yield batch
