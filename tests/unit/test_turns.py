"""Whatever else is asked at the same time, an answer stays what it is, to the last bit."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import synthetic_designs, synthetic_package, synthetic_store

from serve.endpoint.kinds import KINDS
from serve.endpoint.kinds.embryos import Embryos
from serve.endpoint.kinds.kind import Kind
from serve.endpoint.line import Line
from serve.endpoint.model import Model
from serve.endpoint.turns import Answer, Turn, answered, reply
from serve.messages.embryos import EmbryosReply, EmbryosRequest
from simulate.design import EmbryoDesign
from simulate.errors import MisuseError
from surrogate.prediction import Road
from surrogate.predictor import Predictor

MOST_ATOMS = 5_000

sizes = st.lists(st.integers(100, 9_000), min_size=1, max_size=40)


def design(n_atoms: int, density: float = 0.0534) -> EmbryoDesign:
    return EmbryoDesign(
        n_atoms=n_atoms,
        packing_density_g_cm3=density,
        mass_exchange="open",
        energy_exchange="open",
    )


def question(n_atoms: list[int], road: Road, horizon_ps: float | None = None) -> EmbryosRequest:
    designs = [design(each) for each in n_atoms]
    return EmbryosRequest(designs=designs, road=road, horizon_ps=horizon_ps)


@given(sizes)
def test_turns_hold_every_design_once_and_in_order(n_atoms: list[int]) -> None:
    asked = question(n_atoms, "full")
    parts = Embryos().parts(asked, MOST_ATOMS)
    assert [each for part in parts for each in part.designs] == asked.designs


@given(sizes)
def test_a_turn_is_short_or_a_single_design(n_atoms: list[int]) -> None:
    for part in Embryos().parts(question(n_atoms, "full"), MOST_ATOMS):
        assert len(part.designs) == 1 or Embryos().cost(part) <= MOST_ATOMS


def test_the_fast_road_costs_the_same_for_every_size_and_is_split_too() -> None:
    asked = question([9_000, 100] * 10, "fast")
    assert Embryos().cost(asked) == 100
    assert Embryos().parts(asked, MOST_ATOMS) == [asked]
    parts = Embryos().parts(asked, 40)
    assert [len(part.designs) for part in parts] == [8, 8, 4]
    assert [each for part in parts for each in part.designs] == asked.designs


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("model")
    synthetic_package(folder / "package", synthetic_store(folder / "store", synthetic_designs(6)))
    return Model("small", Predictor.load(folder / "package"))


def answers(model: Model, questions: list[EmbryosRequest]) -> list[Answer]:
    return answered([Turn(model, "embryos", each, 1) for each in questions])


def test_company_changes_no_answer(model: Model) -> None:
    """Bitwise, and on packings that were not made before."""
    asked = [
        question([120, 200], "full"),
        question([130], "fast"),
        question([140], "full", 90.0),
        question([200, 300, 120], "full"),
        question([120], "fast", 90.0),
    ]
    alone = [Model("small", Predictor(model.predictor.package)) for _ in asked]
    expected = [answers(each, [one])[0] for each, one in zip(alone, asked, strict=True)]
    together = Model("small", Predictor(model.predictor.package))
    assert answers(together, asked) == expected
    assert answers(together, asked[::-1])[::-1] == expected


def test_turns_add_up_to_the_whole(model: Model) -> None:
    asked = question([120, 200, 300, 150], "full")

    async def take(turn: Turn) -> Answer:
        return answered([turn])[0]

    whole = asyncio.run(reply(model, "embryos", asked, 1_000_000, take))
    in_turns = asyncio.run(reply(model, "embryos", asked, 250, take))
    assert in_turns == whole


class Faulty(Embryos):
    """Has a bug that embryos of an odd number of atoms bring to light."""

    name = "faulty"

    def answers(self, model: Model, questions: Sequence[EmbryosRequest]) -> list[EmbryosReply]:
        if any(each.n_atoms % 2 for question in questions for each in question.designs):
            raise ZeroDivisionError
        return super().answers(model, questions)


def test_a_fault_is_told_to_whoever_caused_it_alone(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "faulty", Faulty())
    good, bad = question([120], "fast"), question([121], "fast")

    async def ask() -> list[object]:
        line = Line(answered, MOST_ATOMS)
        asked = [reply(model, "faulty", each, MOST_ATOMS, line.take) for each in (good, bad, good)]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(ask())
    assert isinstance(found[1], ZeroDivisionError)
    assert found[0] == found[2] == answers(model, [good])[0]


class Picky(Kind[EmbryosRequest, EmbryosReply]):
    """Answers as `Embryos` for embryos of an even number of atoms, and for no others."""

    name = "picky"

    def cost(self, question: EmbryosRequest) -> int:
        return Embryos().cost(question)

    def answers(self, model: Model, questions: Sequence[EmbryosRequest]) -> list[EmbryosReply]:
        if any(each.n_atoms % 2 for question in questions for each in question.designs):
            raise MisuseError("embryos must be even.")
        return Embryos().answers(model, questions)


def test_a_refused_question_spoils_no_other(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "picky", Picky())
    good, bad = question([120], "fast"), question([121], "fast")
    found = answered([Turn(model, "picky", each, 1) for each in (good, bad, good)])
    assert isinstance(found[1], MisuseError)
    assert found[0] == found[2] == answers(model, [good])[0]
