"""Where would new trajectories teach most? Where models that fit the data still disagree.

The entropy of a forecast outcome is part chance, which no data remove, and part ignorance: the
entropy of the mean forecast less the mean entropy of the members' forecasts.

Reference:
    Houlsby et al. 2011, arXiv 1112.5745 (Bayesian active learning by disagreement).
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from benchmarks.sample import Sample
from simulate.design import EmbryoDesign
from simulate.neighbours import label_ceiling
from simulate.sampling import DesignSpace
from train.active.committee import Answers, Committee
from train.counting import density_class, size_class
from train.metrics import Floats

N_MEMBERS: Final = 32
N_CANDIDATES: Final = 1024


def where_next(sample: Sample) -> list[dict[str, Any]]:
    """Cells of the design space, those that hold most of the ignorance first.

    Members are a `train.active.committee`; those of a model package, of which each leaves designs
    out, differ by the draw of the prior alone.
    Embryos too small for order to be told surely are left out: more of them would answer nothing.
    """
    least = 2 * sample.records[0].protocol.labelling.onset_cluster_atoms
    spread = candidates([record.design for record in sample.records])
    sizes = sorted({design.n_atoms for design in spread})
    too_small = set(sizes[: bisect_left(sizes, least, key=label_ceiling)])
    designs = [design for design in spread if design.n_atoms not in too_small]
    if not designs:
        return []
    p_ordered = members(sample, designs)
    mean = p_ordered.mean(axis=0)
    entropy = _entropy_bits(mean)
    ignorance = np.maximum(entropy - _entropy_bits(p_ordered).mean(axis=0), 0.0)
    cells = np.array([_cell(design) for design in designs])
    seen = [tuple(_cell(record.design)) for record in sample.records if record.is_decidable]
    rows = []
    for cell in np.unique(cells, axis=0):
        here = (cells == cell).all(axis=1)
        rows.append(
            dict(zip(("mass_exchange", "n_atoms", "density"), cell.tolist(), strict=True))
            | {
                "share_of_space": float(here.mean()),
                "p_ordered": float(mean[here].mean()),
                "entropy_bits": float(entropy[here].mean()),
                "ignorance_bits": float(ignorance[here].mean()),
                "share_of_ignorance": float(ignorance[here].sum() / max(ignorance.sum(), 1e-12)),
                "n_records": seen.count(tuple(cell.tolist())),
            }
        )
    return sorted(rows, key=lambda row: -row["share_of_ignorance"])


def candidates(designs: Sequence[EmbryoDesign]) -> list[EmbryoDesign]:
    """Designs spread evenly over the box that the given ones span."""

    def span(field: str) -> tuple[Any, Any]:
        values = [getattr(design, field) for design in designs]
        return min(values), max(values)

    space = DesignSpace(
        element=designs[0].element,
        potential=designs[0].potential,
        n_designs=N_CANDIDATES,
        n_atoms=span("n_atoms"),
        packing_density_g_cm3=span("packing_density_g_cm3"),
        hold_temperature_K=span("hold_temperature_K"),
        share_at_300_K=float(np.mean([design.hold_temperature_K == 300.0 for design in designs])),
        mass_exchange=sorted({design.mass_exchange for design in designs}),
        energy_exchange=sorted({d.energy_exchange for d in designs} - {"partial"}) or ["open"],
    )
    return [EmbryoDesign(**values) for values in space.draw()]


def members(sample: Sample, designs: Sequence[EmbryoDesign]) -> Floats:
    """P(order by the end of the hold), shape ``(n_members, n_designs)``."""
    answers = Answers([record.design for record in sample.records], sample.incubations)
    committee = Committee.of(answers, sample.scaling, sample.hold_ps, N_MEMBERS, seed=0)
    return committee.p_ordered(designs, sample.hold_ps)


def _cell(design: EmbryoDesign) -> list[str]:
    return [design.mass_exchange, size_class(design), density_class(design)]


def _entropy_bits(p: Floats) -> Floats:
    inside = np.clip(p, 1.0e-12, 1.0 - 1.0e-12)
    return np.asarray(-(inside * np.log2(inside) + (1.0 - inside) * np.log2(1.0 - inside)))
