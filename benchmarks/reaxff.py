"""Lithium by ReaxFF, only to time it: the family of potentials that the paper used.

Reference:
    M. M. Islam et al., Phys. Chem. Chem. Phys. 17, 3383 (2015), doi 10.1039/C4CP04532G.
"""

import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from simulate.engine import new_instance
from simulate.files import write_atomically
from simulate.settings import Settings
from simulate.snapshot import Snapshot

SKIN_A: Final = 2.0
DAMPING_fs: Final = 100.0


class Coefficients(Settings):
    """The published numbers, and what a crystal must show that is made of them.

    Attributes:
        general: The 39 parameters that all atoms share.
        atom: Of lithium, four rows of eight.
        bond: Of two lithium atoms, two rows of eight.
    """

    citation: str
    doi: str
    mass_g_mol: float
    time_step_fs: float
    lattice_constant_A: float
    cohesive_energy_eV: float
    fcc_minus_bcc_eV: float
    general: list[float] = Field(min_length=39, max_length=39)
    atom: list[list[float]] = Field(min_length=4, max_length=4)
    bond: list[list[float]] = Field(min_length=2, max_length=2)


def published() -> Coefficients:
    """The numbers as published."""
    text = Path(__file__).with_name("islam_2015.toml").read_text(encoding="utf-8")
    return Coefficients.model_validate(tomllib.loads(text))


def force_field(coefficients: Coefficients) -> str:
    """The numbers as LAMMPS reads them: no angles, torsions or hydrogen bonds."""
    return "\n".join(
        [
            coefficients.citation,
            "39 ! general parameters",
            *(f"{value:.4f} ! {number}" for number, value in enumerate(coefficients.general, 1)),
            "1 ! atoms",
            *["! four rows of eight each"] * 3,
            *_rows("Li", coefficients.atom),
            "1 ! bonds",
            "! two rows of eight each",
            *_rows("1 1", coefficients.bond),
            *(f"0 ! {what}" for what in ("off-diagonal", "angles", "torsions", "hydrogen bonds")),
            "",
        ]
    )


def _rows(name: str, values: Sequence[Sequence[float]]) -> list[str]:
    names = [name, *[" " * len(name)] * (len(values) - 1)]
    return [
        f"{first} " + " ".join(f"{value:9.4f}" for value in row)
        for first, row in zip(names, values, strict=True)
    ]


@contextmanager
def lithium(folder: Path, cell: Sequence[str]) -> Iterator[Any]:
    """LAMMPS with lithium by ReaxFF, neutral atoms.

    Args:
        folder: For the force field and the log.
        cell: Commands that make a box of one type, in Å.
    """
    coefficients = published()
    path = folder / "ffield.reax.li"
    write_atomically(path, force_field(coefficients))
    lammps = new_instance(folder / "log.reaxff")
    try:
        for command in (
            "units real",
            "atom_style charge",
            *cell,
            "pair_style reaxff NULL checkqeq no safezone 3.0 mincap 200",
            f'pair_coeff * * "{path}" Li',
            f"mass 1 {coefficients.mass_g_mol}",
            f"neighbor {SKIN_A} bin",
        ):
            lammps.command(command)
        yield lammps
    finally:
        lammps.close()


def seconds_per_step(atoms: Snapshot, temperature_K: float, n_steps: int, folder: Path) -> float:
    """Time of a core for one step of these atoms in a periodic cube, s; without setting up."""
    edge = f"{float(atoms.cell_A[0]):.12g}"
    cell = ["boundary p p p", f"region cell block 0 {edge} 0 {edge} 0 {edge}", "create_box 1 cell"]
    n_atoms = atoms.n_atoms
    with lithium(folder, cell) as lammps:
        lammps.create_atoms(
            n_atoms, list(range(1, n_atoms + 1)), [1] * n_atoms, atoms.positions_A.ravel().tolist()
        )
        span_K = f"{temperature_K:.10g} {temperature_K:.10g}"
        for command in (
            f"velocity all create {temperature_K:.10g} 1 mom yes rot yes dist gaussian",
            f"fix move all nvt temp {span_K} {DAMPING_fs:g}",
            f"timestep {published().time_step_fs:g}",
            "run 2 post no",
        ):
            lammps.command(command)
        began = time.process_time()
        lammps.command(f"run {n_steps} pre no post no")
        return (time.process_time() - began) / n_steps
