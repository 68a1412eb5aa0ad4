"""How far two labellers agree: atom by atom, and on whether a frame is ordered."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from simulate.labels import CRYSTALLINE
from simulate.neighbours import clusters, neighbours
from simulate.potentials.registry import Potential
from simulate.protocol import Labelling
from simulate.snapshot import Snapshot
from simulate.solid_bonds import DEFAULT_CRITERION, BondCriterion, Flags, solid_atoms


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two labellers' yes and no on the same things: a 2 x 2 table.

    >>> round(Agreement(both=40, only_first=10, only_second=5, neither=45).kappa, 2)
    0.7
    """

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def total(self) -> int:
        """How many things were judged."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: 1 for full agreement, 0 for what chance would give.

        None where both always say the same one thing: there is nothing to agree about.

        Reference:
            J. Cohen, Educ. Psychol. Meas. 20, 37 (1960), doi 10.1177/001316446002000104.
        """
        first, second = self.both + self.only_first, self.both + self.only_second
        expected = first * second + (self.total - first) * (self.total - second)
        if expected == self.total**2:
            return None
        return (self.total * (self.both + self.neither) - expected) / (self.total**2 - expected)

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            self.both + other.both,
            self.only_first + other.only_first,
            self.only_second + other.only_second,
            self.neither + other.neither,
        )


def agreement(first: Flags, second: Flags) -> Agreement:
    """The 2 x 2 table of two labellers' flags, atom by atom or frame by frame."""
    return Agreement(
        both=int((first & second).sum()),
        only_first=int((first & ~second).sum()),
        only_second=int((~first & second).sum()),
        neither=int((~first & ~second).sum()),
    )


@dataclass(frozen=True, slots=True)
class LabellerAgreement:
    """Template matching (first) against solid bonds (second) over some frames.

    Attributes:
        atoms: Atom by atom.
        core_atoms: Atom by atom, fully coordinated atoms only: templates cannot match a surface.
        frames: Frame by frame: is the largest cluster large enough to count as order?
    """

    atoms: Agreement
    core_atoms: Agreement
    frames: Agreement

    def __add__(self, other: "LabellerAgreement") -> "LabellerAgreement":
        return LabellerAgreement(
            self.atoms + other.atoms,
            self.core_atoms + other.core_atoms,
            self.frames + other.frames,
        )


def compare(
    snapshots: Iterable[Snapshot],
    potential: Potential,
    labelling: Labelling,
    criterion: BondCriterion = DEFAULT_CRITERION,
) -> LabellerAgreement:
    """How far the labels that are stored with frames agree with solid bonds.

    Args:
        snapshots: Frames; those without labels (a packing) are passed over.
        potential: Gives the length scale of neighbourhood.
        labelling: Says when a cluster of template matching counts as order.
        criterion: Thresholds of the bonds.
    """
    of_atoms = of_core = of_frames = Agreement(0, 0, 0, 0)
    for snapshot in snapshots:
        if snapshot.structure is None:
            continue
        crystalline: Flags = np.isin(snapshot.structure, CRYSTALLINE)
        bonds = solid_atoms(snapshot, potential, criterion)
        of_atoms += agreement(crystalline, bonds.is_solid)
        of_core += agreement(crystalline[bonds.is_core], bonds.is_solid[bonds.is_core])
        grouped = clusters(neighbours(snapshot, potential), crystalline)
        largest = len(grouped[0]) if grouped else 0
        of_frames += agreement(
            np.array([largest >= labelling.onset_cluster_atoms]),
            np.array([bonds.largest_cluster >= criterion.onset_cluster_atoms]),
        )
    return LabellerAgreement(of_atoms, of_core, of_frames)
