"""A frame's atoms where they would come to rest: vibration taken out by the energy, not by time.

A third choice beside instantaneous and averaged positions, for frames that are stored already; it
costs a few hundred force evaluations a frame.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from simulate.design import EmbryoDesign
from simulate.engine import Lammps
from simulate.snapshot import Snapshot


def minimised(snapshot: Snapshot, design: EmbryoDesign) -> Snapshot:
    """The atoms after a brief minimisation; without labels, which belonged to other positions.

    Args:
        snapshot: A frame of a trajectory, in its own cell.
        design: The design it was simulated under: gives forces and wall.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        Lammps(design, snapshot, seed=1, folder=Path(folder)) as engine,
    ):
        at_rest = engine.relax()
    return replace(at_rest, time_ps=snapshot.time_ps, stage=snapshot.stage)
