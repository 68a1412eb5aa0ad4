"""A campaign on a cluster of two machines goes on when one of them is gone."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from synthetic import SHORT_PROTOCOL, lithium

from simulate.campaign import CampaignProgress, run_campaign
from simulate.plan import Plan
from simulate.soundness import verified
from simulate.store import create_or_open
from simulate.workers import Terms

pytestmark = [
    pytest.mark.needs_ray, pytest.mark.needs_lammps, pytest.mark.needs_ovito, pytest.mark.slow,
]  # fmt: skip

PROTOCOL = SHORT_PROTOCOL.model_copy(
    update={"heat_ps": 10.0, "hold_ps": 60.0, "frame_every_ps": 1.0}
)
PLANS = [Plan(lithium(n_atoms=120), PROTOCOL, seed) for seed in range(1, 5)]


@pytest.fixture
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        yield made
    finally:
        made.shutdown()


def test_what_ran_on_a_lost_machine_goes_on_elsewhere(cluster: Any, tmp_path: Path) -> None:
    other = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    store = create_or_open(tmp_path / "store", PROTOCOL)
    events: list[CampaignProgress] = []
    left: set[str] = set()

    is_over = threading.Event()

    def pull_the_plug() -> None:
        """Once both machines wrote a checkpoint."""
        while len(left) < 2 and not is_over.wait(0.05):
            left.update(path.parent.name for path in store.path.glob("running/*/state.*.json"))
        if not is_over.is_set():
            cluster.remove_node(other, allow_graceful=False)

    plug = threading.Thread(target=pull_the_plug, daemon=True)

    def note(progress: CampaignProgress) -> None:
        events.append(progress)
        if progress.event == "started":
            plug.start()

    try:
        summary = run_campaign(
            PLANS,
            store,
            address=cluster.address,
            n_workers=2,
            terms=Terms(checkpoint_every_s=0.0),
            on_progress=note,
        )
    finally:
        is_over.set()
    plug.join()
    assert summary.n_simulated == len(PLANS)
    assert summary.worker_losses == 1
    (loss,) = [each.loss for each in events if each.event == "worker_lost"]
    assert loss in {"it or its machine died", "its machine was lost"}  # whichever is seen first
    verdict = verified(store)
    assert verdict.is_sound
    assert sorted(record.trajectory_id for record in store) == sorted(
        plan.trajectory_id for plan in PLANS
    )
    assert not any(record.failure for record in store)
