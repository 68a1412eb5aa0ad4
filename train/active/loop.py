"""Ask, simulate, learn, report, and again, until the boundary is known as well as was asked.

Every step leaves a file and reads those before it, so that a loop that was stopped anywhere ends as
one that was not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from simulate.design import EmbryoDesign
from simulate.errors import GlassyLiError, MisuseError
from simulate.plan import Plan
from simulate.record import TrajectoryRecord
from simulate.store import RecordStore, content_hash, create_or_open, open_store
from surrogate.features import FeatureScaling
from train.active.acquisition import NEEDS_NO_MODEL, Beliefs, chosen
from train.active.boundary import Boundary, boundary, places_of
from train.active.committee import Answers, Committee, scaling_of
from train.active.config import LearnConfig
from train.active.rounds import (
    AskedEmbryo,
    AskedRound,
    Identity,
    LoopReport,
    Reason,
    RoundReport,
    held,
    read_report,
    read_round,
    round_folder,
    write_json,
)
from train.active.shown import boundary_sizes, shown_places
from train.fit import fit_in_place
from train.records import LEAST_DESIGNS, check_physics, independent, read_records

Simulate = Callable[[Sequence[Plan], RecordStore], object]
"""Brings plans to records in a store, as `simulate.campaign.run_campaign` does."""


@dataclass(frozen=True)
class Loop:
    """A loop in its folder.

    Attributes:
        given: Stores it began with.
        store: Its own.
        simulate: Runs trajectories.
        on_round: Told of every round that ended, also of those found.
        candidates: All that may be asked.
        scaling: Of their features.
        fitted: The last committee, by the records it was fitted to.
        found: Its own records that were read, by trajectory.
    """

    config: LearnConfig
    out: Path
    given: Sequence[RecordStore]
    store: RecordStore
    simulate: Simulate
    on_round: Callable[[RoundReport], None]
    candidates: Sequence[EmbryoDesign]
    scaling: FeatureScaling
    fitted: dict[tuple[str, ...], Committee] = field(default_factory=dict)
    found: dict[str, TrajectoryRecord] = field(default_factory=dict)

    def run(self) -> LoopReport:
        """Round after round until the stop rule."""
        reports: list[RoundReport] = []
        asked: list[AskedEmbryo] = []
        while True:
            number = len(reports)
            this = read_round(self.out, number) or self._asked(number, asked)
            asked += this.embryos
            found = read_report(self.out, number) or self._learnt(number, asked)
            reports.append(found)
            self.on_round(found)
            reason = self._stopped_by(found)
            if reason is not None:
                report = LoopReport(
                    config=self.config,
                    horizon_ps=self.config.asked_ps,
                    rounds=tuple(reports),
                    stopped_by=reason,
                )
                write_json(self.out / "report.json", report)
                return report

    def _asked(self, number: int, before: Sequence[AskedEmbryo]) -> AskedRound:
        """Choose what a round asks for, and write it down."""
        config = self.config
        taken = self._given_candidates | {each.candidate for each in before}
        wanted = config.batch if number else config.n_initial
        wanted = min(wanted, config.stop.max_trajectories - len(before))
        acquisition = config.acquisition if number else "sobol"
        committee = None
        beliefs = None
        if acquisition not in NEEDS_NO_MODEL:
            committee = self._committee(self._known(before))
            beliefs = Beliefs(
                committee.log_odds(self.candidates, config.asked_ps),
                self._boundary(committee, places_of(config.space, config.n_places)).members,
            )
        numbers = chosen(
            acquisition,
            len(self.candidates),
            wanted,
            taken,
            beliefs=beliefs,
            rng=np.random.default_rng([config.seed, number]),
        )
        designs = [self.candidates[each] for each in numbers]
        p_ordered: list[float | None] = [None] * len(designs)
        if committee is not None and designs:
            p_ordered = committee.p_ordered(designs, config.asked_ps).mean(axis=0).tolist()
        this = AskedRound(
            number=number,
            acquisition=acquisition,
            embryos=tuple(
                AskedEmbryo(
                    candidate=each,
                    design=design,
                    trajectory_id=self._plan(design).trajectory_id,
                    p_ordered=p,
                )
                for each, design, p in zip(numbers, designs, p_ordered, strict=True)
            ),
        )
        write_json(round_folder(self.out, number) / "asked.json", this)
        return this

    def _learnt(self, number: int, asked: Sequence[AskedEmbryo]) -> RoundReport:
        """Simulate what is not there yet, learn from all of it, and write down what is known."""
        self.simulate([self._plan(each.design) for each in asked], self.store)
        ours = self._records(asked)
        known = self._known(asked)
        committee = self._committee(known)
        judged = self._boundary(committee, places_of(self.config.space, self.config.n_places))
        shown = shown_places(self.config.space)
        report = RoundReport(
            number=number,
            n_asked=len(asked),
            n_known=len(known),
            n_ordered=sum(_is_ordered(each) for each in known),
            n_failed=sum(each.is_failed for each in ours),
            core_hours=sum(sum(each.timings_s.values()) for each in ours) / 3600.0,
            boundary_spread=judged.spread,
            share_inside=float(judged.is_inside.mean()),
            boundary=boundary_sizes(self._boundary(committee, shown), shown),
            model=self._package(round_folder(self.out, number) / "model", number),
        )
        write_json(round_folder(self.out, number) / "report.json", report)
        return report

    def _plan(self, design: EmbryoDesign) -> Plan:
        return Plan(design, self.config.protocol, self.config.trajectory_seed)

    def _records(self, asked: Sequence[AskedEmbryo]) -> list[TrajectoryRecord]:
        """Of what was asked; each is read once."""
        names = [each.trajectory_id for each in asked]
        missing = [name for name in names if name not in self.found]
        if missing:
            files = {path.stem: path for path in self.store.record_files()}
            elsewhere = [name for name in missing if name not in files]
            if elsewhere:
                raise GlassyLiError(
                    f"a round needs all of its records, but {', '.join(elsewhere)} in "
                    f"{self.store.path} is held by another campaign; repeat later."
                )
            self.found.update({name: self.store.read(files[name]) for name in missing})
        return [self.found[name] for name in names]

    def _known(self, asked: Sequence[AskedEmbryo]) -> list[TrajectoryRecord]:
        """Records that say something of the incubation, in the order of ids."""
        ours = self._records(asked)
        every = [*self._given_records, *ours]
        known = {each.trajectory_id: each for each in every if each.witnessed is not None}
        if len({each.design.key for each in known.values()}) < LEAST_DESIGNS:
            raise MisuseError(
                f"a committee needs answered records of at least {LEAST_DESIGNS} designs, but got "
                f"{len(known)} ({sum(each.is_failed for each in ours)} trajectories failed). "
                "Choose another --out, with these records under `stores` and a higher n_initial: "
                "`glassyli records list` shows what failed."
            )
        return [known[name] for name in sorted(known)]

    @cached_property
    def _given_records(self) -> list[TrajectoryRecord]:
        """Of the space's potential: the committee knows no other."""
        potential = self.config.space.potential
        every = [record for store in self.given for record in independent(store)]
        return [record for record in every if record.design.potential == potential]

    @cached_property
    def _given_candidates(self) -> set[int]:
        """Those whose very trajectory is among the given records: to run it again tells nothing."""
        given = {each.trajectory_id for each in self._given_records}
        if not given:
            return set()
        plans = map(self._plan, self.candidates)
        return {number for number, plan in enumerate(plans) if plan.trajectory_id in given}

    def _committee(self, known: Sequence[TrajectoryRecord]) -> Committee:
        """Fitted once: what a round learns, the next one asks."""
        names = tuple(each.trajectory_id for each in known)
        if names not in self.fitted:
            seen = [each.witnessed for each in known if each.witnessed is not None]
            answers = Answers([each.design for each in known], seen)
            hold_ps, n_members = self.config.protocol.hold_ps, self.config.n_members
            self.fitted.clear()
            self.fitted[names] = Committee.of(
                answers, self.scaling, hold_ps, n_members, self.config.seed
            )
        return self.fitted[names]

    def _boundary(self, committee: Committee, places: Sequence[EmbryoDesign]) -> Boundary:
        return boundary(committee, places, self.config.space.n_atoms, self.config.asked_ps)

    def _package(self, path: Path, number: int) -> str:
        """The model of a round, made unless it is there whole."""
        from surrogate.package import read_package

        if path.exists():
            return read_package(path).label
        records = read_records([self.store, *self.given])
        package = fit_in_place(records, self.config.training, f"round-{number}")
        package.write(path)
        return read_package(path).label

    def _stopped_by(self, found: RoundReport) -> Reason | None:
        rule = self.config.stop
        if found.is_precise(rule.boundary_spread):
            return "precision"
        if found.n_asked >= rule.max_trajectories:
            return "trajectories"
        if rule.max_core_hours is not None and found.core_hours >= rule.max_core_hours:
            return "core_hours"
        n_free = len(self.candidates) - len(self._given_candidates)
        return "candidates" if found.n_asked >= n_free else None


def run_loop(
    config: LearnConfig,
    out: Path,
    simulate: Simulate,
    on_round: Callable[[RoundReport], None] | None = None,
) -> LoopReport:
    """Bring a loop to its end. Safe to stop and to repeat.

    Args:
        config: What is asked.
        out: Folder of the loop, made if it is not there.
        simulate: Runs trajectories.
        on_round: Told of every round.

    Raises:
        MisuseError: A store of another protocol, a folder of another loop, or too little to learn.
        GlassyLiError: Something is damaged or cannot be written.
    """
    given = given_stores(config)
    identity = Identity(config=config, stores_sha256=[content_hash(store) for store in given])
    candidates = config.candidates()
    with held(out, identity):
        loop = Loop(
            config,
            out,
            given,
            create_or_open(out / "records", config.protocol),
            simulate,
            on_round or (lambda _: None),
            candidates,
            scaling_of(candidates),
        )
        return loop.run()


def given_stores(config: LearnConfig) -> list[RecordStore]:
    """The stores a loop begins with.

    Raises:
        MisuseError: One is missing, of another protocol, or of other physics.
    """
    stores = [open_store(path) for path in config.stores]
    for store in stores:
        if not store.protocol.is_like(config.protocol):
            raise MisuseError(
                "the stores of a loop must be of its protocol, save the length of the hold, but "
                f"{store.path} is of {store.protocol.name} and the loop of {config.protocol.name}. "
                "Leave it out, or set `protocol` to that of the store."
            )
        check_physics([(store, record) for record in independent(store)])
    return stores


def _is_ordered(record: TrajectoryRecord) -> bool:
    return record.witnessed is not None and record.witnessed.is_observed
