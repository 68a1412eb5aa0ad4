"""What is asked of a structure file, before any of its atoms are."""

from typing import Self

from pydantic import Field

from serve.messages.structures import StructureFormat
from serve.uploads.limits import UploadError, UploadLimits, too_much
from simulate.design import EmbryoDesign
from simulate.neighbours import NEIGHBOUR_CUTOFF_in_a
from simulate.settings import Settings


class FileQuestion(Settings):
    """What is known of a file before it is read.

    Attributes:
        element: What all atoms must be; LAMMPS and HOOMD files often say types only.
        cutoff_A: Atoms nearer than this count as neighbours.
        is_periodic: Where the file cannot say it: LAMMPS data and GSD always hold a box.
        frames: Which, from 1; None: all.
    """

    format: StructureFormat
    element: str
    cutoff_A: float
    is_periodic: bool = True
    frames: tuple[int, ...] | None = None
    limits: UploadLimits = Field(default_factory=UploadLimits)

    @classmethod
    def of(cls, form: StructureFormat, design: EmbryoDesign) -> Self:
        """The question about a file of embryos of a design."""
        return cls(
            format=form,
            element=design.element,
            cutoff_A=NEIGHBOUR_CUTOFF_in_a * design.physics.bcc_lattice_constant_A,
            is_periodic=design.mass_exchange == "open",
        )

    def n_atoms_in(self, written: str, number: int) -> int:
        """Check a number of atoms as it is written in a header.

        Raises:
            UploadError: No number, none at all, or too many.
        """
        if not written.strip().isascii() or not written.strip().isdigit():
            raise UploadError(
                f"frame {number}: must begin with its number of atoms, but begins with "
                f"{written.strip()[:40]!r}. Is the format {self.format}?",
                written.strip()[:40],
            )
        digits = written.strip().lstrip("0")[:12] or "0"
        n_atoms, most = int(digits), self.limits.atoms
        if n_atoms > most:
            raise too_much(
                f"frame {number}: must hold at most {most} atoms, but its header says {n_atoms}. "
                "Send a smaller embryo.",
                n_atoms,
                most,
            )
        if n_atoms == 0:
            raise UploadError(f"frame {number}: must hold atoms, but its header says none.", 0)
        return n_atoms
