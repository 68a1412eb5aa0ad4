"""Does a model forecast better than baselines, at every moment it may be asked?

    python -m benchmarks.landmarks STORE [--model PACKAGE] [--out FILE.md] [--json]

STORE must be what the package was trained on: its members judge designs that they never saw, and
every baseline is fitted to the same parts of the data. Needs the `dev` extra (scikit-survival).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Batch

from benchmarks.landmarks_report import MODEL, Compared, report
from benchmarks.page import parser, publish
from serve.models import model_path
from simulate.errors import GlassyLiError, MisuseError
from simulate.incubation import Incubation
from simulate.landmarks import LANDMARKS
from simulate.store import RecordStore, open_store
from surrogate.descriptors import descriptors
from surrogate.features import design_features
from surrogate.graph import graph
from surrogate.network import forecast
from surrogate.package import Package, read_package
from surrogate.surroundings import Surroundings, surroundings
from surrogate.survival import survival
from surrogate.threads import one_thread
from train.baselines import Asked, Choice, Survival, boosting, cox, kaplan_meier, law, nucleation
from train.config import TrainingConfig
from train.landmark import BEFORE_THE_HOLD, AtRisk, at_risk
from train.member import fold_of, left_out
from train.metrics import Floats
from train.records import independent
from train.scores import Forecast, Scores, scores
from train.split import outcome_ranks

STUDY: Final = "LANDMARKS.md"
LEAST_AT_RISK: Final = 20
GRAPHS_AT_ONCE: Final = 16


@dataclass(frozen=True)
class Panel:
    """Those asked at one landmark, with the atoms they had there.

    Attributes:
        fold: Part of the data of each, left out by its judges, shape ``(n_rows,)``.
        left_out: Part that each member left out, shape ``(n_members,)``.
    """

    landmark: str
    asked: list[AtRisk]
    atoms: list[Surroundings]
    fold: NDArray[np.int64]
    left_out: NDArray[np.int64]

    @property
    def incubations(self) -> list[Incubation]:
        """From the landmark on."""
        return [each.incubation for each in self.asked]

    @property
    def keys(self) -> list[str]:
        """Design of each."""
        return [each.record.design.key for each in self.asked]

    @cached_property
    def design(self) -> Asked:
        """By the features of their designs."""
        return self._by(design_features([each.record.design for each in self.asked]))

    @cached_property
    def structure(self) -> Asked:
        """By their designs and the descriptors of their atoms."""
        seen = np.array([descriptors(each) for each in self.atoms])
        return self._by(np.column_stack([self.design.features, seen]))

    def _by(self, features: Floats) -> Asked:
        return Asked(
            features,
            self.incubations,
            self.keys,
            self.asked[0].record.protocol.hold_ps,
            is_past_quench=self.landmark not in BEFORE_THE_HOLD,
        )


BASELINES: Final[dict[str, Callable[[Panel, Choice], Survival]]] = {
    "nucleation": lambda panel, chosen: nucleation(panel.design, chosen),
    "design law": lambda panel, chosen: law(panel.design, chosen),
    "boosting, design": lambda panel, chosen: boosting(panel.design, chosen),
    "Cox, design and structure": lambda panel, chosen: cox(panel.structure, chosen),
    "law, design and structure": lambda panel, chosen: law(panel.structure, chosen),
}


def panels(store: RecordStore, package: Package) -> list[Panel]:
    """Everybody who can be asked, at every landmark.

    Raises:
        MisuseError: The package was trained on other records.
    """
    config = TrainingConfig.model_validate(package.manifest.training_config)
    records = [record for record in independent(store) if record.witnessed is not None]
    keys = [record.design.key for record in records]
    if sorted(set(keys)) != sorted(design.key for design in package.manifest.domain.designs):
        raise MisuseError(
            f"the store must hold the designs that {package.label} was trained on, and no others: "
            f"{store.path} does not. Name its own store, or train on this one."
        )
    ranks = outcome_ranks([record.witnessed for record in records if record.witnessed is not None])
    fold = fold_of(keys, ranks, config)
    members = np.array([left_out(number, fold) for number in range(config.n_members)])
    found = []
    for landmark in LANDMARKS:
        asked = [a for a in at_risk(records, landmark) if a.frame_number in a.record.frame_numbers]
        if len(asked) >= LEAST_AT_RISK:
            atoms = [
                surroundings(store.frames(a.record, [a.frame_number])[0], a.record.design)
                for a in asked
            ]
            parts = np.array([fold[a.record.design.key] for a in asked])
            found.append(Panel(landmark, asked, atoms, parts, members))
    return found


@one_thread()
def model_forecast(panel: Panel, package: Package) -> Forecast:
    """Of the model's members that never saw a row's design, mean over them."""
    members, gates = package.members(), package.manifest.gates
    is_past = panel.landmark not in BEFORE_THE_HOLD
    gate = gates.waiting if is_past else gates.packed
    scaling = package.manifest.domain.scaling
    designs = [each.record.design for each in panel.asked]
    features = torch.from_numpy(scaling.standardise(design_features(designs)))
    graphs = [graph(*each, scaling) for each in zip(panel.atoms, designs, strict=True)]
    batches = [
        Batch.from_data_list(graphs[first : first + GRAPHS_AT_ONCE])
        for first in range(0, len(graphs), GRAPHS_AT_ONCE)
    ]
    with torch.no_grad():
        outputs = torch.stack(
            [
                member.design_outputs(features)
                + gate * torch.cat([member.structure(each) for each in batches])
                for member in members
            ]
        )
    if is_past:
        outputs[..., 0] = -torch.inf
    judged = forecast(outputs, torch.stack([each.linear.shared for each in members])).law
    is_judge = torch.from_numpy(panel.left_out[:, None] == panel.fold).double()
    since_ps = torch.tensor([each.since_ps or 0.0 for each in panel.asked], dtype=torch.float64)

    def model(times_ps: Floats) -> Floats:
        each = survival(judged, torch.from_numpy(times_ps), since_ps if is_past else None)
        return np.asarray((each * is_judge).sum(dim=0) / is_judge.sum(dim=0))

    return model


def compared(panel: Panel, package: Package) -> Compared:
    """The model and every baseline on one panel."""
    chosen = np.arange(int(panel.left_out.max()) + 1)[:, None] != panel.fold
    row = np.arange(len(panel.asked))

    def of(found: Survival) -> Forecast:
        return lambda times_ps: found(panel.fold, row, times_ps)

    reference = of(kaplan_meier(panel.design, chosen))
    model = model_forecast(panel, package)
    baselines = {name: of(make(panel, chosen)) for name, make in BASELINES.items()}

    def judged(each: Forecast, beside: Forecast) -> Scores:
        return scores(each, beside, panel.incubations, panel.keys)

    return Compared(
        landmark=panel.landmark,
        n_ordered=sum(each.is_observed for each in panel.incubations),
        over_kaplan_meier={
            name: judged(each, reference) for name, each in ({MODEL: model} | baselines).items()
        },
        model_over={name: judged(model, each) for name, each in baselines.items()},
    )


def as_json(found: Sequence[Compared]) -> list[dict[str, Any]]:
    """The numbers."""
    return [
        {
            "landmark": each.landmark,
            "n_ordered": each.n_ordered,
            "over_kaplan_meier": {
                name: one.model_dump(mode="json") for name, one in each.over_kaplan_meier.items()
            },
            "model_over": {
                name: one.model_dump(mode="json") for name, one in each.model_over.items()
            },
        }
        for each in found
    ]


def main() -> None:
    asked = parser(__doc__, "the record store that the package learnt from", STUDY)
    asked.add_argument("--model", type=Path, help="model package; default: the one that ships")
    options = asked.parse_args()
    try:
        package = read_package(model_path(options.model))
        found = [compared(each, package) for each in panels(open_store(options.store), package)]
    except GlassyLiError as error:
        raise SystemExit(str(error)) from error
    publish(options, STUDY, report(found, package.label), as_json(found))


if __name__ == "__main__":
    main()
