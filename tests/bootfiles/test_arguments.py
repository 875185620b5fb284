# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installer of each base makes of a boot line."""

from __future__ import annotations

import pytest

from smedoit.bases.known import BASES
from smedoit.bootfiles.arguments import BootMedium, argument_faults, argument_remarks, find_kickstarts
from smedoit.bootfiles.entries import BootEntry, MenuWord

FILES = ("images/install.img", "LiveOS/squashfs.img", "BaseOS/repodata/repomd.xml", "repodata/repomd.xml", "ks.cfg")
HERE = "inst.stage2=hd:LABEL=SME-11"
OF_ALL = (
    f"{HERE} quiet",
    f"{HERE} rd.live.check quiet",
    f"{HERE} nomodeset quiet",
    f"{HERE} inst.text quiet",
    f"{HERE} inst.rescue quiet",
    f"{HERE} quiet fips=1",
    f"{HERE} console=ttyS0,115200n8 ip=dhcp debug loglevel=7 selinux=0 proxy=http://p:3128 systemd.unit=x rd.debug",
    f"{HERE} inst.ks=hd:LABEL=SME-11:/ks.cfg",
    f"{HERE} inst.ks=cdrom:/ks.cfg",
    f"{HERE} inst.repo=https://mirror.example/sme/11/x86_64/",
    f"{HERE} inst.repo=nfs:server:/sme",
    "inst.repo=cdrom",
    "inst.ks=hd:LABEL=OEMDRV:/ks.cfg",
    f"{HERE} inst.kernel.hung_task_timeout_secs=1200 inst.nosave=all",
)
OWN = {  # of one base and those behind it, up to another
    "el7 el8": (f"{HERE} inst.repo=nfsiso:server:/sme.iso", f"{HERE} inst.xdriver=vesa nomodeset"),
    "el8": (f"{HERE} inst.zram=on inst.singlelang", f"{HERE} inst.product=SME inst.variant=Server"),
    "el8 el9": (f"{HERE} inst.vnc inst.vncpassword=secret1", f"{HERE} inst.nompath inst.nodmraid"),
    "el10": (f"{HERE} inst.profile=sme", f"{HERE} inst.rdp inst.rdp.username=a inst.rdp.password=b inst.disklabel=mbr"),
}


def boot_entry(line: str) -> BootEntry:
    words = tuple(MenuWord("grub.cfg", 7, "linux", word) for word in line.split())
    return BootEntry(MenuWord("grub.cfg", 6, "menuentry", "Install"), None, (), words, started=False)


def boot_medium(base: str) -> BootMedium:
    return BootMedium("SME-11", "SME-11", FILES.__contains__, BASES[base])


def faults(base: str, line: str) -> str:
    return "\n".join(argument_faults(boot_entry(line), boot_medium(base)))


def remarks(base: str, line: str) -> str:
    return "\n".join(argument_remarks(boot_entry(line), boot_medium(base)))


@pytest.mark.parametrize("base", BASES)
def test_what_upstreams_menus_say_passes_without_a_word(base: str) -> None:
    own = [line for bases, lines in OWN.items() if base in bases.split() for line in lines]
    assert [said for line in (*OF_ALL, *own) for said in (faults(base, line), remarks(base, line)) if said] == []


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("ks=cdrom:/ks.cfg", "inst.ks"),
        ("repo=cdrom", "inst.repo"),
        ("method=cdrom", "inst.repo"),
        ("stage2=hd:LABEL=SME-11", "inst.stage2"),
        ("updates=http://a/u.img", "inst.updates"),
        ("dd", "inst.dd"),
        ("text", "inst.text"),
        ("rescue", "inst.rescue"),
        ("vnc", "inst.vnc"),
        ("kssendmac", "inst.ks.sendmac"),
    ],
)
def test_options_without_inst_are_told_on_el_8_and_refused_from_el_9_on(word: str, wanted: str) -> None:
    line = f"{HERE} {word}"
    assert faults("el8", line) == ""
    assert remarks("el8", line) == f"grub.cfg, line 7: linux has {word}, of which the installer warns: write {wanted}"
    for base in ("el9", "el10"):
        said = f"linux has {word}, which the installer of {BASES[base].words} ignores: write {wanted}"
        assert faults(base, line) == f"grub.cfg, line 7: {said}"
        assert remarks(base, line) == ""


def test_an_option_that_el_8_takes_without_inst_must_still_lead_somewhere() -> None:
    assert "and the medium is called SME-11" in faults("el8", "stage2=hd:LABEL=Other")
    assert "the medium has no extra/images/install.img" in faults("el8", "stage2=hd:LABEL=SME-11:/extra")
    assert "the medium has no my.cfg" in faults("el8", f"{HERE} ks=hd:LABEL=SME-11:/my.cfg")


@pytest.mark.parametrize(
    ("base", "word", "said"),
    [
        ("el10", "inst.vnc", "which the installer of Enterprise Linux 10 does not know: write inst.rdp"),
        ("el10", "inst.vncpassword=x", "does not know: write inst.rdp.password"),
        ("el10", "inst.product=SME", "does not know: write inst.profile"),
        ("el9", "inst.profile=sme", "which the installer of Enterprise Linux 9 does not know: write inst.product"),
        ("el8", "inst.rdp", "does not know: write inst.vnc"),
        ("el9", "inst.repo=nfsiso:server:/a.iso", "which is none of hd:LABEL=, cdrom, http, https, ftp, nfs, nfs4"),
        ("el9", "inst.kickstrat=x", "did you mean inst.kickstart?"),
        ("el10", "rd.live.chek=1", "did you mean rd.live.check?"),
        ("el8", "inst.stage2=hd:LABEL=SME-11:/other", "the medium has no other/images/install.img"),
        ("el8", "inst.repo=hd:LABEL=SME-11:/other", "the medium has no other/BaseOS/repodata/repomd.xml"),
        ("el9", "inst.repo=https://dl.rockylinux.org/pub", "an address of upstream, rockylinux.org"),
    ],
)
def test_what_another_installer_has_is_refused_with_the_word_for_it(base: str, word: str, said: str) -> None:
    assert said in faults(base, f"{HERE} {word}")


@pytest.mark.parametrize(
    ("base", "word"), [("el9", "inst.loglevel=debug"), ("el10", "inst.nompath"), ("el10", "inst.xdriver=vesa")]
)
def test_what_the_installer_passes_over_is_told(base: str, word: str) -> None:
    assert faults(base, f"{HERE} {word}") == ""
    said = f"linux has {word}, which the installer of {BASES[base].words} passes over: leave it out"
    assert remarks(base, f"{HERE} {word}") == f"grub.cfg, line 7: {said}"


def test_a_kickstart_file_is_found_by_the_spellings_that_count() -> None:
    found = {base: list(find_kickstarts(boot_entry(f"{HERE} ks=cdrom:/ks.cfg"), boot_medium(base))) for base in BASES}
    assert found == {"el7": ["ks.cfg"], "el8": ["ks.cfg"], "el9": [], "el10": []}


def test_what_el_7_is_told_is_what_it_was_told() -> None:
    assert "the spelling of EL 6: write inst.repo=" in faults("el7", f"{HERE} repo=cdrom")
    assert faults("el7", f"{HERE} ks=cdrom:/ks.cfg text rescue inst.profile=x") == ""
    assert remarks("el7", f"{HERE} ks=cdrom:/ks.cfg text rescue vnc") == ""
