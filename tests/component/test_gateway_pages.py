"""The pages for people: what is served where, and that it is what its makers published."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from services.gateway.pages import STATIC
from tests.gateway_lab import running_gateway

# SHA-256 of the files in their npm packages (see static/LICENSES/README.md).
VENDORED = {
    "graphiql.min.css": "b1868247f8e0502cd869e581f5f3cb55b334862e7f51b1d6cbace11059b9adc2",
    "graphiql.min.js": "22faab94067b695e5f7959619fbe686ebcc8955002a0c97d986bcbba4ad4bc2c",
    "react-dom.production.min.js": (
        "21758ed084cd0e37e735722ee4f3957ea960628a29dfa6c3ce1a1d47a2d6e4f7"
    ),
    "react.production.min.js": "4b4969fa4ef3594324da2c6d78ce8766fbbc2fd121fff395aedf997db0a99a06",
}
OURS = {"start.js", "start.css"}


async def test_graphiql_is_served_in_local_mode_only(tmp_path: Path) -> None:
    """Elsewhere neither the page nor its files are there, and the home page does not link to it."""
    addresses = ["/graphiql", "/static/graphiql/graphiql.min.js", "/static/graphiql/start.js"]
    (tmp_path / "local").mkdir()
    (tmp_path / "production").mkdir()
    async with running_gateway(tmp_path / "local") as lab:
        local = [(await lab.http.get(address)).status_code for address in addresses]
        linked = "/graphiql" in (await lab.http.get("/")).text
    async with running_gateway(tmp_path / "production", graphiql=False) as lab:
        elsewhere = [(await lab.http.get(address)).status_code for address in addresses]
        linked_elsewhere = "/graphiql" in (await lab.http.get("/")).text

    assert ([200, 200, 200], True) == (local, linked)
    assert ([404, 404, 404], False) == (elsewhere, linked_elsewhere)


@pytest.mark.parametrize(
    ("address", "header", "language"),
    [
        ("/", "nl", "nl"),
        ("/", "de", "en"),
        ("/?language=nl", "en", "nl"),
        ("/?language=x", "", "en"),
    ],
)
async def test_the_home_page_is_in_the_readers_language(
    tmp_path: Path, address: str, header: str, language: str
) -> None:
    """The address decides, then the browser's preference, then English."""
    async with running_gateway(tmp_path) as lab:
        page = await lab.http.get(address, headers={"Accept-Language": header})

    assert f'<html lang="{language}">' in page.text


async def test_pages_may_load_from_this_host_only(tmp_path: Path) -> None:
    """The browser is told to refuse every other host, inline scripts and frames."""
    async with running_gateway(tmp_path) as lab:
        for address in ("/", "/graphiql"):
            policy = (await lab.http.get(address)).headers["content-security-policy"]

            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
            assert "http" not in policy


async def test_built_pages_stand_at_the_root_and_nothing_beside_them(tmp_path: Path) -> None:
    """Each file of the folder has an address, nothing outside it has, and who asked is not counted."""
    built = tmp_path / "built"
    (built / "assets").mkdir(parents=True)
    (tmp_path / "secret.html").write_text("secret")
    for name in ("index.html", "figures.html", "assets/page.js", ".ready"):
        (built / name).write_text(f"this is {name}")
    async with running_gateway(tmp_path, pages=built) as lab:
        there = {
            path: await lab.http.get(path) for path in ("/", "/figures.html", "/assets/page.js")
        }
        missing = [
            "/.ready",
            "/../secret.html",
            "/%2e%2e/secret.html",
            "/assets/",
            "/built/index.html",
        ]
        absent = [(await lab.http.get(path)).status_code for path in missing]
        counted = lab.left()

    assert ["index.html", "figures.html", "assets/page.js"] == [
        answer.text.removeprefix("this is ") for answer in there.values()
    ]
    assert "text/javascript" in there["/assets/page.js"].headers["content-type"]
    for answer in there.values():
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'; style-src 'self';" in policy
        assert "unsafe" not in policy
        assert "no-store" == answer.headers["cache-control"]
    assert {404} == set(absent)
    assert 'http_route="home"' not in counted
    assert 'http_status="200"' not in counted


async def test_without_built_pages_the_home_page_says_how_to_get_them(tmp_path: Path) -> None:
    """In local mode; in production front ends are the organisation's own."""
    (tmp_path / "local").mkdir()
    (tmp_path / "production").mkdir()
    async with running_gateway(tmp_path / "local") as lab:
        local = (await lab.http.get("/")).text
    async with running_gateway(tmp_path / "production", graphiql=False) as lab:
        elsewhere = (await lab.http.get("/")).text

    assert "make pages" in local
    assert "make pages" not in elsewhere


@pytest.mark.parametrize("path", ["graphiql.html", "graphiql/start.js", "graphiql/start.css"])
def test_our_own_files_name_no_other_host(path: str) -> None:
    """Nothing that we wrote loads anything from elsewhere, nor holds a script in the page."""
    text = (STATIC / path).read_text()

    assert not re.search(r"https?://|//[a-z0-9-]+\.[a-z]", text.replace("// ", ""))
    assert "<script>" not in text


def test_files_of_others_are_as_they_were_published() -> None:
    """Each file has the hash that it has in its package, and its licence lies beside it."""
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (STATIC / "graphiql").iterdir()
        if path.name not in OURS
    }
    table = (STATIC / "LICENSES" / "README.md").read_text()

    assert VENDORED == found
    for name in VENDORED:
        assert f"`{name}`" in table
    for licence in re.findall(r"`([a-z0-9.-]+\.txt)`", table):
        assert "MIT License" in (STATIC / "LICENSES" / licence).read_text()
