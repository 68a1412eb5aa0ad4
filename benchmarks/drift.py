"""How long may a time step be? The energy an isolated embryo gains or loses by it, meV/atom a ns.

    python -m benchmarks.drift Na 1 1.5 2 [--atoms N] [--length PS] [--json]

By `simulate.potentials.drift`, for any steps; the admission test asks for the potential's own.
"""

import argparse
import json
from dataclasses import asdict
from typing import Final

from benchmarks.choices import CHOICES
from simulate.potentials.drift import drift

ASKED: Final = "Embryos within a wall, a fifth as dense as bulk, as hot as Li at 325 K."


def main() -> None:
    asked = argparse.ArgumentParser(description=f"{__doc__.partition(chr(10))[0]} {ASKED}")
    asked.add_argument("element", metavar="potential", choices=sorted(CHOICES))
    asked.add_argument("steps_fs", type=float, nargs="+")
    asked.add_argument("--atoms", type=int, default=300)
    asked.add_argument("--length", type=float, default=100.0, help="of each hold, ps")
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    for step_fs in options.steps_fs:
        found = drift(CHOICES[options.element], step_fs, options.atoms, options.length)
        if options.json:
            print(json.dumps(asdict(found)), flush=True)
        else:
            print(
                f"{options.element}, {step_fs:g} fs: {found.drift_meV_per_ns:+.2f} "
                f"+- {found.spread_meV_per_ns:.2f} meV/atom/ns at {found.temperature_K:.0f} K",
                flush=True,
            )


if __name__ == "__main__":
    main()
