"""The page's files as they are served: closed, complete, and kept just so long."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from serve.endpoint.routes.page import Explorer, routes

EXPLORER = Explorer.read()
SCRIPTS = sorted(name for name in EXPLORER.assets if name.endswith(".js"))

ALLOWED_ADDRESSES = {"http://www.w3.org/2000/svg"}
"""Names that are no addresses to fetch."""


@pytest.fixture(scope="module")
def client():
    app = FastAPI()
    app.include_router(routes())
    return TestClient(app)


def linked(page: str) -> list[str]:
    return re.findall(r'(?:href|src)="(assets/[^"]+)"', page)


def test_everything_the_page_links_to_is_there(client):
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    found = linked(page.text)
    assert len(found) > len(SCRIPTS)
    for address in found:
        assert f"/{EXPLORER.digest}/" in address
        assert client.get(f"/{address}").status_code == 200


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client):
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.text) == []
    texts = {name: text for name, text in EXPLORER.assets.items() if not name.endswith(".gz")}
    for content in (EXPLORER.page, *texts.values()):
        addresses = re.findall(r"https?://[^\s\"'`)]+", content.decode())
        assert set(addresses) <= ALLOWED_ADDRESSES


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_import_is_a_file_and_a_name_of_it(name):
    text = EXPLORER.assets[name].decode()
    for names, module in re.findall(r'import \{([^}]*)\} from "\./([^"]+)"', text):
        exported = EXPLORER.assets[module].decode()
        for each in names.replace("\n", " ").split(","):
            if name := each.strip():
                assert re.search(rf"export (async )?(const|function|class) {name}\b", exported)
    assert len(text.splitlines()) < 260


def test_assets_are_kept_for_ever_and_the_page_is_asked_for(client):
    page = client.get("/")
    assert page.headers["cache-control"] == "no-cache"
    again = client.get("/", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    asset = client.get(f"/{linked(page.text)[0]}")
    assert "immutable" in asset.headers["cache-control"]
    older = client.get("/assets/000000000000/explorer.js")
    assert older.headers["cache-control"] == "no-cache"


NO_FILES = ("index.html", "nothing.js", "..%2f__init__.py", "%2e%2e%2f__init__.py", "look.css%00")


@pytest.mark.parametrize("name", NO_FILES)
def test_only_files_of_the_page_are_given(client, name):
    assert client.get(f"/assets/{EXPLORER.digest}/{name}").status_code == 404


def test_methods_and_types(client):
    assert client.post("/").status_code == 405
    types = {
        name: client.get(f"/assets/x/{name}").headers["content-type"]
        for name in ("explorer.js", "look.css", "icon.svg", "example.xyz.gz")
    }
    assert types == {
        "explorer.js": "text/javascript; charset=utf-8",
        "look.css": "text/css; charset=utf-8",
        "icon.svg": "image/svg+xml",
        "example.xyz.gz": "application/gzip",
    }
