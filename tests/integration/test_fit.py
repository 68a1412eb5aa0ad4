"""Ray Train from records to a package, and its patience with a busy cluster."""

from pathlib import Path

import pytest
import ray
from synthetic import QUICK_TRAINING, synthetic_designs, synthetic_package, synthetic_store

from simulate.cluster import ray_session
from simulate.errors import GlassyLiError
from surrogate.package import read_package
from train.fit import TrainingProgress, fit_package

pytestmark = [pytest.mark.needs_ray, pytest.mark.slow]


def test_ray_trains_the_same_model_as_plain_python(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(5), 1)
    told: list[TrainingProgress] = []
    summary = fit_package(store, QUICK_TRAINING, tmp_path / "model", "trial", told.append)
    package = read_package(tmp_path / "model")
    plain = synthetic_package(tmp_path / "plain", store, QUICK_TRAINING, "trial")
    assert package.label == summary.model == plain.label
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model",
        "model.training",
        "plain",
        "store",
    ]
    assert [each.phase for each in told[:2]] == ["reading", "starting"]
    assert told[-1].phase == "scoring"
    assert any(each.phase == "fitting" and each.done for each in told)


def test_a_busy_cluster_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    store = synthetic_store(tmp_path / "store", synthetic_designs(4), 1)
    config = QUICK_TRAINING.model_copy(update={"ray_start_timeout_s": 2.0})
    with ray_session(n_cpus=1):

        @ray.remote(num_cpus=1)
        class Campaign:
            def is_up(self) -> bool:
                return True

        campaign = Campaign.remote()
        assert ray.get(campaign.is_up.remote())
        with pytest.raises(GlassyLiError, match="busy"):
            fit_package(store, config, tmp_path / "model", "late")
    assert not (tmp_path / "model").exists()
