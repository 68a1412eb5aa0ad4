"""TensorBoard's files hold what was told, once, also after a fit went on."""

import struct
from pathlib import Path

from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_package, synthetic_store
from tensorboardX.proto.event_pb2 import Event

from train.course import Epoch
from train.logs import MemberLog, log_ensemble


def events(folder: Path) -> list[Event]:
    """All events of a folder: records of length, checksum, event and checksum, in order."""
    found = []
    for path in sorted(folder.glob("events.*"), key=lambda each: each.stat().st_mtime_ns):
        content, start = path.read_bytes(), 0
        while start < len(content):
            (size,) = struct.unpack_from("<Q", content, start)
            found.append(Event.FromString(content[start + 12 : start + 12 + size]))
            start += size + 16
    return found


def curves(folder: Path) -> dict[str, dict[int, float]]:
    """What TensorBoard shows: a new session takes the place of what began no earlier."""
    found: dict[str, dict[int, float]] = {}
    for event in events(folder):
        if event.HasField("session_log"):
            for curve in found.values():
                for step in [each for each in curve if each >= event.step]:
                    del curve[step]
        for value in event.summary.value:
            found.setdefault(value.tag, {})[event.step] = round(value.simple_value, 6)
    return found


def test_curves_of_a_member_that_went_on(tmp_path: Path) -> None:
    first = MemberLog(tmp_path, 3)
    for epoch in (Epoch(0), Epoch(1, 3.0, 2.5, 0.01), Epoch(2, 2.0, 2.25, 0.01), Epoch(3, 9.0)):
        first.tell(epoch)
    first.close()
    again = MemberLog(tmp_path, 3)
    for epoch in (Epoch(0), Epoch(3, 1.0, 2.0, 0.01), Epoch(4, 0.5, 2.125, 0.01)):
        again.tell(epoch)
    again.close()
    assert curves(tmp_path / "member-3") == {
        "loss/fitted": {1: 3.0, 2: 2.0, 3: 1.0, 4: 0.5},
        "loss/validation": {1: 2.5, 2: 2.25, 3: 2.0, 4: 2.125},
        "learning_rate": dict.fromkeys((1, 2, 3, 4), 0.01),
    }


def test_the_ensemble_shows_its_gates_and_scores(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(6), 2, has_frames=False)
    config = QUICK_TRAINING.model_copy(update={"epochs": 0})
    package = synthetic_package(tmp_path / "model", store, config)
    log_ensemble(tmp_path / "logs", package.manifest, package.card_text)
    found = curves(tmp_path / "logs" / "ensemble")
    scores = package.manifest.scores["full"]
    assert found["full/log/skill"] == {0: round(scores["log"]["skill"], 6)}
    assert found["full/integrated_brier/model"][0] > 0.0
    assert found["gate/waiting"] == {0: package.manifest.gates.waiting}
    texts = [v.tensor for e in events(tmp_path / "logs" / "ensemble") for v in e.summary.value]
    assert any(b"n_members: 2" in b"".join(each.string_val) for each in texts)
