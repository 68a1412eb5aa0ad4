"""What holds for every test: nothing is left in the user's own folders."""

import hypothesis
import pytest

# A machine that others use, too, is no slower code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory):
    """Neighbour lists are kept for the session only; processes started by tests see it, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def coarse_pictures(monkeypatch):
    """What is drawn of a search's answer is not what a test is about, and most of its price."""
    from surrogate.search import sensitivity, surface

    monkeypatch.setattr(sensitivity, "N_SOBOL", 4)
    monkeypatch.setattr(sensitivity, "N_OTHERS", 2)
    monkeypatch.setattr(surface, "N_CURRENTS", 3)
    monkeypatch.setattr(surface, "N_TIMES", 3)


@pytest.fixture(scope="session")
def served():
    """A real server over the model that ships; see `served.Served`."""
    from served import served_package

    from serve.models import model_path

    with served_package(model_path(None)) as server:
        yield server
