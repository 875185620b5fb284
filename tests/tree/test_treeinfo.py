# SPDX-License-Identifier: GPL-3.0-or-later
"""test_treeinfo"""

from __future__ import annotations

import configparser
import io
import re
from pathlib import Path

import pytest

from smedoit.tree import treeinfo
from tests.harness.corpus import corpus_dir
from tests.harness.nouns import EPOCH, identity

DIGESTS = {name: f"{number:064x}" for number, name in enumerate(treeinfo.checksummed_files(identity()))}


def as_python2_reads(text: str) -> configparser.ConfigParser:
    """Return an INI file as ConfigParser of Python 2.7, which anaconda uses, reads it."""
    parser = configparser.ConfigParser(strict=False, inline_comment_prefixes=(";",))
    parser.read_file(io.StringIO(text))
    return parser


def as_dracut_reads(text: str, section: str, key: str) -> str:
    """Return a value as dracut's shell loop reads it: key=value, # comments, blanks trimmed."""
    here = ""
    for line in text.splitlines():
        if line.startswith("["):
            here = line.strip("[]")
        name, equals, value = line.partition("=")
        if here == section and equals and name.strip() == key and not line.startswith("#"):
            return value.strip()
    return ""


@pytest.mark.parametrize("label", ["", "rc2", "alpha5"])
def test_productmd_loads_our_treeinfo(tmp_path: Path, label: str) -> None:
    from productmd.treeinfo import TreeInfo

    (tmp_path / ".treeinfo").write_text(treeinfo.format_treeinfo(identity(label=label), DIGESTS), encoding="utf-8")
    found = TreeInfo()
    found.load(str(tmp_path / ".treeinfo"))
    assert (found.release.name, found.release.version, found.tree.arch) == ("Koozali SME Server", "10.1", "x86_64")
    assert found.stage2.mainimage == "LiveOS/squashfs.img"
    assert found.checksums.checksums == {name: ("sha256", digest) for name, digest in DIGESTS.items()}
    [variant] = found.variants.get_variants()
    assert (variant.uid, str(variant.paths.packages), str(variant.paths.repository)) == ("SME", "Packages", ".")


def test_productmd_still_loads_with_a_short_name_of_several_words(tmp_path: Path) -> None:
    from productmd.treeinfo import TreeInfo

    (tmp_path / ".treeinfo").write_text(treeinfo.format_treeinfo(identity(short="SME-Server_x"), {}), encoding="utf-8")
    found = TreeInfo()
    found.load(str(tmp_path / ".treeinfo"))
    assert [variant.uid for variant in found.variants.get_variants()] == ["SMEServerx"]


def as_virt_install_reads(text: str) -> tuple[str, str]:
    """Return (kernel, initrd) as virtinst's detection of install trees finds them, whatever the family.

    Source: virtinst/install/urldetect.py, get_treeinfo_media and the generic class of trees with a .treeinfo.
    """
    parser = configparser.ConfigParser()  # as strict as its own: nothing twice, no stray percent sign
    parser.read_string(text)
    assert parser.get("general", "family")
    assert re.fullmatch(r"[0-9]+(\.[0-9]+)*", parser.get("general", "version"))
    section = f"images-{parser.get('general', 'arch')}"
    return parser.get(section, "kernel"), parser.get(section, "initrd")


@pytest.mark.parametrize("has_packages", [True, False], ids=["tree", "netinstall"])
def test_virt_install_finds_kernel_and_initrd(has_packages: bool) -> None:
    text = treeinfo.format_treeinfo(identity(), DIGESTS, has_packages=has_packages)
    assert as_virt_install_reads(text) == ("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img")


def test_the_treeinfo_of_the_network_install_medium_promises_no_packages_and_not_itself() -> None:
    text = treeinfo.format_treeinfo(identity(), DIGESTS, has_packages=False)
    found = as_python2_reads(text)
    assert "boot.iso" not in found["images-x86_64"]
    assert not found.has_option("general", "packagedir")
    assert as_dracut_reads(text, "stage2", "mainimage") == "LiveOS/squashfs.img"


def test_anaconda_finds_its_version_and_variant() -> None:
    found = as_python2_reads(treeinfo.format_treeinfo(identity(), DIGESTS))
    assert re.match(r"([\d.]+)", found.get("general", "version"))
    assert found.get("general", "variant") == "SME"
    assert not found.has_option("variant-SME", "addons")


def test_every_section_of_a_real_old_treeinfo_is_in_ours() -> None:
    real = as_python2_reads((corpus_dir() / "trees/centos7.3/.treeinfo").read_text(encoding="utf-8"))
    ours = as_python2_reads(treeinfo.format_treeinfo(identity(), DIGESTS))
    assert set(real.sections()) <= set(ours.sections())
    for section in ("general", "images-x86_64", "images-xen", "stage2"):
        assert set(real[section]) <= set(ours[section]), section


def test_its_images_lie_where_a_real_one_says() -> None:
    real = as_python2_reads((corpus_dir() / "trees/centos7.3/.treeinfo").read_text(encoding="utf-8"))
    ours = as_python2_reads(treeinfo.format_treeinfo(identity(), DIGESTS))
    for section in ("images-x86_64", "images-xen"):
        assert dict(real[section]).items() <= dict(ours[section]).items()


def test_a_real_new_treeinfo_has_no_key_that_ours_lacks() -> None:
    real = as_python2_reads((corpus_dir() / "trees/centos8/.treeinfo").read_text(encoding="utf-8"))
    ours = as_python2_reads(treeinfo.format_treeinfo(identity(), DIGESTS))
    for section in ("general", "header", "release", "tree"):
        assert set(real[section]) <= set(ours[section]), section


def test_dracut_finds_the_stage2() -> None:
    assert (
        as_dracut_reads(treeinfo.format_treeinfo(identity(), DIGESTS), "stage2", "mainimage") == "LiveOS/squashfs.img"
    )


def test_the_treeinfo_follows_from_its_inputs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    first = treeinfo.format_treeinfo(identity(), DIGESTS)
    monkeypatch.setattr("time.time", lambda: 1.0)
    assert treeinfo.format_treeinfo(identity(), dict(reversed(DIGESTS.items()))) == first
    assert str(EPOCH) in first


def test_an_image_that_is_not_there_is_not_promised() -> None:
    without = {name: digest for name, digest in DIGESTS.items() if name != "images/efiboot.img"}
    assert "efiboot.img" not in treeinfo.format_treeinfo(identity(), without)


def test_discinfo_has_the_lines_of_a_real_one() -> None:
    real = (corpus_dir() / "trees/centos8/.discinfo").read_text(encoding="utf-8").splitlines()
    ours = treeinfo.format_discinfo(identity()).splitlines()
    assert ours[1] == "Koozali SME Server 10.1rc2"
    assert ours[2:] == real[2:]
    assert re.fullmatch(r"\d+\.\d{6}", ours[0])
    assert re.fullmatch(r"\d+\.\d{6}", real[0])


def test_anaconda_demands_the_architecture_alone_on_line_three() -> None:
    assert treeinfo.format_discinfo(identity()).split("\n")[2] == "x86_64"


def test_media_repo_has_the_keys_of_a_real_one() -> None:
    real = as_python2_reads((corpus_dir() / "trees/centos8/media.repo").read_text(encoding="utf-8"))
    ours = as_python2_reads(treeinfo.format_media_repo(identity()))
    assert {name: set(ours[name]) for name in ours.sections()} == {name: set(real[name]) for name in real.sections()}


def test_the_media_id_is_the_first_line_of_discinfo() -> None:
    found = as_python2_reads(treeinfo.format_media_repo(identity())).get("InstallMedia", "mediaid")
    assert found == treeinfo.format_discinfo(identity()).splitlines()[0]
