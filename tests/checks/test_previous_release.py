# SPDX-License-Identifier: GPL-3.0-or-later
"""The last release is nobody's to delete: what cannot be read of it is got again."""

from __future__ import annotations

from pathlib import Path

import pytest

from smedoit.checks.previous_release import PreviousRelease, open_previous_release, previous_release_packages
from smedoit.config.network import NetworkSettings
from smedoit.errors import NetworkError, PackageError, SmeError
from smedoit.repodata.inputs import RepoReader
from tests.harness import servers
from tests.harness.servers import scripted
from tests.harness.staged import StagedTree


@pytest.mark.parametrize("name", ["packages.lock", "smeserver-10.0-x86_64.iso"])
def test_a_last_release_that_is_damaged_is_to_be_got_again_and_never_deleted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"{}" * 40000)
    reader = RepoReader("x86_64", tmp_path / "facts.sqlite")
    last = PreviousRelease(str(tmp_path / name), reader, NetworkSettings(), tmp_path / "fetched")
    with pytest.raises(SmeError) as caught, open_previous_release(last) as place:
        previous_release_packages(place, reader)
    assert "hint: get another copy of it, or correct [quality] previous_release" in str(caught.value)
    assert "delete it" not in str(caught.value)


@pytest.fixture
def last(tmp_path: Path) -> StagedTree:
    """A last release with two repositories."""
    made = StagedTree(tmp_path)
    made.fill()
    return made


def names_in(place: str, home: Path) -> list[str]:
    """Return the names of the packages of a last release."""
    reader = RepoReader("x86_64", home / "facts.sqlite")
    network = NetworkSettings(delay=0, tries=1)
    with open_previous_release(PreviousRelease(place, reader, network, home / "fetched")) as found:
        return sorted(package.name for package in previous_release_packages(found, reader))


def file_contents(tree: Path) -> dict[str, bytes]:
    """Return path -> content of all files of a tree."""
    return {str(path.relative_to(tree)): path.read_bytes() for path in sorted(tree.rglob("*")) if path.is_file()}


def test_a_last_release_with_two_repositories_is_read_from_its_tree_its_medium_and_its_address(
    last: StagedTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "localhost")
    last.tree.rename(last.root / "x86_64")
    last.tree = last.root / "x86_64"
    for place in (last.tree, last.root, last.image().path):
        assert names_in(str(place), last.root) == ["bash", "php"], place
    with scripted() as server:
        assert names_in(servers.publish(server, "/tree/", file_contents(last.tree)), last.root) == ["bash", "php"]


def test_a_tree_without_repodata_is_no_last_release(last: StagedTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "localhost")
    for place in ("BaseOS", "AppStream"):
        (last.tree / place / "repodata/repomd.xml").unlink()
    with pytest.raises(PackageError, match="has no repodata"):
        names_in(str(last.tree), last.root)
    with scripted() as server:
        url = servers.publish(server, "/tree/", file_contents(last.tree))
        with pytest.raises(NetworkError, match="404"):
            names_in(url, last.root)
