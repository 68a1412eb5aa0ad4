"""What the records say about their own physics: energy, temperature, pressure, kind of crystal."""

from statistics import fmean, median

from simulate.confinement import cell_of
from simulate.record import TrajectoryRecord
from train.counting import Records, density_class, grouped, is_ordered, listed, table

BAR_PER_KBAR = 1000.0


def physics_sections(records: Records) -> str:
    """The sections of the data card that judge the physics, Markdown."""
    return "\n\n".join(
        [
            _energy_balance(records),
            _hold_temperatures(records),
            _pressures(records),
            _kinds_of_crystal(records),
        ]
    )


def _energy_balance(records: Records) -> str:
    isolated = [
        r.energy_balance for r in records if r.energy_balance and r.energy_balance.is_binding
    ]
    n_drifted = sum(bool(r.failure and r.failure.cause == "energy_drift") for r in records)
    drifts = [abs(each.drift_meV_per_atom) for each in isolated]
    drift = f"at most {max(drifts):.2f}, median {median(drifts):.2f}" if drifts else "none measured"
    long = [r for r in records if r.is_full_length and not r.is_failed]
    ordered = [r for r in long if is_ordered(r)]
    lost = [r.order_lost_at_ps for r in ordered if r.order_lost_at_ps is not None]
    when = f" (at {listed(f'{each:.0f} ps' for each in lost)})" if lost else ""
    return f"""## Energy balance and full-length runs

Isolated and leaking holds: {len(isolated)}. |Drift| of the conserved quantity over the hold,
meV/atom: {drift}. Failed for it: {n_drifted} of {len(isolated)}.

Run to the horizon whatever they showed: {len(long)}, of which {len(ordered)} ordered; {len(lost)}
lost their order again{when}."""


def _hold_temperatures(records: Records) -> str:
    isolated = [record for record in records if record.design.energy_exchange == "confined"]
    ratios = [
        held_K / record.design.hold_temperature_K
        for record in isolated
        if (held_K := record.mean_hold_temperature_K) is not None
    ]
    found = (
        f"{_range(ratios, '.3f')} of the nominal temperature ({len(ratios)} holds)"
        if ratios
        else "none recorded"
    )
    return f"""## Temperature of isolated holds

Mean of the disordered embryo over its hold: {found}.
An isolated hold starts from the energy of one instant, and so misses its nominal temperature."""


def _pressures(records: Records) -> str:
    walled = [record for record in records if record.design.mass_exchange == "confined"]
    open_cells = [record for record in records if _percolates(record)]
    rows = [
        (name, density, len(found), *(f"{each / BAR_PER_KBAR:.2f}" for each in _spread(found)))
        for name, cells in (("walled", walled), ("open, percolating", open_cells))
        for density, group in grouped(cells, lambda record: density_class(record.design))
        if (found := [mean for r in group if (mean := _hold_pressure_bar(r)) is not None])
    ]
    header = ("cell", "g/cm3", "trajectories", "lowest", "median", "highest")
    return f"""## Pressure

Mean over the hold of each trajectory, kbar. An open embryo that percolates is held by the periodic
cell, whose volume is fixed: there a pressure below zero is tension.
{_accessible(walled)}
{table(header, rows) if rows else "None recorded."}"""


def _accessible(walled: Records) -> str:
    shares = [cell_of(r.design).accessible_volume_A3 / r.design.cell_volume_A3 for r in walled]
    if not shares:
        return ""
    return f"""\
Inside a wall the centres of atoms have {min(shares):.2f} to {max(shares):.2f} of the volume that
the packing density counts: at equal density a walled cell is under the higher pressure, and where
it is dense, walled against open compares pressures as well.
"""


def _kinds_of_crystal(records: Records) -> str:
    ends = [r.frames[-1] for r in records if is_ordered(r) and r.frames]
    n_crystalline = sum(frame.n_crystalline for frame in ends)
    found = "no crystalline atom"
    if n_crystalline:
        n_bcc, n_fcc, n_hcp = (
            sum(getattr(frame, name) for frame in ends) for name in ("n_bcc", "n_fcc", "n_hcp")
        )
        found = (
            f"{n_bcc / n_crystalline:.1%} bcc, {n_fcc / n_crystalline:.1%} fcc, "
            f"{n_hcp / n_crystalline:.1%} hcp"
        )
    return f"""## Kind of crystal

Of the atoms labelled crystalline in the last frames of the {len(ends)} ordered trajectories:
{found}."""


def _percolates(record: TrajectoryRecord) -> bool:
    shape = record.morphology_after_quench
    return (
        record.design.mass_exchange == "open"
        and shape is not None
        and shape.percolation_dimension > 0
    )


def _hold_pressure_bar(record: TrajectoryRecord) -> float | None:
    held = [frame.pressure_bar for frame in record.frames if frame.stage == "hold"]
    return fmean(held) if held else None


def _spread(values: list[float]) -> tuple[float, float, float]:
    return min(values), median(values), max(values)


def _range(values: list[float], form: str) -> str:
    low, middle, high = _spread(values)
    return f"{low:{form}} to {high:{form}}, median {middle:{form}},"
