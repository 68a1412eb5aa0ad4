"""What records of another potential bring is asked of designs that were left out, of no others."""

import json
from pathlib import Path

import numpy as np
import pytest
from synthetic import NEVER, QUICK_TRAINING, Truth, like, synthetic_designs, synthetic_store

from benchmarks import mixed as study
from benchmarks.mixed import ALONE, BOTH, LAW_OF_BOTH, LAW_OF_OTHER, main, mixed, together
from simulate.errors import MisuseError
from simulate.store import RecordStore
from train.config import TrainingConfig
from train.judges import Judges
from train.records import Records, read_records

SODIUM = "nichol-ackland-2016-na"
TINY = QUICK_TRAINING.model_copy(
    update={"epochs": 0, "snapshots_per_run": 1, "design_steps": 2, "n_packings": 1}
)
N_LITHIUM, N_SODIUM = 10, 4


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordStore, RecordStore]:
    """Lithium that orders soon, and sodium that never does."""
    folder = tmp_path_factory.mktemp("mixed")
    sodium = [like(design, SODIUM) for design in synthetic_designs(N_SODIUM, seed=7)]
    return (
        synthetic_store(folder / "li", synthetic_designs(N_LITHIUM), 1, Truth(median_ps=30.0)),
        synthetic_store(folder / "na", sodium, 1, NEVER),
    )


def test_a_design_is_judged_by_those_who_learnt_the_others_of_its_metal(
    stores: tuple[RecordStore, RecordStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    records = read_records(stores)
    others = {record.design.key for record in stores[1]}
    learnt: list[set[str]] = []

    def spied(part: Records, config: TrainingConfig) -> Judges:
        learnt.append({record.design.key for _, record in part.answered})
        return trained(part, config)

    trained = study.trained
    monkeypatch.setattr(study, "trained", spied)
    found = mixed(records, others, TINY, 2)
    of_lithium, *of_both = learnt
    assert len(of_lithium) == N_LITHIUM
    assert not of_lithium & others
    left_out = [others - each for each in of_both]
    assert [len(each) for each in left_out] == [2, 2]
    assert left_out[0] | left_out[1] == others
    assert found[0].landmark == "packing"
    assert (found[0].n_learnt, found[0].n_other, found[0].n_ordered) == (N_LITHIUM, N_SODIUM, 0)
    # Sodium never orders: whoever saw some of it expects less order than who saw lithium alone.
    expected = {name: each.expected for name, each in found[0].over_kaplan_meier.items()}
    assert max(expected[BOTH], expected[LAW_OF_BOTH], expected[LAW_OF_OTHER]) < expected[ALONE]
    assert found[0].over_alone.log.skill > 0.0


def test_forecasts_of_parts_are_put_where_their_rows_are() -> None:
    rows = np.array([True, False, True])
    whole = together([(rows, lambda t: 2.0 * t), (~rows, lambda t: -t)])
    assert whole(np.array([1.0, 2.0, 3.0])).tolist() == [2.0, -2.0, 6.0]


def test_the_command_writes_its_page_and_leaves_every_design_out_by_itself(
    stores: tuple[RecordStore, RecordStore], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lithium, sodium = (str(store.path) for store in stores)
    config = tmp_path / "tiny.yaml"
    config.write_text(json.dumps(TINY.model_dump(mode="json")), encoding="utf-8")
    page = tmp_path / "page.md"
    main([lithium, sodium, "--config", str(config), "--out", str(page), "--json"])
    assert json.loads(capsys.readouterr().out)[0]["n_other"] == N_SODIUM
    assert f"left\nout in {N_SODIUM} parts" in page.read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match="must be of another potential"):
        main([lithium, lithium, "--config", str(config)])


@pytest.mark.parametrize(("n_others", "n_parts"), [(2, 2), (4, 1), (4, 5)])
def test_too_little_to_leave_out_is_refused_before_any_training(
    stores: tuple[RecordStore, RecordStore], n_others: int, n_parts: int
) -> None:
    others = sorted(record.design.key for record in stores[1])[:n_others]
    with pytest.raises(MisuseError, match="left out in 2 parts"):
        mixed(read_records(stores), set(others), TINY, n_parts)
