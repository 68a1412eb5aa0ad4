import pytest

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.protocol import PRESETS, Labelling, Protocol, protocol_named, stages
from simulate.settings import validated


def design(**change: object) -> EmbryoDesign:
    values = {
        "n_atoms": 300,
        "packing_density_g_cm3": 0.0534,
        "mass_exchange": "open",
        "energy_exchange": "open",
    }
    return EmbryoDesign.model_validate(values | change)


def test_the_reference_protocol_is_the_paper_s_three_stages_scaled_by_the_nominal_factor() -> None:
    heat, quench, hold = stages(protocol_named("reference"), design())
    assert heat.start_K == pytest.approx(500.0 * 551.0 / 453.65)
    assert (quench.start_K, quench.end_K) == (heat.end_K, hold.start_K)
    assert hold.start_K == pytest.approx(364.38, abs=0.01)
    assert quench.length_ps == pytest.approx(200.0, rel=0.01)  # 200 K at 1 K/ps
    assert hold.length_ps >= 1000.0


def test_without_scaling_the_simulated_temperature_is_the_one_given() -> None:
    _, _, hold = stages(Protocol(temperature_scaling="none"), design())
    assert hold.start_K == 300.0


@pytest.mark.parametrize(
    ("exchange", "ensemble", "step_fs"), [("open", "nvt", 3.0), ("confined", "nve", 0.5)]
)
def test_energy_exchange_decides_ensemble_and_time_step(
    exchange: str, ensemble: str, step_fs: float
) -> None:
    heat, quench, hold = stages(Protocol(), design(energy_exchange=exchange))
    assert (heat.ensemble, quench.ensemble) == ("nvt", "nvt")
    assert (hold.ensemble, hold.time_step_fs) == (ensemble, step_fs)


def test_a_heat_leak_has_its_relaxation_time() -> None:
    leaking = design(energy_exchange="partial", energy_relaxation_ps=7.0)
    hold = stages(Protocol(), leaking)[2]
    assert (hold.ensemble, hold.relaxation_ps) == ("csvr", 7.0)


@pytest.mark.parametrize("name", PRESETS)
def test_positions_are_averaged_over_the_time_asked_for(name: str) -> None:
    protocol = protocol_named(name)
    for stage in stages(protocol, design(energy_exchange="confined")):
        averaged_ps = stage.n_samples * stage.sample_every * stage.time_step_fs / 1000.0
        assert averaged_ps == pytest.approx(protocol.labelling.averaging_ps, rel=0.1)
        assert stage.steps_per_frame % stage.sample_every == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"hold_ps": 5.0, "frame_every_ps": 10.0}, "frame_every_ps <= hold_ps must hold"),
        ({"hold_ps": -1.0}, "hold_ps"),
        ({"quench_rate_K_per_ps": 0}, "quench_rate_K_per_ps"),
        ({"labelling": {"persistence_ps": 2000.0}}, "persistence_ps < hold_ps"),
        ({"labelling": {"averaging_ps": 5.0}, "frame_every_ps": 1.0}, "averaging_ps"),
        ({"hold": 3}, "`hold` is not a known key"),
    ],
)
def test_an_impossible_protocol_is_refused(values: dict, words: str) -> None:
    with pytest.raises(MisuseError, match=words):
        validated(Protocol, values, "here")


def test_a_hold_hotter_than_the_melt_is_refused() -> None:
    with pytest.raises(MisuseError, match="hold_temperature_K < heat_temperature_K"):
        stages(Protocol(heat_temperature_K=320.0), design(hold_temperature_K=330.0))


def test_an_unknown_protocol_lists_the_known_ones() -> None:
    with pytest.raises(MisuseError, match="reference, quickstart"):
        protocol_named("slow")


def test_the_name_does_not_decide_anything() -> None:
    assert Protocol(name="a").what_decides() == Protocol(name="b").what_decides()
    assert (
        Protocol().what_decides() != Protocol(labelling=Labelling(rmsd_cutoff=0.1)).what_decides()
    )
