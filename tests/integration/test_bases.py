# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds of every base, begun in an empty directory: they build, and programs that nobody here wrote read the media."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.boottest import boot, qemu
from smedoit.config.release import Release, load_release
from tests.harness import servers
from tests.harness.processes import Ended, forked
from tests.harness.tools import need, read_with

BASES = ("el8", "el9", "el10")


class BaseWorld:
    """A practice world of one base, as smedoit init makes it."""

    def __init__(self, home: Path, base: str) -> None:
        self.home, self.base = home, base
        self.home.mkdir()
        begun = self.typed("init", "--sample", "--base", base)
        assert begun.code == 0, begun.err

    def typed(self, *words: str) -> Ended:
        """Return how a command ended that somebody typed there."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SMEDOIT", "DOIT"))}
        return forked("smedoit", *words, environment={**environment, "HOME": str(self.home)}, cwd=self.home)

    @property
    def release(self) -> Release:
        return load_release(self.home / "release.toml")

    def dnf(self, *words: str) -> str:
        """Return what dnf says of the medium alone, which lies unpacked in a directory."""
        medium, base = self.home / "medium", self.release.release.built_on
        if not medium.is_dir():
            read_with("xorriso", "-osirrox", "on", "-indev", self.release.iso, "-extract", "/", medium)
        sources = {f"medium{number}": medium / place for number, place in enumerate(base.repositories)}
        options = [f"--repofrompath={name},file://{place}" for name, place in sources.items()]
        options += [f"--repo={','.join(sources)}", "--forcearch=x86_64", "--setopt=gpgcheck=0"]
        options += [f"--releasever={self.base.removeprefix('el')}", f"--setopt=module_platform_id={base.platform}"]
        options += [f"--installroot={self.home}/root", f"--setopt=cachedir={self.home}/cache"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["dnf", *options, *words], capture_output=True, text=True, check=False, env=environment)
        return done.stdout + done.stderr


@pytest.fixture(scope="module", params=BASES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseWorld]:
    """A world with a finished ISO."""
    made = BaseWorld(tmp_path_factory.mktemp("base") / "world", request.param)
    done = made.typed("sample", "iso", "verify")
    assert (done.code, done.err) == (0, "")
    yield made
    shutil.rmtree(made.home)


def test_what_is_made_is_not_made_again(world: BaseWorld) -> None:
    assert world.typed("iso").out.startswith("nothing to do, everything is up to date\n")


def test_the_media_check_passes(world: BaseWorld) -> None:
    need("checkisomd5")
    read_with("checkisomd5", world.release.iso)


def test_dnf_lists_every_package_and_resolves_every_group_from_the_medium_alone(world: BaseWorld) -> None:
    need("dnf", "xorriso")
    from smedoit.packages.lock import read_lock

    hotfixes = [f"--setopt=medium{number}.module_hotfixes=1" for number in range(2)]  # shows what modules hide
    listed = world.dnf("-q", *hotfixes, "repoquery", "--qf=%{name}-%{evr}.%{arch}").split()
    picks = [pick.package for pick in read_lock(world.release.lock)]
    assert sorted(listed) == sorted(f"{package.name}-{package.evr}.{package.arch}" for package in picks)
    groups = world.dnf("-q", "group", "list", "--ids").splitlines()
    offered = [line.rpartition("(")[2].rstrip(")") for line in groups if line.endswith(")")]
    assert offered
    for name in ("core", *offered):
        said = world.dnf("--assumeno", "group", "install", name)
        assert "Operation aborted" in said, said


def test_productmd_reads_what_the_tree_says_of_itself(world: BaseWorld) -> None:
    from productmd.treeinfo import TreeInfo

    info = TreeInfo()
    info.load(str(world.release.tree / ".treeinfo"))
    base = world.release.release.built_on
    found = {str(info.variants[name].paths.repository) for name in info.variants}
    assert found == set(base.repositories)
    assert info.stage2.mainimage == base.stage2


@pytest.mark.exhaustive
def test_another_world_gives_the_same_bytes(world: BaseWorld, tmp_path: Path) -> None:
    other = BaseWorld(tmp_path / "other", world.base)
    assert other.typed("sample", "iso").code == 0
    sums = [hashlib.sha256(made.release.iso.read_bytes()).hexdigest() for made in (world, other)]
    assert sums[0] == sums[1]


OSINFO = """\
<libosinfo version="0.0.1"><os id="http://koozali.org/sme/{major}">
<short-id>sme{major}</short-id><name>{product} {major}</name><version>{major}</version>
<vendor>Koozali</vendor><family>linux</family><distro>sme</distro>
<media arch="x86_64"><iso><volume-id>{short}-{major}-.*-x86_64</volume-id><system-id>LINUX</system-id>
<publisher-id>{publisher}</publisher-id></iso>
<kernel>images/pxeboot/vmlinuz</kernel><initrd>images/pxeboot/initrd.img</initrd></media>
<tree arch="x86_64"><treeinfo><family>{product}</family><version>{major}[.].*</version><arch>x86_64</arch></treeinfo>
</tree></os></libosinfo>
"""


def test_osinfo_detect_names_media_and_tree(world: BaseWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("osinfo-detect")
    identity = world.release.release
    names = {"major": identity.major, "product": identity.product, "short": identity.short}
    place = tmp_path / f"os/koozali.org/sme-{identity.major}.xml"
    place.parent.mkdir(parents=True)
    place.write_text(OSINFO.format(**names, publisher=identity.product.upper()))
    monkeypatch.setenv("OSINFO_LOCAL_DIR", str(tmp_path))
    with servers.scripted() as server:
        server.on("/tree/.treeinfo", servers.served((world.release.tree / ".treeinfo").read_bytes()))
        for asked in ([world.release.iso], ["--type=tree", f"{server.url}/tree"]):
            done = subprocess.run(["osinfo-detect", *asked], capture_output=True, text=True, check=False)
            assert f"'{identity.product} {identity.major}" in done.stdout, done.stdout + done.stderr


WAYS = {"el8": qemu.WAYS[1:3], "el9": qemu.WAYS[1:3], "el10": qemu.WAYS}  # the form of EL 10 is another one


@pytest.mark.exhaustive
def test_the_medium_boots_to_the_end_of_the_practice_installer(world: BaseWorld, tmp_path: Path) -> None:
    need(qemu.QEMU)
    iso, settings = world.release.iso, world.release.boot_test
    menus = boot.read_boot_menus(iso)
    attempts = [boot.BootAttempt(iso, way, menus[way.firmware], tmp_path) for way in WAYS[world.base]]
    assert boot.run_attempts_parallel(attempts, settings) == [""] * len(attempts)


@pytest.mark.exhaustive
def test_a_release_is_made_and_published_and_read_back(world: BaseWorld) -> None:
    done = world.typed("release", "verify")
    assert done.code == 0, done.err
    done = world.typed("plan_publish", "publish", "verify_published")
    assert done.code == 0, done.err
