"""`glassyli deposit`: what it shows, what machines get, and what it refuses before it loads."""

import json
from pathlib import Path

import pytest
from command_line import glassyli

from serve.console import Console
from serve.deposit_view import tell_deposit
from serve.models import model_path
from surrogate.deposition.answer import deposition_answer
from surrogate.deposition.question import DepositionQuestion
from surrogate.predictor import Predictor


def test_machines_get_what_python_gets() -> None:
    predictor = Predictor.load(model_path(None))
    conditions = {
        "current_density_mA_cm2": 2.0,
        "capacity_mAh_cm2": 1.0,
        "area_factor": 6.0,
        "area_factor_spread": 0.5,
        "temperature_K": 310.0,
        "electrolyte": "advanced",
    }
    question = {"conditions": [conditions], "horizon_ps": 500.0}
    answer = deposition_answer(predictor, DepositionQuestion.model_validate(question))
    ended = glassyli(
        "deposit", "--current", 2, "--capacity", 1, "--area-factor", 6, "--area-factor-spread",
        0.5, "--temperature", 310, "--electrolyte", "advanced", "--horizon-ps", 500, "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (line,) = ended.stdout.splitlines()
    expected = {"model": predictor.package.label} | answer.model_dump(mode="json")
    assert json.loads(line) == expected


def test_people_get_share_embryos_and_what_it_rests_on() -> None:
    ended = glassyli("deposit", "--current", 0.5, "--time", 120, "--openness", 0.5)
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("0.5 mA/cm2 for 120 min, 300 K, openness 0.5, flat collector: 1 mAh")
    assert any(line.startswith("glassy share 0.") and "90 %" in line for line in lines)
    heading = "The embryos assumed, by the numbers of the map that fit best:"
    table = lines[lines.index(heading) + 2 :][:5]
    shares = [float(row.split()[-2]) for row in table]
    assert sum(shares) == pytest.approx(100.0, abs=2.0)
    flat = " ".join(ended.stdout.split())
    for said in (
        "Assumed, after the trends in",
        "No SEI",
        "were calibrated",
        "minutes",
        "not ordered 250 ps after the quench of the simulation",
        "Over draws of the map",
    ):
        assert said in flat
    assert lines[-1].startswith("next: glassyli search")


PLATED = ("--current", "0.5", "--time", "5")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--current", "0.5"), "one of --time (min) and --capacity (mAh/cm2) must be given"),
        ((*PLATED, "--capacity", "1"), "but got --time 5 and --capacity 1. Leave one out"),
        (("--time", "5"), "Missing option '--current'"),
        ((*PLATED, "--temperature", "400"), "temperature_K must be within what the model was"),
        ((*PLATED, "--electrolyte", "advanced", "--openness", "1"), "at most one of electrolyte"),
        ((*PLATED, "--electrolyte", "ether"), "'baseline' or 'advanced', but got 'ether'"),
        ((*PLATED, "--growth", "--horizon-ps", "5"), "at most one of --growth and --horizon-ps"),
        ((*PLATED, "--map", "nowhere.json"), "must be one of paper, overpotential or the file"),
        ((*PLATED, "--horizon-ps", "-1"), "greater than 0"),
        ((*PLATED, "--horizon-ps", "1e9"), "at most 500000 ps, 100 times the longest hold"),
        ((*PLATED, "--model", "nowhere"), "model package"),
        (("--current", "50", "--time", "5"), "less than or equal to 10, but got 50"),
        (("--current", "nan", "--time", "5"), "finite number"),
    ],
)
def test_what_cannot_be_asked_is_said_with_the_remedy(flags: tuple[str, ...], said: str) -> None:
    ended = glassyli("deposit", *flags)
    assert ended.returncode in (1, 2)
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_map_calibrated_with_another_model_is_refused(tmp_path: Path) -> None:
    kept = Path("surrogate/deposition/calibrated/paper.json").read_text("utf-8")
    path = tmp_path / "map.json"
    path.write_text(json.dumps(json.loads(kept) | {"model": "another"}))
    ended = glassyli("deposit", *PLATED, "--map", path)
    assert ended.returncode == 2
    assert "with the model it was calibrated with, another" in ended.stderr


def test_embryos_that_lie_outside_the_draws_are_said_to(capfd: pytest.CaptureFixture[str]) -> None:
    """The best-fitting numbers are one draw; the share is a mean over all."""
    asked = {"conditions": [{"current_density_mA_cm2": 0.7, "capacity_mAh_cm2": 1.0}]}
    reply = deposition_answer(
        Predictor.load(model_path(None)), DepositionQuestion.model_validate(asked)
    )
    (found,) = reply.forecasts
    density = found.embryos[0].design.packing_density_g_cm3
    low, high = found.packing_density_g_cm3_range or (0.0, 0.0)
    assert density < low < high

    console = Console()

    def told(**changes: tuple[float, float]) -> str:
        changed = found.model_copy(update=changes)
        tell_deposit(console, reply.model_copy(update={"forecasts": (changed,)}), "it")
        return " ".join(capfd.readouterr().out.split())

    alone = f"lie outside that in packing density ({density:.3g} g/cm3): the share is a mean over"
    assert alone in told()
    assert f"({density:.3g} g/cm3) and median size (336 atoms):" in told(
        median_atoms_range=(10.0, 20.0)
    )
    assert "lie outside that" not in told(packing_density_g_cm3_range=(0.5 * density, high))


@pytest.mark.parametrize("verb", ["deposit", "search"])
def test_help_names_the_horizon_that_is_asked_by_default(verb: str) -> None:
    """Not the model's own hold, where the map was calibrated at another one."""
    said = " ".join(glassyli(verb, "--help").stdout.split())
    assert "MD horizon of the share, ps. Default: the calibrated map's, or the hold." in said
