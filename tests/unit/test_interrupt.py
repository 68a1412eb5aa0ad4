"""An interrupt promises to go on where that is true, and only there."""

import pytest

from serve.cli import RESUMES, _running_verb
from serve.session import SESSION


@pytest.mark.parametrize(
    ("words", "goes_on"),
    [
        ("simulate campaign.yaml", True),
        ("records merge store --into all", True),
        ("--quiet records thin store", True),
        ("records relabel store --out new", True),
        ("records list store", False),
        ("records", False),
        ("train records", False),
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
