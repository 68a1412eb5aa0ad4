"""What are crystal and melt like at one temperature? Enthalpy, volume, and how fast the melt flows.

    python -m benchmarks.phases Li 650        latent heat and diffusivity at the melting point
    python -m benchmarks.phases Li 364        of the undercooled melt, as long as it stays one

By `simulate.potentials.phases`, for one temperature and seed.
"""

import argparse
import json
from dataclasses import asdict

from benchmarks.choices import CHOICES
from simulate.potentials.phases import CHUNK_PS, phases


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("element", metavar="potential", choices=sorted(CHOICES))
    asked.add_argument("temperature", type=float, help="K")
    asked.add_argument("--watch", type=float, default=50.0, help="ps the melt is watched")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = asked.parse_args()
    potential = CHOICES[options.element]
    found = phases(potential, options.temperature, options.watch, options.seed)
    if options.json:
        print(json.dumps(asdict(found), indent=1))
        return
    shares = " ".join(f"{share:.2f}" for share in found.crystal_shares)
    flow = found.diffusivity_A2_ps
    told = "too short to tell" if flow is None else f"{flow:.3f} A2/ps"
    print(
        f"{options.element} at {options.temperature:.0f} K: melt less crystal "
        f"{1000.0 * (found.melt_eV - found.crystal_eV):.1f} meV an atom, "
        f"volume {found.melt_A3:.3f} and {found.crystal_A3:.3f} A3\n"
        f"diffusivity of the melt {told} over the {found.liquid_ps:.0f} ps in which it stayed one; "
        f"crystalline share every {CHUNK_PS:.0f} ps: {shares}"
    )


if __name__ == "__main__":
    main()
