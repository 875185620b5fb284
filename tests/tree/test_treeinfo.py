# SPDX-License-Identifier: GPL-3.0-or-later
"""test_treeinfo"""

from __future__ import annotations

import configparser
import io
import os
import posixpath
import re
import subprocess
from pathlib import Path

import pytest

from smedoit.bases.known import BASES
from smedoit.config.identity import ReleaseIdentity
from smedoit.repodata.write import NO_EXTRAS, RepoPackage, write_repodata
from smedoit.runtime.files import write_file
from smedoit.sample.packages import RpmRecipe, write_rpm
from smedoit.tree import treeinfo
from tests.harness.corpus import corpus_dir
from tests.harness.nouns import EPOCH, identity
from tests.harness.tools import need, read_with

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


NEWER = [name for name, base in BASES.items() if all(base.repositories)]
FLAT, BOTH = {"BaseOS": ("Packages", ".")}, {name: (f"{name}/Packages", name) for name in ("BaseOS", "AppStream")}


def release_on(base: str, *repositories: str) -> ReleaseIdentity:
    """Return the second candidate of SME Server 11.0, on a base."""
    return identity(base=base, major=11, version="11.0", repositories=repositories)


def treeinfo_of(one: ReleaseIdentity, *, has_packages: bool = True) -> str:
    """Return the .treeinfo of a medium that has all that may be there."""
    return treeinfo.format_treeinfo(
        one, {path: f"{number:064x}" for number, path in enumerate(treeinfo.checksummed_files(one))},
        has_packages=has_packages,
    )  # fmt: skip


@pytest.mark.parametrize("base", NEWER)
@pytest.mark.parametrize(("repositories", "variants"), [((), BOTH), ((".",), FLAT)], ids=["two", "flat"])
def test_productmd_finds_a_variant_for_each_repository(
    tmp_path: Path, base: str, repositories: tuple[str, ...], variants: dict[str, tuple[str, str]]
) -> None:
    from productmd.treeinfo import TreeInfo

    text = treeinfo_of(release_on(base, *repositories))
    (tmp_path / ".treeinfo").write_text(text, encoding="utf-8")
    found = TreeInfo()
    found.load(str(tmp_path / ".treeinfo"))
    assert found.header.version_tuple == (1, 2)
    assert (found.release.version, found.stage2.mainimage) == ("11.0", "images/install.img")
    assert {
        variant.name: (variant.paths.packages, variant.paths.repository) for variant in found.variants.get_variants()
    } == variants
    assert {variant.type for variant in found.variants.get_variants()} == {"variant"}
    for _packages, repository in variants.values():  # as pulp, which downloads what is listed
        assert posixpath.normpath(f"{repository}/repodata/repomd.xml") in found.checksums.checksums
    assert as_virt_install_reads(text) == ("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img")


def test_older_readers_are_led_to_the_repository_that_an_installation_begins_with() -> None:
    general = as_python2_reads(treeinfo_of(release_on("el9")))["general"]
    assert (general["variant"], general["repository"], general["packagedir"]) == ("BaseOS", "BaseOS", "BaseOS/Packages")


def test_the_efi_image_of_a_base_that_has_it_as_a_partition_alone_is_listed_nowhere() -> None:
    assert "efiboot.img" in treeinfo_of(release_on("el9"))
    assert "efiboot.img" not in treeinfo_of(release_on("el10"))


def test_the_network_install_medium_promises_no_repository_of_any_base() -> None:
    for base in NEWER:
        found = as_python2_reads(treeinfo_of(release_on(base), has_packages=False))
        assert found["tree"]["variants"] == "BaseOS"
        assert "repository" not in found["variant-BaseOS"]


def test_every_section_and_key_of_a_real_dvd_is_in_ours() -> None:
    ours = as_python2_reads(treeinfo_of(release_on("el8")))
    for tree in ("centos8", "rocky9.6-remaster"):
        real = as_python2_reads((corpus_dir() / f"trees/{tree}/.treeinfo").read_text(encoding="utf-8"))
        for section in set(real.sections()) - {"media"}:  # of several discs, which nobody has any more
            assert set(real[section]) <= set(ours[section]), section


@pytest.mark.parametrize("base", [pytest.param(base, marks=pytest.mark.exhaustive) for base in NEWER[:-1]] + NEWER[-1:])
def test_virt_install_finds_kernel_and_initrd_in_the_tree_of_each_base(base: str, tmp_path: Path) -> None:
    need("virt-install")
    tree = tmp_path / "tree"
    write_file(tree / ".treeinfo", treeinfo_of(release_on(base)))
    for name in ("vmlinuz", "initrd.img"):
        write_file(tree / "images/pxeboot" / name, f"this is {name}")
    said = subprocess.run(
        [
            "virt-install", "--name=it", "--memory=2048", "--disk=none", "--connect=test:///default", "--print-xml",
            "--dry-run", "--osinfo=centos7.0", f"--location={tree}",
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "<kernel>" in said.stdout and "<initrd>" in said.stdout, said.stderr


def test_dnf_reads_both_repositories_by_media_repo_alone(tmp_path: Path) -> None:
    need("dnf")
    tree = tmp_path / "tree"
    for number, place in enumerate(("BaseOS", "AppStream")):
        path = write_rpm(RpmRecipe(f"it-{place}", "1", "1"), tree / place / "Packages")
        located = RepoPackage(None, path, f"Packages/{path.name}")
        write_repodata([located], NO_EXTRAS, tree / place / "repodata", number, tmp_path / "facts.sqlite")
    text = treeinfo.format_media_repo(release_on("el8"))
    assert text.count(f"baseurl=file://{treeinfo.MOUNTED}/") == 2
    write_file(tmp_path / "repos/media.repo", text.replace(treeinfo.MOUNTED, str(tree)))
    said = read_with(
        "dnf", f"--setopt=reposdir={tmp_path}/repos", f"--setopt=cachedir={tmp_path}/cache", "--disableplugin=*", "-q",
        "--releasever=8", "repoquery", "--qf=%{name} %{repoid}",
    )  # fmt: skip
    assert said.splitlines() == ["it-AppStream InstallMedia-AppStream", "it-BaseOS InstallMedia-BaseOS"]


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
