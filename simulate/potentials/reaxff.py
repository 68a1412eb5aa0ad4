"""Lithium by ReaxFF, the family of potentials that Wang, Pawar et al. used.

Neutral atoms: in the pure metal no charge is exchanged, and so none is equilibrated.

Reference:
    M. M. Islam et al., Phys. Chem. Chem. Phys. 17, 3383 (2015), doi 10.1039/C4CP04532G.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from simulate.files import write_atomically
from simulate.settings import Settings


class Coefficients(Settings):
    """The published numbers: energies in kcal/mol, lengths in Å, in the order LAMMPS reads them.

    Attributes:
        general: The 39 parameters that all atoms share.
        atom: Of lithium, four rows of eight.
        bond: Of two lithium atoms, two rows of eight.
    """

    general: list[float] = Field(min_length=39, max_length=39)
    atom: list[list[float]] = Field(min_length=4, max_length=4)
    bond: list[list[float]] = Field(min_length=2, max_length=2)


def force_field(title: str, element: str, c: Coefficients) -> str:
    """The numbers as LAMMPS reads them: no angles, torsions or hydrogen bonds."""
    return "\n".join(
        [
            title,
            "39 ! general parameters",
            *(f"{value:.4f} ! {number}" for number, value in enumerate(c.general, 1)),
            "1 ! atoms",
            *["! four rows of eight each"] * 3,
            *_rows(element, c.atom),
            "1 ! bonds",
            "! two rows of eight each",
            *_rows("1 1", c.bond),
            *(f"0 ! {what}" for what in ("off-diagonal", "angles", "torsions", "hydrogen bonds")),
            "",
        ]
    )


def commands(title: str, element: str, name: str, c: Coefficients, folder: Path) -> list[str]:
    """LAMMPS commands for the element; the force field is written into `folder` first."""
    path = folder / f"{name}.ffield.reax"
    write_atomically(path, force_field(title, element, c))
    return [
        "pair_style reaxff NULL checkqeq no safezone 3.0 mincap 200",
        f'pair_coeff * * "{path}" {element}',
    ]


def _rows(name: str, values: Sequence[Sequence[float]]) -> list[str]:
    names = [name, *[" " * len(name)] * (len(values) - 1)]
    return [
        f"{first} " + " ".join(f"{value:9.4f}" for value in row)
        for first, row in zip(names, values, strict=True)
    ]
