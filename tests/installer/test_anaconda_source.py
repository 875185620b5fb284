# SPDX-License-Identifier: GPL-3.0-or-later
"""test_anaconda_source"""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from smedoit import sample
from smedoit.config.checks import AnacondaSettings
from smedoit.config.network import NetworkSettings
from smedoit.config.schema import InvalidValueError
from smedoit.config.tiers import KeySettings
from smedoit.errors import ContentError, PackageError, SmeError
from smedoit.fetch.crawl import caching_fetcher
from smedoit.installer import anaconda_source
from smedoit.runtime.files import recover_directory, write_file
from smedoit.sample.packages import practice_signer
from smedoit.tree import layers
from tests.harness import servers
from tests.harness.kills import WRITES, chosen, doors, killed_at
from tests.harness.servers import status
from tests.harness.tools import need, read_with

KEY = KeySettings(
    Path(sample.__file__).parent / "keys/RPM-GPG-KEY-practice-centos", "e78a05292e7f6b731961340d915b4309a2355a59"
)
NAME = "anaconda-21.48.22.159-1.src.rpm"
CLASSES = "pyanaconda/installclasses"
RHEL = "class InstallClass(BaseInstallClass):\n    name = 'Red Hat'\n    sortPriority = 20000\n    efi_dir = 'redhat'\n"
CENTOS = RHEL.replace("Red Hat", "CentOS").replace("20000", "25000").replace("'redhat'", "'centos'")
KOOZALI = CENTOS.replace("CentOS", "Koozali SME Server").replace("25000", "30000")
SPEC = """\
Name: anaconda
Version: 21.48.22.159
Release: 1
Summary: practice
Vendor: smedoit practice
License: GPLv2+
Source0: anaconda-21.48.22.159.tar.gz
Patch1: anaconda-centos-add-centos-install-class.patch
%description
practice
%prep
%setup -q
%patch1 -p1
"""


def diff(path: str, before: str | None, after: str) -> str:
    """Return what diff -u makes of two texts, with the prefixes that git gives."""
    import difflib

    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True), after.splitlines(keepends=True),
        f"a/{path}" if before is not None else "/dev/null", f"b/{path}",
    )  # fmt: skip
    return "".join(lines)


def tarball(files: dict[str, str], change: Callable[[tarfile.TarInfo], object] = lambda _: None) -> bytes:
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as ball:
        for name, text in files.items():
            patch = tarfile.TarInfo(f"anaconda-21.48.22.159/{name}")
            patch.size = len(text)
            change(patch)
            ball.addfile(patch, BytesIO(text.encode()))
    return buffer.getvalue()


GOOD = tarball(
    {f"{CLASSES}/fedora.py": "# fedora\n", f"{CLASSES}/rhel.py": RHEL, "pyanaconda/product.py": "name = 1\n"}
)


def source_package(place: Path, ball: bytes = GOOD, key: str = "centos") -> Path:
    """Return a source package that rpmbuild made, signed by a practice key."""
    import rpm_rs

    need("rpmbuild")
    place.mkdir(parents=True)
    (place / "anaconda-21.48.22.159.tar.gz").write_bytes(ball)
    (place / "anaconda-centos-add-centos-install-class.patch").write_text(diff(f"{CLASSES}/centos.py", None, CENTOS))
    (place / "anaconda.spec").write_text(SPEC)
    places = [f"--define=_sourcedir {place}", f"--define=_srcrpmdir {place}", f"--define=_topdir {place}"]
    read_with("rpmbuild", "-bs", "--nodeps", *places, place / "anaconda.spec")
    package = rpm_rs.Package.open(str(place / NAME))
    package.clear_signatures()
    if key:
        package.sign(practice_signer(key))
    (place / NAME).write_bytes(bytes(package.to_bytes()))
    return place / NAME


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return source_package(tmp_path_factory.mktemp("upstream") / "rpm")


class Desk:
    """Our patches, and where the layer goes."""

    def __init__(self, place: Path, srpm: Path) -> None:
        self.place, self.srpm, self.patches, self.layer = place, srpm, place / "sme10", place / "state/product"
        self.patches.mkdir()
        (self.patches / "100-product.patch").write_text(diff("pyanaconda/product.py", "name = 1\n", "name = 2\n"))
        (self.patches / "101-koozali.patch").write_text(diff(f"{CLASSES}/koozali.py", CENTOS, KOOZALI))

    def make(self, srpm: str = "", network: NetworkSettings | None = None, key: KeySettings = KEY) -> str:
        settings = AnacondaSettings(srpm=srpm or str(self.srpm), patches=str(self.patches))
        return anaconda_source.make_anaconda_layer(
            settings, [key], caching_fetcher(network or NetworkSettings(delay=0, tries=1), self.place / "memory.json"),
            settings.package(self.place), self.place / "scratch", self.layer,
        )  # fmt: skip

    @property
    def shown(self) -> dict[str, str]:
        return {name: (self.layer / name).read_text() for name in layers.list_tree_files(self.layer)}


@pytest.fixture
def desk(tmp_path: Path, upstream: Path) -> Iterator[Desk]:
    need("patch")
    yield Desk(tmp_path, upstream)
    assert not (tmp_path / "passwords").exists()


def test_the_install_classes_land_where_the_wiki_names_them(desk: Desk) -> None:
    assert desk.make() == f"{NAME}, 3 patches, 2 of them ours; 4 files for product.img"
    runtime = "usr/lib64/python2.7/site-packages/pyanaconda/installclasses"
    assert desk.shown == {
        "run/install/product/pyanaconda/installclasses/koozali.py": KOOZALI,
        f"{runtime}/centos.py": CENTOS,
        f"{runtime}/fedora.py": "# fedora\n",
        f"{runtime}/koozali.py": KOOZALI,
    }
    assert not (desk.place / "scratch").exists()


def test_the_record_says_which_patches_in_which_order(desk: Desk) -> None:
    desk.make()
    record = json.loads(desk.layer.with_suffix(".json").read_text())
    assert [(patch["order"], patch["name"], patch["origin"]) for patch in record["patches"]] == [
        (1, "anaconda-centos-add-centos-install-class.patch", "upstream"),
        (2, "100-product.patch", "ours"),
        (3, "101-koozali.patch", "ours"),
    ]
    sums = read_with("sha256sum", desk.srpm, desk.patches / "101-koozali.patch").split()[::2]
    assert [record["source"]["sha256"], record["patches"][2]["sha256"]] == sums
    assert record["source"]["key"] == KEY.fingerprint


def test_the_same_source_and_patches_give_the_same_layer(desk: Desk) -> None:
    desk.make()
    first = (desk.shown, desk.layer.with_suffix(".json").read_bytes())
    (desk.place / "scratch/half").mkdir(parents=True)  # as a killed run leaves it
    desk.make()
    assert (desk.shown, desk.layer.with_suffix(".json").read_bytes()) == first


def test_a_series_file_decides_the_order(desk: Desk) -> None:
    shutil.move(desk.patches / "100-product.patch", desk.patches / "zz.patch")
    (desk.patches / "series").write_text("# ours\n101-koozali.patch\nzz.patch -p1\n")
    desk.make()
    names = [patch["name"] for patch in json.loads(desk.layer.with_suffix(".json").read_text())["patches"]]
    assert names[1:] == ["101-koozali.patch", "zz.patch"]


def test_a_patch_that_does_not_apply_is_shown_with_file_and_context_and_the_layer_stays(desk: Desk) -> None:
    desk.make()
    before = desk.shown
    bad = diff("pyanaconda/product.py", "name = 7\n", "name = 8\n")
    (desk.patches / "100-product.patch").write_text(bad)
    with pytest.raises(
        ContentError, match=r"100-product\.patch: does not apply(?s:.)*product\.py(?s:.)*FAILED"
    ) as told:
        desk.make()
    assert "-name = 7" in str(told.value) and "+name = 8" in str(told.value)
    assert desk.shown == before


@pytest.mark.parametrize("path", ["../../passwords", "{place}/passwords"])
def test_a_patch_cannot_leave_the_source(desk: Desk, path: str) -> None:
    name = path.format(place=desk.place)
    (desk.patches / "evil.patch").write_text(f"--- /dev/null\n+++ {name}\n@@ -0,0 +1 @@\n+root\n")
    (desk.patches / "series").write_text("evil.patch -p0\n")
    with pytest.raises(ContentError, match=r"evil\.patch: does not apply"):
        desk.make()


def test_a_tarball_cannot_leave_its_directory(desk: Desk, tmp_path: Path) -> None:
    def astray(patch: tarfile.TarInfo) -> None:
        patch.name = "../passwords"

    srpm = source_package(tmp_path / "evil", tarball({"x": "root\n"}, astray))
    with pytest.raises(ContentError, match="cannot be unpacked"):
        desk.make(str(srpm))


def test_a_tarball_larger_than_the_limit_is_refused(desk: Desk, tmp_path: Path) -> None:
    srpm = source_package(tmp_path / "large", tarball({"x": " " * 2_000_000}))
    with pytest.raises(ContentError, match="larger than"):
        desk.make(str(srpm), NetworkSettings(limit=1))


def test_a_source_package_that_nobody_we_trust_signed_is_refused(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="not signed"):
        desk.make(str(source_package(tmp_path / "unsigned", key="")))
    with pytest.raises(PackageError, match=r"does not trust"):
        desk.make(str(source_package(tmp_path / "stranger", key="koozali")))


def test_the_source_package_is_fetched_once_and_checked(desk: Desk) -> None:
    with servers.scripted() as server:
        url = server.on(f"/vault/{NAME}", lambda answer: answer.send(200, desk.srpm.read_bytes()))
        desk.make(url)
        desk.make(url, NetworkSettings(offline=True))
        assert server.count(f"/vault/{NAME}") == 1
        with pytest.raises(SmeError, match="404 Not Found"):
            desk.make(server.on("/vault/anaconda-22-1.src.rpm", status(404)))


def test_patches_that_are_absent_or_ambiguous_are_named(desk: Desk) -> None:
    (desk.patches / "100-again.patch").write_text("")
    with pytest.raises(ContentError, match=r"100-again\.patch and 100-product\.patch have the same number"):
        desk.make()
    (desk.patches / "series").write_text("gone.patch\n")
    with pytest.raises(ContentError, match=r"names gone\.patch, not in the directory"):
        desk.make()
    shutil.rmtree(desk.patches)
    with pytest.raises(ContentError, match="is not there"):
        desk.make()


def test_patch_that_is_absent_is_named_with_its_package(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(desk.place))
    with pytest.raises(SmeError, match=r"patch: cannot be run.*\n.*package patch"):
        desk.make()


def test_settings_that_cannot_be_meant_are_refused() -> None:
    for bad in ({"srpm": "ftp://x/a.src.rpm"}, {"srpm": "a.rpm", "patches": "p"}, {"srpm": "a.src.rpm"}):
        with pytest.raises(InvalidValueError):
            replace(AnacondaSettings(), **bad)


def test_a_kill_while_the_layer_is_made_leaves_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    def making(place: Path) -> Callable[[], object]:
        for name in anaconda_source.PLACES:
            write_file(place / "source" / CLASSES / name, "new")
        for name in ("koozali.py", "gone.py"):
            write_file(place / "layer" / name, "old")
        return lambda: anaconda_source._place_install_classes(place / "source", place / "layer")

    steps = doors(making(tmp_path / "whole"), WRITES)
    for number in chosen(steps, False):
        place = tmp_path / str(number)
        assert killed_at(number, making(place), WRITES)
        recover_directory(place / "layer")
        found = {path.read_text() for path in (place / "layer").rglob("*.py")}
        assert (found, len(list((place / "layer").rglob("*.py")))) in (({"old"}, 2), ({"new"}, 4)), steps[number - 1]
