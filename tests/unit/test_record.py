import math

import pytest
from pydantic import ValidationError
from synthetic import Truth, lithium, synthetic_record

from simulate.record import EnergyBalance, Failure, TrajectoryRecord

NEVER = Truth(quench_logit=-50.0, cure=1.0 - 1e-9)
DRIFT = Failure(cause="energy_drift", message="drifted", stage="hold")


def failed(record: TrajectoryRecord, drift_meV: list[float], cause: Failure) -> TrajectoryRecord:
    """The same trajectory with a conserved quantity that runs away, and no answer."""
    held = [frame for frame in record.frames if frame.stage == "hold"]
    before = [frame for frame in record.frames if frame.stage != "hold"]
    drifting = [
        frame.model_copy(update={"conserved_meV_per_atom": drift})
        for frame, drift in zip(held, drift_meV, strict=False)
    ]
    balance = EnergyBalance(
        drift_meV_per_atom=drift_meV[-1] if drift_meV else 0.0,
        limit_meV_per_atom=1.0,
        is_binding=True,
    )
    return record.model_copy(
        update={
            "frames": before + drifting,
            "outcome": None,
            "incubation": None,
            "failure": cause,
            "energy_balance": balance,
        }
    )


def test_a_drifting_hold_is_censored_where_its_energy_balance_ran_out() -> None:
    record = synthetic_record(lithium(energy_exchange="confined"), 1, NEVER)
    times = [frame.time_ps for frame in record.frames if frame.stage == "hold"]
    sound = len(times) // 2
    drift = [0.5] * sound + [1.5] * (len(times) - sound)
    seen = failed(record, drift, DRIFT).witnessed
    persistence_ps = record.protocol.labelling.persistence_ps
    assert seen is not None
    assert seen.upper_ps is None
    assert seen.lower_ps == pytest.approx(times[sound - 1] - persistence_ps)


def test_a_hold_that_lost_its_worker_is_censored_at_its_last_frame() -> None:
    record = synthetic_record(lithium(), 1, NEVER)
    lost = Failure(cause="lost_atoms", message="gone", stage="hold")
    seen = failed(record, [0.0] * 8, lost).witnessed
    assert seen is not None
    assert seen.lower_ps > 0.0


def test_a_failure_before_the_hold_tells_nothing() -> None:
    record = synthetic_record(lithium(), 1, NEVER)
    assert failed(record, [], DRIFT).witnessed is None


def test_an_answered_record_witnessed_its_incubation() -> None:
    record = synthetic_record(lithium(), 1)
    assert record.witnessed == record.incubation


def test_a_record_is_answered_or_failed_and_never_both() -> None:
    values = synthetic_record(lithium(), 1).model_dump()
    with pytest.raises(ValidationError, match="either an outcome"):
        TrajectoryRecord.model_validate(values | {"failure": DRIFT})
    with pytest.raises(ValidationError, match="either an outcome"):
        TrajectoryRecord.model_validate(values | {"outcome": None})


def test_small_embryos_are_not_decidable() -> None:
    assert not synthetic_record(lithium(120), 1).is_decidable
    assert synthetic_record(lithium(300), 1).is_decidable
    assert math.isclose(synthetic_record(lithium(300), 1).label_ceiling / 300, 0.37, abs_tol=0.02)
