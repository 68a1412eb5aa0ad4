"""What is done to every embryo: heat, quench, hold, watch.

Temperatures are experiment-equivalent throughout, rates included. With homologous scaling the
simulated temperature is T times a factor of the potential, its nominal melting point over the
metal's (`simulate.potentials.registry`): a convention, which would equalise undercooling, and only
that, if the nominal melting point were the crystal's own.
"""

import math
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from simulate.files import read_yaml
from simulate.settings import Settings, validated
from simulate.units import FS_PER_PS

PRESETS = ("reference", "quickstart", "paper")

MOST_FRAMES = 100_000
"""Frames of one hold; more would fill memory before they answered anything."""


class Labelling(Settings):
    """How frames become labels, and labels an incubation time."""

    rmsd_cutoff: float = Field(
        0.15, gt=0, le=0.3, description="Polyhedral template matching cut-off (0.10 misses hot bcc)"
    )
    positions: Literal["averaged", "instantaneous", "minimised"] = Field(
        "averaged",
        description="Which positions are labelled; averaging takes vibration out, and so does "
        "relaxing the stored frames (`minimised`, by `glassyli records relabel` only).",
    )
    averaging_ps: float = Field(
        0.3, gt=0, le=5, description="Positions are averaged over this time before labelling, ps."
    )
    onset_cluster_atoms: int = Field(
        30,
        ge=4,
        description="n_c: atoms in the largest crystalline cluster that count as order.",
    )
    persistence_ps: float = Field(
        50.0, ge=0, description="Order must last this long to be the onset, ps."
    )
    confirmed_core_fraction: float = Field(
        0.4,
        ge=0,
        le=1,
        description="Share of fully coordinated atoms that must be crystalline, on the mean of the "
        "persistence time: clusters near the critical size last too, but do not fill the embryo.",
    )
    fraction_after_onset_ps: float = Field(
        100.0, ge=0, description="The crystalline fraction is read this long after the onset, ps."
    )


class Protocol(Settings):
    """The three stages of Wang, Pawar et al. 2020 (doi 10.1038/s41563-020-0729-1).

    Each stage lasts a whole number of frames, rounded up.
    """

    name: str = Field("custom", description="For people; does not enter any id.")
    temperature_scaling: Literal["homologous", "none"] = Field("homologous")
    heat_temperature_K: float = Field(
        500.0, gt=0, le=1500, description="Experiment-equivalent temperature of the melt, K."
    )
    heat_ps: float = Field(100.0, gt=0, le=1.0e5, description="Length of the heating, ps.")
    quench_rate_K_per_ps: float = Field(
        1.0, gt=0, le=1000, description="Experiment-equivalent cooling rate, K/ps."
    )
    hold_ps: float = Field(1000.0, gt=0, le=1.0e6, description="Horizon of the hold, ps.")
    frame_every_ps: float = Field(10.0, gt=0, description="Spacing of labelled frames, ps.")
    thermostat_damping_ps: float = Field(
        0.1, gt=0, le=10, description="Nosé-Hoover damping of thermostatted stages, ps."
    )
    time_step_fs: float | None = Field(
        None, gt=0, le=10, description="Thermostatted stages, fs; empty: the potential's own."
    )
    isolated_time_step_fs: float | None = Field(
        None, gt=0, le=10, description="Isolated and leaking holds, fs; empty: the potential's own."
    )
    stop_early: bool = Field(
        default=True,
        description="Stop the hold once order has lasted and its fraction has been read.",
    )
    full_length_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of trajectories, drawn by their id, that run to the horizon all the "
        "same: only they can show order that goes again.",
    )
    labelling: Labelling = Labelling()

    @model_validator(mode="after")
    def _frames_fit(self) -> Self:
        if self.frame_every_ps > self.hold_ps:
            raise ValueError(
                f"frame_every_ps <= hold_ps must hold, but got frame_every_ps="
                f"{self.frame_every_ps:g}, hold_ps={self.hold_ps:g}. "
                "Shorten frame_every_ps or lengthen hold_ps."
            )
        if self.hold_ps / self.frame_every_ps > MOST_FRAMES:
            raise ValueError(
                f"hold_ps / frame_every_ps <= {MOST_FRAMES} must hold, but got hold_ps="
                f"{self.hold_ps:g}, frame_every_ps={self.frame_every_ps:g}. "
                "Lengthen frame_every_ps."
            )
        if self.labelling.averaging_ps > self.frame_every_ps:
            raise ValueError(
                "labelling.averaging_ps <= frame_every_ps must hold, but got averaging_ps="
                f"{self.labelling.averaging_ps:g}, frame_every_ps={self.frame_every_ps:g}. "
                "Average over less."
            )
        if self.labelling.persistence_ps >= self.hold_ps:
            raise ValueError(
                "labelling.persistence_ps < hold_ps must hold, but got persistence_ps="
                f"{self.labelling.persistence_ps:g}, hold_ps={self.hold_ps:g}. "
                "Lengthen hold_ps: no order could be seen to last."
            )
        return self

    @property
    def is_homologous(self) -> bool:
        """Whether simulated temperatures are scaled to the potential."""
        return self.temperature_scaling == "homologous"

    def what_decides(self) -> dict[str, Any]:
        """The protocol as it enters ids: everything but its name."""
        return self.model_dump(mode="json", exclude={"name"})

    def is_like(self, other: Self) -> bool:
        """Whether embryos go through the same under both, watched longer under one perhaps."""
        ours, theirs = (each.what_decides() | {"hold_ps": None} for each in (self, other))
        return ours == theirs


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a trajectory at one ensemble; temperatures here are **simulated** kelvin.

    Attributes:
        ensemble: `nvt` (Nosé-Hoover), `nve`, or `csvr` (stochastic velocity rescaling).
        relaxation_ps: Thermostat damping (`nvt`) or heat-leak time (`csvr`), ps.
        n_samples, sample_every: Positions of a frame are the mean of this many instants, so many
            steps apart, ending at the frame.
    """

    name: Literal["heat", "quench", "hold"]
    ensemble: Literal["nvt", "nve", "csvr"]
    start_K: float
    end_K: float
    relaxation_ps: float
    time_step_fs: float
    n_frames: int
    steps_per_frame: int
    n_samples: int
    sample_every: int

    @property
    def frame_ps(self) -> float:
        """Actual spacing of frames, ps."""
        return self.steps_per_frame * self.time_step_fs / FS_PER_PS

    @property
    def length_ps(self) -> float:
        """Actual length, ps."""
        return self.n_frames * self.frame_ps

    @property
    def n_steps(self) -> int:
        """Time steps in the stage."""
        return self.n_frames * self.steps_per_frame


SAMPLES_PER_FRAME = 10


def temperature_scale(protocol: Protocol, design: EmbryoDesign) -> float:
    """Simulated over experiment-equivalent temperature."""
    return design.physics.temperature_scale if protocol.is_homologous else 1.0


def stages(protocol: Protocol, design: EmbryoDesign) -> tuple[Stage, Stage, Stage]:
    """Heat, quench and hold of one design, in simulated kelvin and whole frames.

    Raises:
        MisuseError: The hold is hotter than the melt it is quenched from.
    """
    if design.hold_temperature_K >= protocol.heat_temperature_K:
        raise MisuseError(
            "hold_temperature_K < heat_temperature_K must hold, but got "
            f"{design.hold_temperature_K:g} K and {protocol.heat_temperature_K:g} K. "
            "Lower the hold or raise the heating temperature."
        )
    scale = temperature_scale(protocol, design)
    hot_K, cold_K = protocol.heat_temperature_K * scale, design.hold_temperature_K * scale
    quench_ps = (
        protocol.heat_temperature_K - design.hold_temperature_K
    ) / protocol.quench_rate_K_per_ps
    step_fs = protocol.time_step_fs or design.physics.time_step_fs
    isolated_fs = protocol.isolated_time_step_fs or design.physics.isolated_time_step_fs
    ensemble, hold_step_fs, relaxation_ps = {
        "open": ("nvt", step_fs, protocol.thermostat_damping_ps),
        "partial": ("csvr", isolated_fs, design.energy_relaxation_ps or math.inf),
        "confined": ("nve", isolated_fs, math.inf),
    }[design.energy_exchange]

    is_instant = protocol.labelling.positions == "instantaneous"

    def stage(
        name: str, ensemble: str, temperatures_K: tuple[float, float], relax_ps: float,
        dt_fs: float, length_ps: float,
    ) -> Stage:  # fmt: skip
        every = max(1, round(protocol.labelling.averaging_ps * FS_PER_PS / dt_fs) // 10)
        per_frame = every * math.ceil(protocol.frame_every_ps * FS_PER_PS / dt_fs / every - 1e-9)
        n_frames = max(1, math.ceil(length_ps * FS_PER_PS / dt_fs / per_frame - 1e-9))
        return Stage(
            name, ensemble, *temperatures_K, relax_ps, dt_fs, n_frames, per_frame,  # type: ignore[arg-type]
            1 if is_instant else min(SAMPLES_PER_FRAME, per_frame // every), every,
        )  # fmt: skip

    damping_ps = protocol.thermostat_damping_ps
    return (
        stage("heat", "nvt", (hot_K, hot_K), damping_ps, step_fs, protocol.heat_ps),
        stage("quench", "nvt", (hot_K, cold_K), damping_ps, step_fs, quench_ps),
        stage("hold", ensemble, (cold_K, cold_K), relaxation_ps, hold_step_fs, protocol.hold_ps),
    )


def follow_up_ps(protocol: Protocol, design: EmbryoDesign) -> float:
    """Until when a run that ends without order is known not to have ordered, hold clock, ps.

    The hold, in whole frames, less the persistence time: so much the protocol says before anything
    is run, whatever comes of it.
    """
    hold = stages(protocol, design)[-1]
    return round(hold.length_ps, 6) - protocol.labelling.persistence_ps


def with_preset(values: Any) -> Any:  # noqa: ANN401 - what a user wrote
    """Settings whose `protocol` may be a preset's name (missing: the reference), that replaced.

    Raises:
        ValueError: No such preset.
    """
    if not isinstance(values, dict) or not isinstance(values.get("protocol", "reference"), str):
        return values
    name = values.get("protocol", "reference")
    if name not in PRESETS:
        raise ValueError(
            f"protocol must be a mapping or one of {', '.join(PRESETS)}, but got {name!r}."
        )
    return values | {"protocol": protocol_named(name)}


def protocol_named(name: str) -> Protocol:
    """A protocol by preset name or from a YAML file.

    Raises:
        MisuseError: Neither a preset nor a readable, valid file.
    """
    if name in PRESETS:
        text = files("simulate.presets").joinpath(f"{name}.yaml").read_text("utf-8")
        return Protocol.model_validate(yaml.safe_load(text))
    path = Path(name)
    if not path.exists():
        raise MisuseError(
            f"a protocol must be a file or one of {', '.join(PRESETS)}, but got {name!r}."
        )
    return validated(Protocol, read_yaml(path, "a protocol"), str(path))
