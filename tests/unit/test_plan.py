from dataclasses import replace

import pytest

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.plan import Campaign, Plan, read_campaign
from simulate.protocol import Protocol, stages
from simulate.record import Parent
from simulate.sampling import DesignSpace
from simulate.settings import validated

DESIGN = EmbryoDesign(
    n_atoms=200, packing_density_g_cm3=0.1, mass_exchange="open", energy_exchange="open"
)


def test_an_id_depends_on_all_that_decides_and_on_nothing_else() -> None:
    base = Plan(DESIGN, Protocol(), 1)
    same = Plan(DESIGN, Protocol(name="another name"), 1)
    others = [
        Plan(DESIGN, Protocol(), 2),
        Plan(DESIGN.model_copy(update={"n_atoms": 201}), Protocol(), 1),
        Plan(DESIGN, Protocol(hold_ps=900.0), 1),
        Plan(DESIGN, Protocol(labelling={"rmsd_cutoff": 0.14}), 1),
        Plan(
            DESIGN,
            Protocol(),
            1,
            Parent(trajectory_id="abc", frame_number=30, time_ps=0.0, start_sha256="0"),
        ),
    ]
    assert base.trajectory_id == same.trajectory_id
    assert len({plan.trajectory_id for plan in (base, *others)}) == 6
    assert Plan(DESIGN, Protocol(), 1, physics_version=99).trajectory_id != base.trajectory_id


def test_an_id_is_the_same_in_every_release() -> None:
    """Fixed on purpose: if this fails, every existing store would be run again."""
    assert Plan(DESIGN, Protocol(), 1).trajectory_id == "1f12dd2781e91013"


def test_a_longer_time_step_of_the_potential_is_another_trajectory(monkeypatch) -> None:
    before = Plan(DESIGN, Protocol(), 1).trajectory_id
    coarse = replace(DESIGN.physics, time_step_fs=4.0)
    monkeypatch.setattr("simulate.design.potential_named", lambda _: coarse)
    assert Plan(DESIGN, Protocol(), 1).trajectory_id != before


def test_a_tenth_of_all_trajectories_run_to_the_horizon_whatever_they_show() -> None:
    drawn = [Plan(DESIGN, Protocol(), seed).is_full_length for seed in range(600)]
    assert 0.06 < sum(drawn) / 600 < 0.14
    never = Protocol(full_length_share=0.0)
    assert not any(Plan(DESIGN, never, seed).is_full_length for seed in range(50))


def test_a_trajectory_with_a_parent_is_held_only() -> None:
    parent = Parent(trajectory_id="abc", frame_number=30, time_ps=0.0, start_sha256="0")
    whole, branch = Plan(DESIGN, Protocol(), 1), Plan(DESIGN, Protocol(), 1, parent)
    assert [stage.name for stage in whole.stages] == ["heat", "quench", "hold"]
    assert branch.stages == (stages(Protocol(), DESIGN)[2],)
    assert branch.atom_steps < whole.atom_steps


def test_replicas_come_after_all_designs_were_run_once() -> None:
    campaign = Campaign.model_validate(
        {
            "protocol": "quickstart",
            "replicas": 2,
            "first_seed": 5,
            "grids": [
                {
                    "n_atoms": [100, 200],
                    "packing_density_g_cm3": [0.1],
                    "mass_exchange": ["open"],
                    "energy_exchange": ["open"],
                }
            ],
        }
    )
    plans = campaign.plans()
    assert [(p.design.n_atoms, p.seed) for p in plans] == [(100, 5), (200, 5), (100, 6), (200, 6)]


def test_a_design_named_twice_is_run_once() -> None:
    campaign = Campaign(protocol=Protocol(), designs=[DESIGN, DESIGN])
    assert len(campaign.plans()) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"protocol": "quickstart"}, "a campaign must hold a design"),
        ({"protocol": "slow", "designs": []}, "one of reference, quickstart"),
        ({"protocol": "quickstart", "designs": [{"n_atoms": 5}]}, "n_atoms"),
        ({"protocol": "quickstart", "replica": 2, "designs": []}, "`replica` is not a known key"),
        ({"sampling": {"n_designs": 4, "n_atoms": [200, 100]}}, "0 < lowest <= highest"),
    ],
)
def test_an_impossible_campaign_is_refused(values: dict, words: str) -> None:
    with pytest.raises(MisuseError, match=words):
        validated(Campaign, values, "here")


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "\x00"])
def test_a_config_that_is_none_is_refused(tmp_path, text: str) -> None:
    file = tmp_path / "campaign.yaml"
    file.write_text(text)
    with pytest.raises(MisuseError):
        read_campaign(file)


def test_a_sampled_space_stays_inside_its_ranges_and_covers_them() -> None:
    space = DesignSpace(n_designs=64, seed=3, share_at_300_K=0.5)
    drawn = [EmbryoDesign.model_validate(values) for values in space.draw()]
    assert [d.key for d in drawn] == [
        EmbryoDesign.model_validate(values).key for values in space.draw()
    ]
    sizes = [d.n_atoms for d in drawn]
    assert 100 <= min(sizes) < 120
    assert 850 < max(sizes) <= 1000
    assert 25 <= sum(d.hold_temperature_K == 300.0 for d in drawn) <= 39
    assert {d.mass_exchange for d in drawn} == {"open", "confined"}
    assert all(270.0 <= d.hold_temperature_K <= 330.0 for d in drawn)


def test_sizes_are_spread_evenly_in_their_logarithm() -> None:
    sizes = [values["n_atoms"] for values in DesignSpace(n_designs=128, seed=1).draw()]
    assert 0.45 < sum(n < 316 for n in sizes) / 128 < 0.55
