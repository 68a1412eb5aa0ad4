"""Questions as hypothesis draws them that a server must answer."""

from typing import Any

from hypothesis import strategies as st


@st.composite
def designs(draw: st.DrawFn) -> dict[str, Any]:
    """A possible design, small enough to be packed at once."""
    energy = draw(st.sampled_from(["open", "confined", "partial"]))
    mass = draw(st.sampled_from(["open", "confined"]))
    design: dict[str, Any] = {
        "n_atoms": draw(st.integers(100, 400)),
        "packing_density_g_cm3": draw(st.floats(0.02, 0.5)),
        "mass_exchange": mass,
        "energy_exchange": energy,
        "hold_temperature_K": draw(st.floats(100.0, 450.0)),
    }
    if energy == "partial":
        design["energy_relaxation_ps"] = draw(st.floats(0.01, 1.0e6))
    return design


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Possible conditions at a temperature that was sampled."""
    given_time = draw(st.booleans())
    one = {
        "current_density_mA_cm2": draw(st.floats(0.02, 10.0)),
        "area_factor": draw(st.floats(1.0, 100.0)),
        "area_factor_spread": draw(st.floats(0.0, 2.0)),
    }
    if given_time:
        return one | {"deposition_time_min": draw(st.floats(0.1, 6000.0))}
    return one | {"current_density_mA_cm2": 1.0, "capacity_mAh_cm2": draw(st.floats(0.01, 100.0))}


def answerable(longest_horizon_ps: float) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Questions that must be answered.

    Args:
        longest_horizon_ps: Of deposits, as the model tells with its maps.
    """
    horizons = st.none() | st.floats(1.0e-3, 1.0e9)
    names = st.sampled_from(["paper", "overpotential"])
    embryos = st.fixed_dictionaries({
        "designs": st.lists(designs(), min_size=1, max_size=3),
        "horizon_ps": horizons,
        "road": st.sampled_from(["full", "fast"]),
    })  # fmt: skip
    deposits = st.fixed_dictionaries({
        "conditions": st.lists(conditions(), min_size=1, max_size=3),
        "deposition_map": names,
        "horizon_ps": st.none() | st.floats(1.0e-3, longest_horizon_ps),
    })  # fmt: skip
    return st.one_of(
        st.tuples(st.just("/v1/embryos/predict"), embryos),
        st.tuples(st.just("/v1/deposition/predict"), deposits),
    )


def forms() -> st.SearchStrategy[dict[str, Any]]:
    """What is said beside a file."""
    return st.fixed_dictionaries(
        {"design": st.just({"energy_exchange": "open"})},
        optional={"with_atoms": st.booleans(), "horizon_ps": st.floats(1.0, 1.0e5)},
    )
