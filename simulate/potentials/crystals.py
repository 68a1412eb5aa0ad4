"""Crystals at rest: which lattice, how far apart, and how much energy an atom.

Found by LAMMPS itself from what it is told to read, so that a wrong table, style or unit is caught.
"""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulate.errors import TrajectoryFailure
from simulate.lammps_library import new_instance, tell
from simulate.potentials.potential import Potential

SEARCHED_SHARE: Final = (0.85, 1.08)
"""Lattice constants tried, over the one that is looked for: the fcc crystal of potassium is
lowest at a volume per atom a quarter smaller than that of bcc."""
N_STARTS: Final = 9
TOLERANCE_A: Final = 1.0e-4
IDEAL_C_OVER_A: Final = 1.633
"""Of touching spheres."""
LEAST_C_OVER_A, MOST_C_OVER_A = 1.5, 2.0
"""Cadmium and zinc have 1.89 and 1.86, beryllium 1.57."""


@dataclass(frozen=True, slots=True)
class Crystal:
    """One lattice at its lowest energy.

    Attributes:
        c_over_a: Of hcp.
        energy_eV: An atom.
    """

    lattice: str
    constant_A: float
    c_over_a: float | None
    energy_eV: float


def relaxed(potential: Potential, lattice: str) -> Crystal:
    """A crystal of this lattice at the lowest minimum over its volume, and over c/a for hcp.

    Args:
        potential: The interactions.
        lattice: `bcc`, `fcc` or `hcp`.
    """
    # Crystals of equal volume an atom are the natural start.
    cube_A = potential.bcc_lattice_constant_A
    if lattice == "hcp":
        is_hcp = potential.c_over_a is not None
        touching_A = potential.lattice_constant_A if is_hcp else cube_A / 2.0 ** (1.0 / 6.0)
        return _relaxed_hcp(potential, touching_A, potential.c_over_a or IDEAL_C_OVER_A)
    start_A = cube_A if lattice == "bcc" else cube_A * 2.0 ** (1.0 / 3.0)
    return _relaxed_cubic(potential, lattice, start_A)


def static_energy_per_atom_eV(
    potential: Potential,
    lattice: str,
    constant_A: float,
    folder: Path,
    c_over_a: float | None = None,
) -> float:
    """Energy per atom of a perfect crystal at rest, eV.

    Args:
        potential: The interactions.
        lattice: `bcc`, `fcc` or `hcp`.
        constant_A: Lattice constant, Å.
        folder: For the log and the potential's table.
        c_over_a: Of hcp; None: that of touching spheres.

    Raises:
        TrajectoryFailure: LAMMPS cannot compute it, or it is not finite.
    """
    instance = new_instance(folder / "log.lammps")
    try:
        commands = [
            f"units {potential.units.name}",
            f"atom_style {potential.atom_style}",
            "boundary p p p",
            lattice_command(lattice, constant_A, c_over_a),
            "region cell block 0 4 0 4 0 4",
            "create_box 1 cell",
            "create_atoms 1 box",
            *potential.lammps_commands(folder),
            "run 0 post no",
        ]
        tell(instance, commands, folder)
        whole_eV = potential.units.eV(float(instance.get_thermo("pe")))
        if not math.isfinite(whole_eV):
            raise TrajectoryFailure(
                "not_finite",
                f"the energy of a {lattice} crystal must be finite, but at a lattice constant of "
                f"{constant_A:.4g} Å it is {whole_eV}.",
            )
        return whole_eV / int(instance.get_natoms())
    finally:
        instance.close()


def lattice_command(lattice: str, constant_A: float, c_over_a: float | None = None) -> str:
    """The LAMMPS command for a crystal's lattice; of hcp in a box of right angles.

    >>> lattice_command("bcc", 3.51)
    'lattice bcc 3.51'
    """
    if lattice != "hcp" or c_over_a is None:
        return f"lattice {lattice} {constant_A:.10g}"
    basis = ("0 0 0", "0.5 0.5 0", f"0.5 {5.0 / 6.0:.15g} 0.5", f"0 {1.0 / 3.0:.15g} 0.5")
    return (
        f"lattice custom {constant_A:.10g} a1 1 0 0 a2 0 {math.sqrt(3.0):.15g} 0 "
        f"a3 0 0 {c_over_a:.10g} " + " ".join(f"basis {place}" for place in basis)
    )


def _relaxed_cubic(potential: Potential, lattice: str, start_A: float) -> Crystal:
    from scipy.optimize import minimize_scalar

    with tempfile.TemporaryDirectory(prefix="glassyli-") as folder:

        def energy_eV(constant_A: float) -> float:
            return static_energy_per_atom_eV(potential, lattice, constant_A, Path(folder))

        low, high = SEARCHED_SHARE
        step_A = (high - low) / (N_STARTS - 1) * start_A
        tried_A = [low * start_A + number * step_A for number in range(N_STARTS)]
        near_A = min(tried_A, key=energy_eV)
        best = minimize_scalar(
            energy_eV,
            bounds=(near_A - step_A, near_A + step_A),
            method="bounded",
            options={"xatol": TOLERANCE_A},
        )
    return Crystal(lattice, float(best.x), None, float(best.fun))


def _relaxed_hcp(potential: Potential, start_A: float, c_over_a: float) -> Crystal:
    from scipy.optimize import minimize

    with tempfile.TemporaryDirectory(prefix="glassyli-") as folder:

        def energy_eV(shape: tuple[float, float]) -> float:
            return static_energy_per_atom_eV(
                potential, "hcp", float(shape[0]), Path(folder), float(shape[1])
            )

        best = minimize(
            energy_eV,
            (start_A, c_over_a),
            method="Nelder-Mead",
            bounds=[(0.9 * start_A, 1.1 * start_A), (LEAST_C_OVER_A, MOST_C_OVER_A)],
            options={"xatol": TOLERANCE_A, "fatol": 1.0e-7},
        )
    return Crystal("hcp", float(best.x[0]), float(best.x[1]), float(best.fun))
