"""`glassyli records` for people: sorted, counted, explained; and no help line is cut off."""

import json
import re
from pathlib import Path

import pytest
from command_line import glassyli
from synthetic import ALWAYS, NEVER, lithium, synthetic_record, synthetic_store
from typer.testing import CliRunner

from serve.commands.app import app
from serve.commands.records import summary_of


def test_records_are_listed_by_size_then_density_then_seed_in_per_cent(tmp_path: Path) -> None:
    designs = [lithium(240), lithium(160, 0.267), lithium(160)]
    store = synthetic_store(tmp_path / "store", designs, truth=NEVER, has_frames=False)
    listed = glassyli("records", "list", store.path).stdout.splitlines()
    found = [re.search(r"(\d+) Li, (\S+) g.* K +(\d+) ", line) for line in listed]
    order = [(int(f[1]), float(f[2]), int(f[3])) for f in found if f]
    assert order == [
        (n, d, s) for n, d in ((160, 0.0534), (160, 0.267), (240, 0.0534)) for s in (1, 2)
    ]
    assert all(re.search(r"> 180 ps +\d %$", line) for line in listed[1:7])
    assert listed[-2:] == [
        "> : not ordered when watching stopped; the true time is longer",
        f"6 records in {store.path}",
    ]


def test_one_record_is_one_record_and_needs_no_explanation(tmp_path: Path) -> None:
    store = synthetic_store(
        tmp_path / "store", [lithium(240)], n_replicas=1, truth=ALWAYS, has_frames=False
    )
    listed = glassyli("records", "list", store.path).stdout
    assert "in the quench" in listed
    assert listed.endswith(f"\n1 record in {store.path}\n")
    assert ">" not in listed
    assert "?" not in listed


def test_an_outcome_that_cannot_be_told_surely_is_marked(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", [lithium(120)], n_replicas=1, has_frames=False)
    listed = glassyli("records", "list", store.path).stdout
    assert re.search(r"(crystalline|liquid) \? ", listed)
    assert "? : too few atoms" in listed


def test_machines_get_numbers_and_the_report_s_words() -> None:
    row = summary_of(synthetic_record(lithium(), truth=NEVER))
    assert row["incubation"] == "> 180 ps"
    assert json.loads(json.dumps(row))["crystalline_fraction"] == pytest.approx(0.02, abs=0.1)


@pytest.mark.parametrize("verb", [[], ["records"]])
def test_no_line_of_the_help_is_cut_off_at_80_columns(verb: list[str]) -> None:
    shown = CliRunner().invoke(app, [*verb, "--help"], terminal_width=80)
    assert shown.exit_code == 0
    assert "..." not in shown.stdout.partition("Commands:")[2]
