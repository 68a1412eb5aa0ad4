"""What interrupts and what does not: promises to go on, and events that cannot be written."""

import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from serve.campaign_view import campaign_view
from serve.cli import RESUMES, _running_verb
from serve.session import SESSION
from simulate.campaign import CampaignProgress


@pytest.mark.parametrize(
    ("words", "goes_on"),
    [
        ("simulate campaign.yaml", True),
        ("records merge store --into all", True),
        ("--quiet records thin store", True),
        ("records relabel store --out new", True),
        ("records list store", False),
        ("records", False),
        ("train records", True),
        ("evaluate records", False),
    ],
)
def test_records_have_verbs_of_their_own(
    monkeypatch: pytest.MonkeyPatch, words: str, *, goes_on: bool
) -> None:
    argv = words.split()
    monkeypatch.setattr("sys.argv", ["glassyli", *argv])
    verb = next(word for word in argv if not word.startswith("-"))
    monkeypatch.setattr(SESSION, "verb", verb)
    assert (_running_verb() in RESUMES) == goes_on


SILENT = SimpleNamespace(progress=lambda *_: nullcontext(SimpleNamespace(at=lambda *_, **__: None)))
STARTED = CampaignProgress(
    event="started", n_total=2, n_done=0, n_running=0, outcomes=Counter(), worker_losses=0,
    elapsed_s=1.0, seconds_left=None, ns_per_day=0.0, busy_share=0.0,
)  # fmt: skip


def test_events_are_added_a_line_each_at_once(tmp_path: Path) -> None:
    events = tmp_path / "logs" / "events.jsonl"
    for _ in range(2):
        with campaign_view(SILENT, 2, events) as view:
            view.show(STARTED)
            assert events.read_text().endswith("}\n")
    assert [json.loads(line)["event"] for line in events.open()] == ["started"] * 2


def test_a_campaign_goes_on_without_events_on_a_full_disk(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with campaign_view(SILENT, 2, Path("/dev/full")) as view:
        view.show(STARTED)
        view.show(STARTED)
    (said,) = caplog.messages
    assert said.startswith("going on without --events: /dev/full cannot be written: No space")
