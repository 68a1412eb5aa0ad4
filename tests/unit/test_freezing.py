"""Forecasts are frozen once, before anything is simulated, of a search's own model."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import (
    SHORT_PROTOCOL,
    lithium,
    synthetic_designs,
    synthetic_package,
    synthetic_record,
    synthetic_store,
)

from serve.verification_words import cut_short, remarks
from simulate.errors import GlassyLiError, MisuseError
from simulate.store import create_or_open
from surrogate.deposition.embryos import EmbryoShare
from surrogate.frozen.forecasts import (
    FORECASTS,
    VerificationQuestion,
    read_forecasts,
    read_search,
)
from surrogate.frozen.freezing import freeze, frozen_in, systematic_draw
from surrogate.predictor import Predictor
from surrogate.search.config import SearchConfig
from surrogate.search.result import SearchResult
from surrogate.search.run import run_search
from train.verification import verified


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("model")
    store = synthetic_store(folder / "store", synthetic_designs(8), n_replicas=1)
    return Predictor(synthetic_package(folder / "model", store))


@pytest.fixture(scope="module")
def search(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    run_search(
        predictor,
        SearchConfig(objective="glassy_share", n_trials=12, max_clipped_share=1.0, also_maps=()),
        folder,
    )
    return folder


def question_of(predictor: Predictor, search: Path, **changed: int) -> VerificationQuestion:
    values = {"n_top": 2, "n_embryos": 6} | changed
    return VerificationQuestion(
        search_sha256=read_search(search, predictor.package.label)[1],
        model=predictor.package.label,
        **values,
    )


def result_of(predictor: Predictor, search: Path) -> SearchResult:
    return read_search(search, predictor.package.label)[0]


def test_a_systematic_draw_holds_each_kind_as_often_as_its_weight_says() -> None:
    weights = [0.02, 0.5, 0.08, 0.4]
    shares = [EmbryoShare(design=lithium(100 + n), weight=w) for n, w in enumerate(weights)]
    for seed in range(20):
        drawn = systematic_draw(shares, 50, np.random.default_rng(seed))
        assert len(drawn) == 50
        for share in shares:
            assert abs(drawn.count(share.design) - 50 * share.weight) < 1.0


def test_forecasts_are_frozen_once(predictor: Predictor, search: Path, tmp_path: Path) -> None:
    result, question = (
        result_of(predictor, search),
        question_of(predictor, search),
    )
    first = frozen_in(tmp_path, predictor, result, question)
    written = (tmp_path / FORECASTS).read_bytes()
    wrong = Predictor(replace(predictor.package))
    wrong.survival_members = None  # type: ignore[assignment, method-assign]  # must not be asked
    again = frozen_in(tmp_path, wrong, result, question)
    assert again == first
    assert (tmp_path / FORECASTS).read_bytes() == written


def test_the_frozen_forecast_is_the_models_own(predictor: Predictor, search: Path) -> None:
    found = freeze(predictor, result_of(predictor, search), question_of(predictor, search))
    assert [each.group for each in found.conditions] == ["top", "top", "random", "random"]
    assert found.judged_ps == synthetic_record(lithium()).planned_follow_up_ps
    assert found.protocol == predictor.package.protocol
    one = found.conditions[0]
    designs = [each.design for each in one.embryos]
    expected = predictor.survival_members(designs, [found.judged_ps], "full")[:, :, 0]
    assert np.allclose(one.members, expected.mean(axis=1))
    assert np.allclose([each.p_glassy for each in one.embryos], expected.mean(axis=0))
    low, high = one.interval
    assert low <= one.glassy_share <= high


def test_seeds_are_those_of_no_campaign_and_of_no_other_model(
    predictor: Predictor, search: Path
) -> None:
    question = question_of(predictor, search)
    other = question.model_copy(update={"model": "retrained-00000000"})
    seeds = {
        each.seed
        for one in freeze(predictor, result_of(predictor, search), question).conditions
        for each in one.embryos
    }
    assert min(seeds) >= 1_000_000
    assert other.first_seed not in seeds
    assert question.first_seed in seeds


def test_within_a_set_of_conditions_no_trajectory_counts_twice(
    predictor: Predictor, search: Path
) -> None:
    asked = question_of(predictor, search, n_embryos=60)
    for one in freeze(predictor, result_of(predictor, search), asked).conditions:
        assert len({each.trajectory_id for each in one.embryos}) == 60


def test_a_folder_refuses_another_question(
    predictor: Predictor, search: Path, tmp_path: Path
) -> None:
    result = result_of(predictor, search)
    frozen_in(tmp_path, predictor, result, question_of(predictor, search))
    with pytest.raises(MisuseError, match=r"n_embryos = 6 \(asked for: 7\)"):
        frozen_in(tmp_path, predictor, result, question_of(predictor, search, n_embryos=7))


def test_changed_forecasts_are_refused(predictor: Predictor, search: Path, tmp_path: Path) -> None:
    frozen_in(
        tmp_path,
        predictor,
        result_of(predictor, search),
        question_of(predictor, search),
    )
    path = tmp_path / FORECASTS
    values = json.loads(path.read_text())
    values["conditions"][0]["glassy_share"] = 0.123
    path.write_text(json.dumps(values))
    with pytest.raises(GlassyLiError, match="changed after it was frozen"):
        read_forecasts(path)


def test_nothing_is_frozen_after_it_was_simulated(
    predictor: Predictor, search: Path, tmp_path: Path
) -> None:
    synthetic_store(tmp_path / "records", [lithium()], n_replicas=1)
    with pytest.raises(MisuseError, match="frozen before anything is simulated"):
        frozen_in(
            tmp_path,
            predictor,
            result_of(predictor, search),
            question_of(predictor, search),
        )


def test_a_folder_without_a_search_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match=r"search\.json"):
        read_search(tmp_path, "truth-0")


def test_a_search_of_another_model_is_refused(search: Path) -> None:
    with pytest.raises(MisuseError, match="with the model that it asked"):
        read_search(search, "other-00000000")


def test_a_longer_horizon_gets_a_longer_hold(predictor: Predictor, search: Path) -> None:
    result = result_of(predictor, search).model_copy(update={"horizon_ps": 350.0})
    found = freeze(predictor, result, question_of(predictor, search))
    assert found.protocol.hold_ps == 350.0
    assert found.protocol.is_like(predictor.package.protocol)
    longer = synthetic_record(lithium(), protocol=found.protocol)
    assert found.judged_ps == longer.planned_follow_up_ps == pytest.approx(330.0, abs=10.0)


def test_more_of_the_best_than_were_ranked_are_not_cut_without_a_word(
    predictor: Predictor, search: Path, tmp_path: Path
) -> None:
    result, asked = result_of(predictor, search), question_of(predictor, search, n_top=40)
    forecasts = freeze(predictor, result, asked)
    found = verified(forecasts, create_or_open(tmp_path, SHORT_PROTOCOL))
    n_ranked = len(result.ranked)
    assert found.n_top_asked == 40
    said = f"The best 40 were asked for, but the search ranked {n_ranked}"
    assert any(each.startswith(said) for each in remarks(found))
    assert cut_short(n_ranked, n_ranked) is None
