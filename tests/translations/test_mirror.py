# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror of the installer's translations: exactly the set that is there, or the old one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.config.inputs import TranslationsSettings
from smedoit.config.network import NetworkSettings
from smedoit.errors import ConfigError, ContentError, FileError, NetworkError
from smedoit.runtime import files, progress
from smedoit.sample.translations import LANGUAGES, MESSAGES, encode_mo, practice_catalog
from smedoit.translations import mirror as translations_mirror
from smedoit.translations.mirror import mirror_translations
from tests.harness import servers
from tests.harness.processes import CEILING, wait_until
from tests.harness.servers import ScriptedServer, broken_off, listing, publish, served, status

QUICK = NetworkSettings(delay=0, timeout=600, tries=1)
SET = {f"{language}/LC_MESSAGES/anaconda.mo": practice_catalog(language) for language in LANGUAGES}
BASE = "/anaconda/sme10/"
DE = "de/LC_MESSAGES/anaconda.mo"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with servers.scripted() as one:
        yield one


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def mirror(place: Path, url: str, network: NetworkSettings = QUICK) -> str:
    return mirror_translations(TranslationsSettings(place / "po", url=url), network, place / "memory.json")


def here(place: Path) -> dict[str, bytes]:
    root = place / "po"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def stamps(place: Path) -> dict[str, object]:
    """Return when each file and directory below place was changed."""
    return {str(path): path.stat().st_mtime_ns for path in [place, *place.rglob("*")]}


def test_the_set_that_is_there_comes(server: ScriptedServer, tmp_path: Path) -> None:
    said = mirror(tmp_path, publish(server, BASE, SET))
    assert here(tmp_path) == SET
    assert said.startswith("6 languages; added: de 100 %, es 100 %, fr 100 %, it 100 %, nl 100 %, pt_BR 100 %; ")
    assert sorted(os.listdir(tmp_path)) == ["memory.json", "po"]


def test_the_address_needs_no_slash_at_its_end(server: ScriptedServer, tmp_path: Path) -> None:
    mirror(tmp_path, publish(server, BASE, SET).rstrip("/"))
    assert here(tmp_path) == SET


def test_a_second_run_makes_only_conditional_requests_and_writes_nothing(
    server: ScriptedServer, tmp_path: Path
) -> None:
    url = publish(server, BASE, SET)
    mirror(tmp_path, url)
    server.asked.clear()
    before = stamps(tmp_path)
    said = mirror(tmp_path, url)
    assert len(server.asked) == 1 + 3 * len(SET)
    assert all(one.is_conditional for one in server.asked)
    assert stamps(tmp_path) == before
    assert said == f"6 languages; none changed; {len(server.asked)} requests, nothing to transfer"


def test_a_language_that_vanished_upstream_vanishes_here_and_is_reported(
    server: ScriptedServer, tmp_path: Path
) -> None:
    mirror(tmp_path, publish(server, BASE, SET))
    fewer = {path: data for path, data in SET.items() if path != DE}
    said = mirror(tmp_path, publish(server, BASE, fewer))
    assert here(tmp_path) == fewer
    assert "removed: de;" in said
    assert not (tmp_path / "po/de").exists()


def test_a_changed_language_is_reported_with_its_completeness(server: ScriptedServer, tmp_path: Path) -> None:
    mirror(tmp_path, publish(server, BASE, SET))
    half = encode_mo({"": "Content-Type: text/plain; charset=UTF-8\n", MESSAGES[0]: "WILLKOMMEN"})
    with progress.open_task_log(tmp_path / "log"):
        said = mirror(tmp_path, publish(server, BASE, {**SET, DE: half}))
    assert here(tmp_path) == {**SET, DE: half}
    assert "changed: de 14 %;" in said
    assert "fr: 100 % of the most complete catalog" in (tmp_path / "log").read_text()


def test_only_catalogues_are_fetched_and_nothing_above_the_address(server: ScriptedServer, tmp_path: Path) -> None:
    more = {"README.html": b"<html>", "de/LC_MESSAGES/anaconda.po": b"msgid", "de/anaconda.mo": b"not here"}
    mirror(tmp_path, publish(server, BASE, {**SET, **more}))
    assert here(tmp_path) == SET
    asked = {one.path for one in server.asked}
    assert all(path.startswith(BASE) for path in asked)
    assert not {BASE + name for name in more} & asked


def test_other_files_of_the_directory_stay(server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "po").mkdir()
    (tmp_path / "po/NOTES").write_text("ours")
    mirror(tmp_path, publish(server, BASE, SET))
    assert here(tmp_path) == {**SET, "NOTES": b"ours"}


@pytest.mark.parametrize("broken", [b"garbage", SET[DE][:-40], b""], ids=["garbage", "cut short", "empty"])
def test_one_broken_file_keeps_the_old_set(server: ScriptedServer, tmp_path: Path, broken: bytes) -> None:
    old = {path: SET[path] for path in list(SET)[:2]}
    mirror(tmp_path, publish(server, BASE, old))
    with pytest.raises(ContentError) as caught:
        mirror(tmp_path, publish(server, BASE, {**SET, DE: broken}))
    assert DE in str(caught.value)
    assert "the existing set is kept" in str(caught.value)
    assert here(tmp_path) == old
    mirror(tmp_path, publish(server, BASE, SET))
    assert here(tmp_path) == SET


def test_all_broken_files_are_reported_at_once(server: ScriptedServer, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="6 translations are broken"):
        mirror(tmp_path, publish(server, BASE, dict.fromkeys(SET, b"garbage")))


@pytest.mark.parametrize("answer", [status(404), status(403), status(500), broken_off(SET[DE], 100)])
def test_a_file_that_does_not_come_keeps_the_old_set(
    server: ScriptedServer, tmp_path: Path, answer: servers.Answer
) -> None:
    old = {DE: SET[DE]}
    mirror(tmp_path, publish(server, BASE, old))
    url = publish(server, BASE, SET)
    server.on(f"{BASE}nl/LC_MESSAGES/anaconda.mo", answer)
    with pytest.raises(NetworkError, match=r"nl/LC_MESSAGES/anaconda\.mo"):
        mirror(tmp_path, url)
    assert here(tmp_path) == old


def test_what_came_before_a_fault_does_not_come_again(server: ScriptedServer, tmp_path: Path) -> None:
    url = publish(server, BASE, SET)
    server.on(f"{BASE}nl/LC_MESSAGES/anaconda.mo", status(404), served(SET["nl/LC_MESSAGES/anaconda.mo"]))
    with pytest.raises(NetworkError):
        mirror(tmp_path, url)
    server.asked.clear()
    mirror(tmp_path, url)
    assert here(tmp_path) == SET
    new = [one.path for one in server.asked if one.path.endswith(".mo") and not one.is_conditional]
    assert new == [f"{BASE}nl/LC_MESSAGES/anaconda.mo", f"{BASE}pt_BR/LC_MESSAGES/anaconda.mo"]


def test_a_web_page_in_the_place_of_a_catalogue_keeps_the_old_set(server: ScriptedServer, tmp_path: Path) -> None:
    url = publish(server, BASE, {**SET, DE: b"<!DOCTYPE html><title>Log in</title>"})
    with pytest.raises(NetworkError, match="is a web page"):
        mirror(tmp_path, url)
    assert not (tmp_path / "po").exists()


def test_an_empty_page_does_not_empty_the_set(server: ScriptedServer, tmp_path: Path) -> None:
    mirror(tmp_path, publish(server, BASE, SET))
    with pytest.raises(ContentError, match="the existing set is kept"):
        mirror(tmp_path, publish(server, BASE, {}))
    assert here(tmp_path) == SET


def test_an_index_page_of_another_kind_keeps_the_old_set(server: ScriptedServer, tmp_path: Path) -> None:
    mirror(tmp_path, publish(server, BASE, SET))
    url = server.on(BASE, served(b"<title>Translate!</title>", "text/html"))
    with pytest.raises(ContentError, match="is no index page"):
        mirror(tmp_path, url)
    assert here(tmp_path) == SET


def test_a_hostile_listing_writes_nothing_anywhere(server: ScriptedServer, tmp_path: Path) -> None:
    place = tmp_path / "deep/er"
    place.mkdir(parents=True)
    url = server.on(BASE, listing(["de/", "..%2f..%2fevil.mo"]))
    before = stamps(tmp_path)
    with pytest.raises(ContentError, match="names that are not safe"):
        mirror(place, url)
    assert set(stamps(tmp_path)) - set(before) == {str(place / "memory.json")}


def test_a_directory_that_leads_back_to_itself_ends(server: ScriptedServer, tmp_path: Path) -> None:
    page, path = listing(["de/"]), BASE
    for _ in range(20):
        server.on(path, page)
        path += "de/"
    with pytest.raises(NetworkError, match="lead back to itself"):
        mirror(tmp_path, server.url + BASE)


def test_a_link_in_the_set_is_never_written_through(server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "po").mkdir()
    (tmp_path / "po/de").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError, match="leads out of"):
        mirror(tmp_path, publish(server, BASE, SET))
    assert os.listdir(tmp_path / "elsewhere") == []


def test_an_endless_catalogue_is_cut_short(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translations_mirror, "LIMIT", 100)
    with pytest.raises(NetworkError, match="is larger than the 100 bytes"):
        mirror(tmp_path, publish(server, BASE, SET))


def test_offline_the_sentence_names_address_and_need(server: ScriptedServer, tmp_path: Path) -> None:
    url = publish(server, BASE, SET)
    with pytest.raises(NetworkError, match=f"{url}: is needed for the installer's translations, but this run is off"):
        mirror(tmp_path, url, NetworkSettings(offline=True))
    assert server.asked == []


def test_without_an_address_it_says_where_to_give_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not say where translations come from"):
        mirror(tmp_path, "")


CHILD = "import sys; from tests.translations.test_mirror import *; mirror(Path(sys.argv[1]), sys.argv[2])"


@pytest.mark.parametrize("after", [2, 5, 9, 14, 18])
def test_killed_in_the_middle_and_run_again_the_tree_is_that_of_one_run(
    server: ScriptedServer, tmp_path: Path, after: int
) -> None:
    old = {DE: SET["fr/LC_MESSAGES/anaconda.mo"], "xx/LC_MESSAGES/anaconda.mo": SET[DE]}
    for relative, data in old.items():
        files.write_file(tmp_path / "po" / relative, data)
    url = publish(server, BASE, SET)
    whole, dead = dict(server.script), threading.Event()

    def until_then(answer: servers.Answer) -> servers.Answer:
        def answered(handler: servers.Handler) -> None:
            if len(server.asked) > after:
                dead.wait(CEILING)
            answer(handler)

        return answered

    server.script = {path: [until_then(answer)] for path, [answer] in whole.items()}
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), url], cwd=Path(__file__).parents[2])
    wait_until(lambda: len(server.asked) > after or child.poll() is not None)
    child.kill()
    assert child.wait() == -signal.SIGKILL
    dead.set()
    server.script = whole
    assert here(tmp_path) == old
    mirror(tmp_path, url)
    assert here(tmp_path) == SET
    assert sorted(os.listdir(tmp_path)) == ["memory.json", "po"]


def test_killed_while_the_new_set_is_put_into_place_it_is_completed_by_the_next_run(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = publish(server, BASE, SET)
    linked: list[Path] = []

    def dies(source: Path, target: Path) -> None:
        if len(linked) == 3:
            raise KeyboardInterrupt
        linked.append(target)
        real(source, target)

    real = files.link_file
    monkeypatch.setattr(files, "link_file", dies)
    with pytest.raises(KeyboardInterrupt):
        mirror(tmp_path, url)
    monkeypatch.setattr(files, "link_file", real)
    mirror(tmp_path, url)
    assert here(tmp_path) == SET
