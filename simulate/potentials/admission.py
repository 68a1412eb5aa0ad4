"""Is a potential fit for this work? Crystals at rest, a small free crystal, the energy it keeps.

Quick: lattice, cohesion and differences of crystals, and a sphere for as long as some seconds of a
core allow. Full: a free sphere for 50 ps at every temperature of its holds, and the drift of an
isolated embryo. ReaxFF and SNAP are so dear that theirs are smaller and shorter.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from simulate.errors import EngineError
from simulate.potentials.crystals import relaxed
from simulate.potentials.drift import WHOLE_PS, drift
from simulate.potentials.findings import Finding, Report
from simulate.potentials.potential import ROOM_K
from simulate.potentials.registry import DEFAULT_POTENTIAL, Potential, potential_named
from simulate.potentials.sphere import kept_core
from simulate.potentials.work import Piece, Told, expected_s, worked

Form = Literal["quick", "full"]

LATTICE_TOLERANCE: Final = 0.005
ENERGY_TOLERANCE_eV: Final = 0.002
LEAST_CORE: Final = 0.5
"""Share of a sphere's core that must be crystalline, and of its own lattice: 0.57 was the least
of sound crystals (potassium), and a melted core has below 0.05."""
MOST_DRIFT_meV_per_ns: Final = 1.0
"""Over the hold of the reference protocol, 1 ns."""

SAME_TEMPERATURE: Final = 0.05
"""Temperatures closer than this share are tried once."""
AT_REST_S: Final = 8.0
"""About what crystals at rest take."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a potential is tried.

    Attributes:
        sphere_atoms, sphere_ps: Of the free sphere.
        drift_atoms, drift_ps, melt_ps, quench_K_per_ps: Of the isolated embryo; None: left out.
    """

    sphere_atoms: int
    sphere_ps: float
    drift_atoms: int | None = None
    drift_ps: float = 60.0
    melt_ps: float = 5.0
    quench_K_per_ps: float = 20.0


EXTENTS: Final[dict[Form, list[tuple[float, Extent]]]] = {
    "quick": [
        (100.0, Extent(sphere_atoms=250, sphere_ps=0.3)),
        (20.0, Extent(sphere_atoms=500, sphere_ps=0.4)),
        (0.0, Extent(sphere_atoms=1000, sphere_ps=2.0)),
    ],
    "full": [
        (100.0, Extent(500, 2.0, drift_atoms=100, drift_ps=3.0, melt_ps=0.6, quench_K_per_ps=200)),
        (20.0, Extent(500, 5.0, drift_atoms=150, drift_ps=5.0, melt_ps=1.0, quench_K_per_ps=100)),
        (5.0, Extent(1000, 50.0, drift_atoms=300, drift_ps=30.0, quench_K_per_ps=40)),
        (1.0, Extent(1000, 50.0, drift_atoms=300)),
        (0.0, Extent(1000, 50.0, drift_atoms=100, drift_ps=WHOLE_PS)),
    ],
}
"""By what one step of one atom costs at least, µs; dearest first."""


@dataclass(frozen=True, slots=True)
class AtRest:
    """Crystals at 0 K, as they were found."""

    potential: str
    lattice_constant_A: float
    c_over_a: float | None
    cohesive_energy_eV: float
    fcc_minus_bcc_eV: float | None
    bcc_minus_hcp_eV: float | None

    @property
    def other_lattice(self) -> str:
        """How much higher the other crystal lies, for people."""
        if self.fcc_minus_bcc_eV is not None:
            return f"fcc {1000.0 * self.fcc_minus_bcc_eV:+.1f} meV"
        return f"bcc {1000.0 * (self.bcc_minus_hcp_eV or 0.0):+.1f} meV"

    def findings(self, potential: Potential) -> list[Finding]:
        """Beside what they should be."""
        constant_A = potential.lattice_constant_A
        found = [
            Finding(
                what=f"lattice constant ({potential.lattice})",
                unit="Å",
                measured=self.lattice_constant_A,
                how="least energy at rest",
                expected=constant_A,
                tolerance=LATTICE_TOLERANCE * constant_A,
            ),
            _energy("cohesion", self.cohesive_energy_eV, potential.cohesive_energy_eV),
        ]
        for what, measured_eV, expected_eV in (
            ("E(fcc) - E(bcc)", self.fcc_minus_bcc_eV, potential.fcc_minus_bcc_eV),
            ("E(bcc) - E(hcp)", self.bcc_minus_hcp_eV, potential.bcc_minus_hcp_eV),
        ):
            if measured_eV is not None:
                found.append(_energy(what, measured_eV, expected_eV))
        return found


def quick_admission(name: str = DEFAULT_POTENTIAL) -> AtRest:
    """Measure the 0 K crystals of a potential and compare with what must be found.

    Raises:
        EngineError: Something is off by more than 0.5 % in length or 2 meV in energy.
        TrajectoryFailure: LAMMPS could not compute the crystals.
    """
    potential = potential_named(name)
    found = at_rest(potential)
    for finding in found.findings(potential):
        if finding.verdict == "fail" and finding.measured is not None:
            raise EngineError(
                f"{name}: {finding.what} must be {finding.expected:.5g} {finding.unit} within "
                f"{finding.tolerance:.2g}, but is {finding.measured:.5g}. Reinstall the package: "
                "the coefficients or the engine are not the tested ones."
            )
    return found


def at_rest(potential: Potential) -> AtRest:
    """The crystals of a potential at 0 K."""
    own = relaxed(potential, potential.lattice)
    is_bcc = potential.lattice == "bcc"
    other = relaxed(potential, "fcc" if is_bcc else "bcc")
    above_eV = other.energy_eV - own.energy_eV
    return AtRest(
        potential.name,
        own.constant_A,
        own.c_over_a,
        -own.energy_eV,
        above_eV if is_bcc else None,
        None if is_bcc else above_eV,
    )


def admit(
    name: str, form: Form, on_progress: Callable[[float, str], object] = lambda *_: None
) -> Report:
    """Run the admission test of a potential.

    Args:
        name: Of the potential.
        form: `quick` (at most a minute) or `full` (minutes to an hour).
        on_progress: Told the share that is done, and what is going on.

    Returns:
        All findings; a potential under which atoms are lost fails by that.

    Raises:
        EngineError: LAMMPS or OVITO cannot be used at all.
    """
    potential = potential_named(name)
    return Report.of(potential, form, worked(pieces(potential, form), on_progress))


def pieces(potential: Potential, form: Form) -> list[Piece]:
    """What the test of that form is made of."""
    extent = extent_of(potential, form)
    step_fs = potential.time_step_fs
    cost_s = partial(expected_s, potential)
    found = [Piece("crystals at rest", AT_REST_S, lambda _: at_rest(potential).findings(potential))]
    at_K = sphere_temperatures_K(potential)
    for temperature_K in at_K if form == "full" else at_K[-1:]:
        title = f"free sphere of {extent.sphere_atoms} atoms at {temperature_K:.0f} K"
        seconds = cost_s(extent.sphere_atoms, extent.sphere_ps, step_fs)
        measure = partial(_sphere, potential, extent, temperature_K)
        found.append(Piece(title, seconds, measure, extent.sphere_ps))
    if extent.drift_atoms is not None:
        seconds = cost_s(extent.drift_atoms, extent.drift_ps, potential.isolated_time_step_fs)
        seconds += cost_s(extent.drift_atoms, extent.melt_ps, step_fs)
        title, measure_drift = "drift of an isolated embryo", partial(_drift, potential, extent)
        found.append(Piece(title, seconds, measure_drift, extent.drift_ps))
    return found


def extent_of(potential: Potential, form: Form) -> Extent:
    """How much can be afforded.

    >>> extent_of(potential_named("islam-2015"), "full").sphere_atoms
    500
    """
    cost_us = potential.cost_us or 0.0
    return next(extent for above_us, extent in EXTENTS[form] if cost_us >= above_us)


def sphere_temperatures_K(potential: Potential) -> list[float]:
    """At which a sphere must last, simulated K: 300 K, and that of the homologous hold.

    Where these are nearly the same, only the hotter one. Other metals than lithium only at the
    share of the melting point at which the default potential is held, where theirs is known:
    300 K is above that of potassium.
    """
    if not potential.has_melting_point:
        return [ROOM_K]
    if potential.element == "Li":
        scaled_K = ROOM_K * potential.temperature_scale
        is_same = abs(scaled_K / ROOM_K - 1.0) < SAME_TEMPERATURE
        return [max(ROOM_K, scaled_K)] if is_same else [ROOM_K, scaled_K]
    share = potential_named(DEFAULT_POTENTIAL).share_of_melting(ROOM_K)
    return [share * potential.melting_K]


def _sphere(
    potential: Potential, extent: Extent, temperature_K: float, told: Told
) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="glassyli-") as folder:
        core = kept_core(
            potential,
            extent.sphere_atoms,
            temperature_K,
            extent.sphere_ps,
            Path(folder),
            on_progress=lambda done_ps: told(done_ps / extent.sphere_ps),
        )
    how = (
        f"free sphere of {core.n_atoms} atoms, {core.length_ps:.3g} ps at "
        f"{core.temperature_K:.0f} K (asked for {temperature_K:.0f})"
    )
    place = f"of a core at {temperature_K:.0f} K"
    return [
        Finding(what=f"crystalline {place}", unit="share", measured=round(core.crystalline, 3),
                how=how, expected=LEAST_CORE, bound="least"),
        Finding(what=f"{potential.lattice} {place}", unit="share",
                measured=round(core.ground_state, 3), how=how, expected=LEAST_CORE, bound="least"),
        Finding(what=f"cost at {temperature_K:.0f} K", unit="µs/atom/step",
                measured=round(core.cost_us, 3), how="time of a core of this machine"),
    ]  # fmt: skip


def _drift(potential: Potential, extent: Extent, told: Told) -> list[Finding]:
    found = drift(
        potential,
        potential.isolated_time_step_fs,
        extent.drift_atoms or 0,
        extent.drift_ps,
        extent.melt_ps,
        extent.quench_K_per_ps,
        on_progress=lambda done_ps: told(done_ps / extent.drift_ps),
    )
    how = (
        f"isolated embryo of {found.n_atoms} atoms within a wall, {found.length_ps:.3g} ps at "
        f"{found.step_fs:g} fs and {found.temperature_K:.0f} K"
    )
    return [
        Finding(
            what=f"|energy drift| in 1 ns at {found.step_fs:g} fs",
            unit="meV/atom",
            measured=round(abs(found.drift_meV_per_ns), 3),
            uncertainty=round(found.spread_meV_per_ns, 3) or None,
            how=how,
            expected=MOST_DRIFT_meV_per_ns,
            bound="most",
        )
    ]


def _energy(what: str, measured_eV: float, expected_eV: float | None) -> Finding:
    return Finding(
        what=what,
        unit="eV",
        measured=measured_eV,
        how="least energy at rest",
        expected=expected_eV,
        tolerance=ENERGY_TOLERANCE_eV,
    )
