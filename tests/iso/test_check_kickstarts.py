# SPDX-License-Identifier: GPL-3.0-or-later
"""Kickstart files of a medium can be read, and what they ask for is on it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES, USUAL
from smedoit.bootfiles.isolinux import read_isolinux_menu
from smedoit.errors import Findings
from smedoit.installer.cpio import CpioMember
from smedoit.iso.check_kickstarts import check_medium_kickstarts
from smedoit.iso.check_menus import MediumFiles
from smedoit.medium_paths import COMPS, ISOLINUX_CFG
from smedoit.runtime.files import write_file
from smedoit.sample.groups import practice_comps

GOOD = "auth --enableshadow\nfirewall --enabled\n%packages\n@core\n@SME*\n@^sme-server-environment\nbash\n-vim\n%end\n"
PACKAGES = (
    "bash-4.2.46-35.el7_9.x86_64.rpm",
    "authconfig-6.2.8-30.el7.x86_64.rpm",
    "firewalld-0.6.3-13.el7.noarch.rpm",
)
DEFAULTS = "usr/share/anaconda/interactive-defaults.ks"


class World:
    """A medium with a kickstart file, and what is said of it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.files: dict[str, Path] = {}
        self.members: list[CpioMember] = []
        self.boot_line = ""
        self.base: Base = USUAL
        self.remarks: list[str] = []
        self.put(COMPS, practice_comps())
        for package in PACKAGES:
            self.put(f"Packages/{package}", "")

    def put(self, path: str, text: str) -> None:
        write_file(self.place / path, text, durable=False)
        self.files[path] = self.place / path

    def split(self) -> None:
        """Make it a medium whose groups and packages lie in two repositories."""
        self.files = {
            (f"BaseOS/repodata/{'0' * 64}-comps.xml" if path == COMPS else f"AppStream/{path}"): file
            for path, file in self.files.items()
        }

    def look(self) -> dict[str, list[str]]:
        """Return the findings by kind, and keep the remarks."""
        findings = Findings()
        medium = MediumFiles(self.files, "SME", {"ks.cfg": "content/ks.cfg"}, self.base)
        self.put(ISOLINUX_CFG, f"label linux\n kernel vmlinuz\n append {self.boot_line}\n")
        entries = read_isolinux_menu(ISOLINUX_CFG, medium.load).entries
        self.remarks = check_medium_kickstarts(medium, {"images/product.img": self.members}, entries, findings)
        return findings.found

    @property
    def said(self) -> str:
        return "\n".join(what for kind in self.look().values() for what in kind)

    @property
    def told(self) -> str:
        assert self.look() == {}
        return "\n".join(self.remarks)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield World(tmp_path)


def test_a_file_that_asks_for_what_is_there_leaves_nothing_to_say(world: World) -> None:
    world.put("ks.cfg", GOOD)
    world.members.append(CpioMember(DEFAULTS, GOOD.encode()))
    assert world.told == ""


def test_a_file_that_the_installer_would_refuse_is_named_as_in_the_content_tree(world: World) -> None:
    world.put("ks.cfg", "rootpasswd x\n")
    assert world.said == "content/ks.cfg, line 1: rootpasswd is no command of anaconda's; did you mean rootpw?"


@pytest.mark.parametrize("place", ["hd:LABEL=SME:/", "cdrom:/", "cdrom:sr0:/", "cdrom:LABEL=SME:/"])
@pytest.mark.parametrize("name", ["install/sme.cfg", "sme.txt"])
def test_a_file_that_only_a_boot_menu_names_is_read_as_well(world: World, name: str, place: str) -> None:
    world.put(name, "rootpasswd x\n")
    assert world.look() == {}
    world.boot_line = f"initrd=x inst.ks={place}{name} quiet"
    assert f"{name}, line 1: rootpasswd" in world.said


@pytest.mark.parametrize("place", ["hd:LABEL=OEMDRV:/", "hd:sda1:/", "http://10.0.0.1/", "hd:LABEL=OTHER:/"])
def test_a_file_of_that_name_on_another_disk_is_not_taken_for_ours(world: World, place: str) -> None:
    world.put("sme.txt", "rootpasswd x\n")
    world.boot_line = f"initrd=x inst.ks={place}sme.txt"
    assert world.look() == {}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("@core", "@cor", "line 4: @cor is no group of comps"),
        ("@core", "-@cor", "line 4: @cor is no group of comps"),
        ("sme-server-env", "sme-sever-env", "line 6: @^sme-sever-environment is no environment of comps"),
        ("bash", "bsh", "line 7: bsh is no package of the medium"),
        ("bash", "bash.i686", "line 7: bash.i686 is no package"),
        ("firewall --enabled", "realm join x", "line 2: the installer then adds realmd, which is no package"),
    ],
)
def test_what_a_file_asks_for_in_vain_is_told(world: World, old: str, new: str, words: str) -> None:
    world.put("ks.cfg", GOOD.replace(old, new))
    assert f"content/ks.cfg, {words}" in world.said
    world.put("ks.cfg", GOOD.replace(old, new).replace("%packages", "%packages --ignoremissing"))
    assert words in world.told


@pytest.mark.parametrize("name", ["bash*", "bash.x86_64", "bash-4.2.46-35.el7_9", "perl(Foo)", "/usr/bin/vim"])
def test_names_that_yum_would_find_or_provide_pass(world: World, name: str) -> None:
    world.put("ks.cfg", GOOD.replace("bash", name))
    assert world.told == ""


def test_a_file_may_ask_for_what_any_repository_of_the_medium_has(world: World) -> None:
    world.split()
    world.put("ks.cfg", GOOD)
    assert world.told == ""
    world.put("ks.cfg", GOOD.replace("@core", "@cor").replace("bash", "bsh"))
    assert "@cor is no group of comps" in world.said and "bsh is no package of the medium" in world.said


def test_the_defaults_in_an_image_are_held_against_the_medium(world: World) -> None:
    world.members.append(CpioMember(DEFAULTS, b"%packages\n@cor\n%end\n"))
    assert world.said == f"{DEFAULTS}, line 2: @cor is no group of comps"


def test_a_repository_elsewhere_is_told_and_what_it_may_have_is_not_refused(world: World) -> None:
    world.put("ks.cfg", f"url --url=http://mirror.centos.org/centos/7/os/x86_64\n{GOOD}".replace("bash", "emacs"))
    assert "line 1: installs from elsewhere, not from this medium: url --url=http://mirror.centos.org" in world.told
    assert "emacs is no package of the medium" in world.told


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/run/install/repo/parts.ks", "%include names /run/install/repo/parts.ks, which is not on the medium"),
        ("/tmp/updates/parts.ks", "%include names /tmp/updates/parts.ks, which neither overlay image has"),
        ("parts.ks", "the installer knows no directory for it: write the whole path"),
    ],
)
def test_an_included_file_that_is_not_there_is_refused(world: World, path: str, words: str) -> None:
    world.put("ks.cfg", f"{GOOD}%include {path}\n")
    assert words in world.said


def test_an_included_file_of_the_medium_is_read(world: World) -> None:
    world.put("ks.cfg", f"{GOOD}%include /run/install/repo/parts.ks\n")
    world.put("parts.ks", "part / --size=x\n")
    assert world.said == "parts.ks, line 1: part has --size 'x', which is no whole number"


@pytest.mark.parametrize(("pre", "told"), [("", True), ("%pre\ntouch /tmp/parts\n%end\n", False)])
def test_an_included_file_that_a_script_makes_is_left_to_it(world: World, pre: str, told: bool) -> None:
    world.put("ks.cfg", f"{pre}{GOOD}%include /tmp/parts\n")
    assert ("which no %pre of this file can make" in world.told) is told


def test_a_medium_without_packages_is_not_asked_for_any(world: World) -> None:
    world.files = {}
    world.put("ks.cfg", GOOD.replace("bash", "emacs"))
    assert world.told == ""


MODULES = """\
---
document: modulemd
version: 2
data: {name: perl, stream: "5.26", version: 1, context: a, arch: x86_64, summary: x, description: x}
"""


def put_modules(world: World) -> None:
    """Give the medium module metadata, with one stream."""
    digest = hashlib.sha256(MODULES.encode()).hexdigest()
    world.put("AppStream/repodata/modules.yaml", MODULES)
    world.put(
        "AppStream/repodata/repomd.xml",
        '<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision><data type="modules">'
        f'<checksum type="sha256">{digest}</checksum><open-checksum type="sha256">{digest}</open-checksum>'
        f'<location href="repodata/modules.yaml"/><timestamp>1</timestamp><size>{len(MODULES)}</size>'
        f"<open-size>{len(MODULES)}</open-size></data></repomd>",
    )


STREAMS = "%packages\n@core\n@perl:5.26/minimal\n@perl\n-@php:8.2\n%end\n"


@pytest.mark.parametrize("name", ["el8", "el9"])
def test_a_module_stream_of_the_medium_may_be_asked_for_and_no_other(world: World, name: str) -> None:
    world.base = BASES[name]
    put_modules(world)
    world.put("ks.cfg", STREAMS)
    assert world.told == ""
    world.put("ks.cfg", STREAMS.replace("@perl:5.26/minimal", "@perl:5.30"))
    assert world.said == "content/ks.cfg, line 3: @perl:5.30 is no module stream of the medium"


def test_where_dnf_knows_no_modules_a_stream_is_no_group(world: World) -> None:
    world.base = BASES["el10"]
    world.put("ks.cfg", STREAMS)
    assert "@perl:5.26/minimal is no group of comps" in world.said


def test_what_an_old_command_makes_the_installer_of_el_8_add_must_be_there(world: World) -> None:
    world.base = BASES["el8"]
    world.put("ks.cfg", "auth --enableshadow\n%packages\n@core\n%end\n")
    assert "the installer then adds authselect-compat, which is no package of the medium" in world.said


@pytest.mark.parametrize(("name", "counts"), [("el8", True), ("el9", False), ("el10", False)])
def test_defaults_count_only_where_the_installer_of_the_base_reads_them(world: World, name: str, counts: bool) -> None:
    world.base = BASES[name]
    place = "run/install/updates/interactive-defaults.ks"
    world.members = [CpioMember(place, b"%packages\n@nothing\n%end\n")]
    assert ("@nothing is no group of comps" in world.said) is counts
