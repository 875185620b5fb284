# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching as a release manager sees it: through doit, from a server that counts requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.runtime.files import remove_file
from smedoit.sample.translations import LANGUAGES, practice_catalog
from tests.harness import servers
from tests.harness.project import Project
from tests.harness.servers import ScriptedServer, publish, status

SET = {f"{language}/LC_MESSAGES/anaconda.mo": practice_catalog(language) for language in LANGUAGES}


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A trial with a practice world, and nothing built; no test may change it."""
    trial = Project.new(tmp_path_factory.mktemp("good") / "trial")
    answer = trial.doit("sample")
    assert answer.code == 0, answer.said
    return trial


@pytest.fixture
def trial(good: Project, tmp_path: Path) -> Project:
    return good.copy(tmp_path / "trial")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with servers.scripted() as one:
        yield one


def from_server(trial: Project, server: ScriptedServer) -> str:
    """Let the trial take boot set and translations from the server; return the boot set's address."""
    boot = publish(server, "/os/", files(trial.release.boot_set.path))
    more = publish(server, "/anaconda/sme10/", SET)
    trial.configure(
        "[boot_set]\npath = ", f'[network]\ndelay = 0\n\n[boot_set]\nsource = "{boot}"\npath = "src/boot-set"\n# '
    )
    trial.configure("[translations]\n", f'[translations]\nurl = "{more}"\n')
    return boot


def succeeded(trial: Project, *words: str) -> str:
    answer = trial.doit(*words)
    assert answer.code == 0, answer.said
    return answer.said


def refused(trial: Project, *words: str) -> str:
    answer = trial.doit(*words)
    assert answer.code != 0, answer.said
    assert "Traceback" not in answer.said, answer.said
    return answer.said


def test_a_new_machine_needs_the_pins_and_no_hand_typed_command(trial: Project, server: ScriptedServer) -> None:
    from_server(trial, server)
    assert "doit pin_boot_set once" in refused(trial, "iso")
    succeeded(trial, "pin_boot_set")
    remove_file(trial.release.boot_set.path / "images/efiboot.img")
    said = succeeded(trial, "iso")
    assert "files, 1 new (" in said
    first = trial.release.iso.read_bytes()
    server.asked.clear()
    assert "nothing to do" in succeeded(trial, "offline=1", "iso")
    assert server.asked == []
    assert trial.release.iso.read_bytes() == first


def test_offline_all_that_is_here_builds_and_the_rest_names_its_address(trial: Project, server: ScriptedServer) -> None:
    boot = from_server(trial, server)
    succeeded(trial, "pin_boot_set")
    server.asked.clear()
    succeeded(trial, "offline=1", "iso")
    remove_file(trial.release.boot_set.path / "isolinux/isolinux.bin")
    said = refused(trial, "offline=1", "iso")
    assert f"{boot}isolinux/isolinux.bin: is needed for the boot set, but this run is offline" in said
    for task in ("translations", "pin_boot_set"):
        assert "but this run is offline" in refused(trial, "offline=1", task)
    trial.configure("[network]\n", "[network]\noffline = true\n")
    assert "but this run is offline" in refused(trial, "boot_set")
    assert server.asked == []
    succeeded(trial, "offline=0", "boot_set")
    assert [one.path for one in server.asked] == ["/os/isolinux/isolinux.bin"]


def test_a_changed_boot_file_upstream_stops_the_build_with_both_digests(trial: Project, server: ScriptedServer) -> None:
    from_server(trial, server)
    succeeded(trial, "pin_boot_set")
    publish(server, "/os/", {"images/boot.iso": b"something else entirely"})
    remove_file(trial.release.boot_set.path / "images/boot.iso")
    said = refused(trial, "iso")
    assert "images/boot.iso" in said
    assert "the server reports 23 bytes" in said


def test_new_translations_make_updates_img_and_what_holds_it(trial: Project, server: ScriptedServer) -> None:
    from_server(trial, server)
    succeeded(trial, "pin_boot_set", "iso")
    publish(server, "/anaconda/sme10/", {**SET, "sr@latin/LC_MESSAGES/anaconda.mo": practice_catalog("it")})
    assert "7 languages; added: sr@latin 100 %; " in succeeded(trial, "translations")
    server.asked.clear()
    said = succeeded(trial, "iso")
    assert "updates_img: " in said
    assert "7 languages" in said
    assert "product_img: " not in said
    assert server.asked == []


def test_automatic_translations_are_looked_at_by_every_build(trial: Project, server: ScriptedServer) -> None:
    from_server(trial, server)
    succeeded(trial, "pin_boot_set")
    trial.configure("[translations]\n", "[translations]\nautomatic = true\n")
    succeeded(trial, "updates_img")
    server.asked.clear()
    said = succeeded(trial, "updates_img")
    assert "none changed" in said
    assert "updates_img: " not in said
    assert server.asked
    assert all(one.is_conditional for one in server.asked)


def test_a_broken_server_keeps_the_old_translations_and_the_build_goes_on(
    trial: Project, server: ScriptedServer
) -> None:
    from_server(trial, server)
    succeeded(trial, "pin_boot_set")
    before = files(trial.release.translations.path)
    server.on("/anaconda/sme10/de/LC_MESSAGES/anaconda.mo", status(403))
    assert "blacklist" in refused(trial, "translations")
    assert files(trial.release.translations.path) == before
    succeeded(trial, "updates_img")


def test_the_log_has_a_line_for_every_file_and_the_end_has_totals(trial: Project, server: ScriptedServer) -> None:
    from_server(trial, server)
    said = succeeded(trial, "translations")
    assert "19 requests, " in said
    log = (trial.release.logs / "translations.log").read_text()
    assert log.count(".mo: ") == len(SET)


def test_an_address_that_cannot_be_meant_is_refused_with_its_key(trial: Project) -> None:
    trial.configure("[translations]\n", '[translations]\nurl = "translate.example.org/anaconda"\n')
    assert '[translations] url = "translate.example.org/anaconda": use an address' in refused(trial, "list")


@pytest.mark.parametrize("said", ["offline=maybe", "offline="])
def test_offline_is_yes_or_no(trial: Project, said: str) -> None:
    assert "is neither yes nor no" in refused(trial, said, "list")
