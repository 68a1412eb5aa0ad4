from hypothesis import given
from hypothesis import strategies as st

from serve.app import ATOMS_PER_TURN, turns
from serve.messages.embryos import EmbryosRequest
from simulate.design import EmbryoDesign
from surrogate.prediction import Road

sizes = st.lists(st.integers(100, 9_000), min_size=1, max_size=40)


def question(n_atoms: list[int], road: Road) -> EmbryosRequest:
    designs = [
        EmbryoDesign(
            n_atoms=each,
            packing_density_g_cm3=0.0534,
            mass_exchange="open",
            energy_exchange="open",
        )
        for each in n_atoms
    ]
    return EmbryosRequest(designs=designs, road=road)


@given(sizes)
def test_turns_hold_every_design_once_and_in_order(n_atoms: list[int]) -> None:
    asked = question(n_atoms, "full")
    assert [design for turn in turns(asked) for design in turn] == asked.designs


@given(sizes)
def test_a_turn_is_short_or_a_single_design(n_atoms: list[int]) -> None:
    for turn in turns(question(n_atoms, "full")):
        assert len(turn) == 1 or sum(design.n_atoms for design in turn) <= ATOMS_PER_TURN


def test_the_fast_road_takes_one_turn() -> None:
    asked = question([9_000] * 20, "fast")
    assert list(turns(asked)) == [asked.designs]
