import re
from pathlib import Path

from serve.models import model_path
from surrogate.manifest import read_manifest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_readme_has_no_blank_left_to_fill() -> None:
    assert re.findall(r"@[A-Z]+@|TEST_TIME|TODO", README) == []


def test_everything_the_readme_links_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_config_the_readme_names_is_there() -> None:
    named = set(re.findall(r"configs/\w+\.yaml", README))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_tells_the_scores_of_the_model_that_ships() -> None:
    manifest = read_manifest(model_path(None))
    brier = manifest.scores["full"]["integrated_brier"]
    low, high = brier["skill_interval"]
    told = (
        f"{manifest.n_records} trajectories of {len(manifest.domain.designs)} designs",
        f"{100 * brier['skill']:.0f} % (90 % interval {100 * low:.0f} to {100 * high:.0f} %)",
    )
    assert [words for words in told if words not in " ".join(README.split())] == []
