"""The quickstart, smaller: every engine, every room, from an empty folder, and then once more."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from command_line import glassyli
from synthetic import lithium

from simulate.packing import pack
from simulate.snapshot import extended_xyz

pytestmark = [
    pytest.mark.needs_lammps, pytest.mark.needs_ovito, pytest.mark.needs_ray, pytest.mark.slow,
]  # fmt: skip

TINY: dict[str, Any] = {
    "campaign": {
        "protocol": {
            "name": "tiny",
            "heat_ps": 4.0,
            "quench_rate_K_per_ps": 20.0,
            "hold_ps": 40.0,
            "frame_every_ps": 2.0,
            "labelling": {"persistence_ps": 6.0, "fraction_after_onset_ps": 4.0},
        },
        "grids": [
            {
                "n_atoms": [300, 150],
                "packing_density_g_cm3": [0.0534, 0.4],
                "mass_exchange": ["open"],
                "energy_exchange": ["open"],
                "hold_temperature_K": [240.0],
            }
        ],
    },
    "training": {"n_members": 2, "epochs": 2, "design_steps": 20},
    # Two members of four trajectories: that there is an answer must not hang on what they say.
    "search": {
        "n_trials": 20,
        "max_clipped_share": 1.0,
        "objective": "glassy_share",
        "min_capacity_mAh_cm2": None,
        "temperature_K": 240.0,  # the only one that was sampled
    },
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder in which the tiny quickstart ran once, and what it said."""
    folder = tmp_path_factory.mktemp("quickstart")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    ended = glassyli("quickstart", "--config", "tiny.yaml", "--out", "out", "--json", cwd=folder)
    assert ended.returncode == 0, ended.stderr
    return folder, json.loads(ended.stdout)


def test_every_step_left_what_it_promises(run: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = run
    assert summary["n_simulated"] == 4
    assert len(list((folder / "out/records/records").glob("*.json"))) == 4
    served = json.loads((folder / "out/served.json").read_text())
    assert 0.0 <= served["predictions"][0]["p_crystalline"] <= 1.0
    assert (folder / summary["search"] / "proposals.jsonl").exists()
    assert (folder / "out/picture.png").stat().st_size < 500_000
    assert [step["name"] for step in summary["steps"]] == [
        "simulate", "train", "search", "serve", "report",
    ]  # fmt: skip


def test_the_report_needs_no_network(run: tuple[Path, dict[str, Any]]) -> None:
    class Fetches(HTMLParser):
        found: list[str]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for name, value in attrs:
                fetched = name == "src" or (name == "href" and tag == "link")
                if fetched and not (value or "").startswith("data:"):
                    self.found.append(f"{tag} {name} {value}")

    page = Path(run[1]["report"]).read_text()
    parser = Fetches()
    parser.found = []
    parser.feed(page)
    assert parser.found == []
    assert "<svg" in page
    assert page.count("<img") >= 1


def test_the_second_time_nothing_is_simulated_or_trained_anew(
    run: tuple[Path, dict[str, Any]],
) -> None:
    folder, first = run
    ended = glassyli("quickstart", "--config", "tiny.yaml", "--out", "out", "--json", cwd=folder)
    again = json.loads(ended.stdout)
    assert again["n_simulated"] == 0
    assert again["trajectory_ids"] == first["trajectory_ids"]
    assert again["model"] == first["model"]
    for before, after in zip(first["steps"][:4], again["steps"][:4], strict=True):
        assert after["wall_s"] == before["wall_s"]
        assert after["what"] == f"{before['what']} (done in an earlier run)"


def test_no_process_is_left_behind(run: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = run
    left = [p for p in psutil.process_iter(["cwd"]) if p.info["cwd"] == str(folder)]
    assert left == []


def test_the_model_forecasts_designs_the_same_way_every_time(
    run: tuple[Path, dict[str, Any]],
) -> None:
    folder, summary = run
    designs = [lithium(200, hold_temperature_K=240.0), lithium(400, 0.3, hold_temperature_K=240.0)]
    lines = [json.dumps(design.model_dump(mode="json")) for design in designs]
    (folder / "designs.jsonl").write_text("\n".join(lines))
    options = ["--designs", "designs.jsonl", "--model", summary["model"], "--json"]
    one, other = (glassyli("predict", *options, cwd=folder) for _ in range(2))
    assert one.returncode == 0, one.stderr
    assert one.stdout == other.stdout
    answers = [json.loads(line, parse_constant=pytest.fail) for line in one.stdout.splitlines()]
    assert len(answers) == 2
    for answer in answers:
        assert {
            "p_crystalline", "p_crystalline_interval", "horizon_ps", "incubation_ps",
            "incubation_ps_interval", "crystalline_fraction", "crystalline_fraction_interval",
            "applicability",
        } <= set(answer)  # fmt: skip
        assert set(answer["incubation_ps"]) == {"0.1", "0.5", "0.9"}


def test_the_model_forecasts_a_structure(run: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = run
    design = lithium(200, hold_temperature_K=240.0)
    (folder / "atoms.xyz.gz").write_bytes(extended_xyz([pack(design, 1)], "Li"))
    (folder / "one.jsonl").write_text(design.model_dump_json())
    ended = glassyli(
        "predict", "--structure", "atoms.xyz.gz", "--design", "one.jsonl",
        "--model", summary["model"], "--json", cwd=folder,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert 0.0 <= json.loads(ended.stdout)["p_crystalline"] <= 1.0
    wrong = design.model_copy(update={"n_atoms": 300})
    ended = glassyli(
        "predict", "--structure", "atoms.xyz.gz", "--design", wrong.model_dump_json(),
        "--model", summary["model"], cwd=folder,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "n_atoms" in ended.stderr


def test_the_model_is_evaluated_and_the_proposals_are_designs(
    run: tuple[Path, dict[str, Any]],
) -> None:
    folder, summary = run
    ended = glassyli(
        "evaluate", summary["store"], "--model", summary["model"], "--json", cwd=folder
    )
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert answer["parts"] == ["by_design"]
    assert "20 embryos that wait" in answer["not_at_landmarks"]
    assert answer["by_design"]["n_records"] == 4
    proposals = Path(summary["search"]) / "proposals.jsonl"
    n_proposed = len((folder / proposals).read_text().splitlines())
    assert n_proposed >= 1
    ended = glassyli(
        "simulate", "--designs", proposals, "--out", "more", "--dry-run", "--json", cwd=folder
    )
    assert ended.returncode == 0, ended.stderr
    assert 1 <= json.loads(ended.stdout)["n_waiting"] <= n_proposed


def test_a_damaged_package_is_refused(run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, summary = run
    source = folder / summary["model"]
    damaged = tmp_path / "model"
    damaged.mkdir()
    for file in source.iterdir():
        content = bytearray(file.read_bytes())
        if file.suffix == ".safetensors":
            content[-5] ^= 1
        (damaged / file.name).write_bytes(content)
    (folder / "designs.jsonl").write_text(json.dumps(lithium(200).model_dump(mode="json")))
    ended = glassyli("predict", "--designs", "designs.jsonl", "--model", damaged, cwd=folder)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "checksum" in ended.stderr or "damaged" in ended.stderr
