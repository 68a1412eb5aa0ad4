import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_readme_has_no_blank_left_to_fill() -> None:
    assert re.findall(r"@[A-Z]+@", README) == []


def test_everything_the_readme_links_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_config_the_readme_names_is_there() -> None:
    named = set(re.findall(r"configs/\w+\.yaml", README))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
