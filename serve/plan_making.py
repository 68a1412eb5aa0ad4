"""What `glassyli simulate` was asked for, as trajectories to run under one protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulate.branching import EVERY_EXCHANGE, branches
from simulate.design import read_designs
from simulate.errors import MisuseError
from simulate.plan import Campaign, Plan, read_campaign
from simulate.protocol import Protocol, protocol_named
from simulate.settings import validated
from simulate.store import open_store


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `glassyli simulate` that say what to run.

    Attributes:
        parent_ids: Trajectories of the store `parents` to start from.
        at_ps: Frame of each to start from, ps on the hold clock.
        replicas: Trajectories per design or parent.
        every_confinement: Whether each parent goes on under all four.
    """

    config: Path | None
    designs: Path | None
    protocol: str | None
    parents: Path | None
    parent_ids: Sequence[str]
    at_ps: float
    replicas: int
    first_seed: int
    every_confinement: bool = False


def asked_plans(asked: Asked, out: Path) -> tuple[list[Plan], Protocol]:
    """Trajectories to run, and their protocol.

    Args:
        asked: The options.
        out: Store of the records; where it exists, its protocol is the default.

    Raises:
        MisuseError: The options contradict each other, or what they name is not there.
    """
    if asked.parents is not None or asked.parent_ids:
        return _branches(asked)
    if asked.every_confinement:
        raise MisuseError("--every-confinement needs --parents STORE and --parent ID.")
    if asked.config is not None and asked.designs is None:
        campaign = _configured(asked, asked.config)
    elif asked.designs is not None and asked.config is None:
        campaign = _listed(asked, asked.designs, out)
    else:
        raise MisuseError(
            "either a campaign config or --designs must be given, and not both. "
            "Try `glassyli simulate --designs designs.jsonl --out STORE`."
        )
    return campaign.plans(), campaign.protocol


def _branches(asked: Asked) -> tuple[list[Plan], Protocol]:
    """Replicas of stored frames."""
    if asked.config is not None or asked.designs is not None or asked.protocol is not None:
        raise MisuseError(
            "with --parents, designs and protocol are those of the parents; leave out the config, "
            "--designs and --protocol."
        )
    if asked.parents is None or not asked.parent_ids:
        raise MisuseError(
            "a store (--parents STORE) and at least one id in it (--parent ID) must be given "
            "together. See `glassyli records list STORE`."
        )
    store = open_store(asked.parents)
    seeds = range(asked.first_seed, asked.first_seed + asked.replicas)
    exchanges = EVERY_EXCHANGE if asked.every_confinement else ()
    return branches(store, asked.parent_ids, asked.at_ps, seeds, exchanges), store.protocol


def _configured(asked: Asked, config: Path) -> Campaign:
    if asked.protocol is not None:
        raise MisuseError("a campaign config names its own protocol; leave out --protocol.")
    return read_campaign(config)


def _listed(asked: Asked, designs: Path, out: Path) -> Campaign:
    if asked.protocol is None and (out / "store.json").exists():
        protocol = open_store(out).protocol
    else:
        protocol = protocol_named(asked.protocol or "reference")
    values = {
        "protocol": protocol.model_dump(),
        "designs": [design.model_dump() for design in read_designs(designs)],
        "replicas": asked.replicas,
        "first_seed": asked.first_seed,
    }
    return validated(Campaign, values, str(designs))
