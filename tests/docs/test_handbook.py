# SPDX-License-Identifier: GPL-3.0-or-later
"""The handbook builds, its links lead somewhere, its commands run, and the README stays short."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.harness.project import Project

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
README_LIMIT = 5 * 1024
MAN_PAGES = {"man7/smedoit.7", "man7/smedoit-tasks.7", "man5/release.toml.5"}
RUNNABLE = re.compile(r"^<!-- run -->\n```sh\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^<!-- run", re.MULTILINE)
MARKDOWN_LINK = re.compile(r"\]\((?P<target>[^)#\s]+)[^)]*\)")
MINUTES = 120  # seconds after which a block of commands has come to a standstill


def texts() -> list[Path]:
    """Return every source of the handbook."""
    return sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)


def runnable(page: Path) -> list[str]:
    """Return the blocks of commands on a page that are marked with <!-- run -->, in their order."""
    return [found["commands"] for found in RUNNABLE.finditer(page.read_text(encoding="utf-8"))]


@dataclass
class Page(HTMLParser):
    """The ids and links of an HTML page."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name in ("href", "src") and value is not None:
                self.links.append(value)


def read_page(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def broken_links(site: Path) -> Iterator[str]:
    """Yield every link inside the site whose file or anchor is not there."""
    pages = {path: read_page(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                yield f"{path.relative_to(site)}: {link}: no such file"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
                yield f"{path.relative_to(site)}: {link}: no such anchor"


def build(builder: str, place: Path) -> Path:
    """Build the handbook; a warning of Sphinx fails the test with its words."""
    words = ("-m", "sphinx", "-W", "--keep-going", "-q", "-b", builder, "-d", str(place / "doctrees"))
    done = subprocess.run(
        [sys.executable, *words, str(DOCS), str(place / builder)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return place / builder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The HTML pages."""
    return build("html", tmp_path_factory.mktemp("handbook")).resolve()


def test_the_handbook_builds_without_a_warning_and_every_link_inside_it_leads_somewhere(site: Path) -> None:
    assert (site / "index.html").is_file()
    assert list(broken_links(site)) == []


def test_a_link_to_a_file_or_an_anchor_that_is_not_there_is_found(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text('<p id="here"><a href="#here"></a><a href="https://example.invalid/"></a></p>')
    (tmp_path / "bad.html").write_text('<a href="gone.html"></a><a href="good.html#nowhere"></a>')
    assert list(broken_links(tmp_path.resolve())) == [
        "bad.html: gone.html: no such file",
        "bad.html: good.html#nowhere: no such anchor",
    ]


def test_the_same_text_makes_the_man_pages(tmp_path: Path) -> None:
    pages = build("man", tmp_path)
    assert {path.relative_to(pages).as_posix() for path in pages.glob("man*/*")} == MAN_PAGES
    assert "volume_id" in (pages / "man5/release.toml.5").read_text(encoding="utf-8").replace(r"\_", "_")


def test_every_task_is_in_the_reference_and_in_the_table_of_the_wiki_page(site: Path) -> None:
    creators = re.findall(r"^def task_(\w+)", (ROOT / "smedoit/contents.py").read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {f"task-{name.replace('_', '-').lower()}" for name in creators}
    assert anchors <= read_page(site / "reference/tasks.html").ids
    assert anchors <= {urlsplit(link).fragment for link in read_page(site / "reference/wiki.html").links}


@pytest.mark.parametrize("page", [page for page in texts() if runnable(page)], ids=lambda page: page.stem)
def test_every_command_that_is_marked_as_runnable_runs(page: Path, project: Project, tmp_path: Path) -> None:
    for name in ("dodo.py", "pyproject.toml"):
        shutil.copyfile(ROOT / name, project.home / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "doit").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m doit "$@"\n')
    (programs / "doit").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(project.home),
        "SMEDOIT_RELEASE": str(project.home / "release.toml"),
    }
    for commands in runnable(page):
        done = subprocess.run(
            ["sh", "-e", "-c", commands],
            cwd=project.home, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=MINUTES,
        )  # fmt: skip
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", texts(), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_mark_stands_before_a_block_of_commands(page: Path) -> None:
    assert len(runnable(page)) == len(MARK.findall(page.read_text(encoding="utf-8")))


def test_the_readme_fits_on_a_screen_or_two() -> None:
    assert README.stat().st_size <= README_LIMIT


@pytest.mark.parametrize("text", [README, ROOT / "CONTRIBUTING.md"], ids=lambda text: text.name)
def test_every_file_that_is_linked_from_the_top_is_there(text: Path) -> None:
    targets = [found["target"] for found in MARKDOWN_LINK.finditer(text.read_text(encoding="utf-8"))]
    local = [target for target in targets if not urlsplit(target).scheme]
    assert [target for target in local if not (ROOT / target).exists()] == []
