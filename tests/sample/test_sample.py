# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice world: real enough that every step of the build has something to chew on."""

from __future__ import annotations

import gettext
import re
import subprocess
import zlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from smedoit.bases.known import USUAL
from smedoit.config.release import Release, load_release
from smedoit.config.tiers import KeySettings
from smedoit.errors import ConfigError
from smedoit.package import Evr
from smedoit.runtime.files import FileStamp, link_file, stamp_file, walk_files, write_file
from smedoit.sample import catalogue, groups, installer, packages, pictures, translations, world
from tests.harness.tools import need, read_with

RELEASE = Path(__file__).parents[2] / "release.toml"
STAGED = ("smeos", "smeupdates", "smeupdates-testing")


def release_in(directory: Path, old: str = "", new: str = "") -> Release:
    """Return the sample release with directory/build as its root, after one replacement in its text."""
    text = RELEASE.read_text(encoding="utf-8")
    assert old in text
    write_file(directory / "release.toml", text.replace(old, new) if old else text)
    return load_release(directory / "release.toml")


@pytest.fixture(scope="module")
def rel(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release whose world is filled; no test may change it."""
    made = release_in(tmp_path_factory.mktemp("world"))
    world.fill_practice_world(made)
    return made


def rpms(rel: Release, *tiers: str, pattern: str = "*.rpm") -> list[Path]:
    """Return the RPM files of the tiers (of all, if none is named), sorted."""
    chosen = [tier.path for tier in rel.tiers if not tiers or tier.name in tiers]
    return sorted(found for path in chosen for found in path.rglob(pattern))


def binaries(rel: Release, *tiers: str) -> list[Path]:
    return [file for file in rpms(rel, *tiers) if not file.name.endswith(".src.rpm")]


def versions(rel: Release, name: str, *tiers: str) -> set[Evr]:
    """Return every version of a package that the tiers hold."""
    from rpm_rs import PackageMetadata

    found = (PackageMetadata.open(str(file)) for file in binaries(rel, *tiers))
    return {evr_of(package) for package in found if package.name == name}


def evr_of(header: Any) -> Evr:
    nevra = header.nevra()
    return Evr(int(nevra.epoch or 0), nevra.version, nevra.release)


def content_of(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def stamps_of(root: Path) -> dict[Path, FileStamp]:
    return {file: stamp_file(file) for file in sorted(root.rglob("*")) if file.is_file()}


# The world as a whole


def test_making_it_twice_touches_no_file(tmp_path: Path) -> None:
    rel = release_in(tmp_path)
    world.fill_practice_world(rel)
    before = stamps_of(rel.root)
    world.fill_practice_world(rel)
    assert stamps_of(rel.root) == before


def test_two_machines_make_the_same_bytes(tmp_path: Path, rel: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    other = release_in(tmp_path)
    world.fill_practice_world(other)
    assert content_of(other.root) == content_of(rel.root)


def test_what_a_person_edited_is_kept_and_what_they_deleted_comes_back(tmp_path: Path) -> None:
    rel = release_in(tmp_path)
    world.fill_practice_world(rel)
    logo, notes, package = rel.content.path / "isolinux/splash.png", rel.content.path / "README.txt", rpms(rel)[0]
    text, wanted = notes.read_bytes(), package.read_bytes()
    logo.write_bytes(b"a better logo")
    notes.unlink()
    package.unlink()
    world.fill_practice_world(rel)
    assert (logo.read_bytes(), notes.read_bytes(), package.read_bytes()) == (b"a better logo", text, wanted)


def test_a_release_without_practice_keys_gets_no_practice_packages(tmp_path: Path) -> None:
    rel = release_in(tmp_path)
    real = replace(rel, keys=(KeySettings(rel.root / "RPM-GPG-KEY-koozali", "ab" * 20),))
    with pytest.raises(ConfigError, match="trusts no practice key"):
        world.fill_practice_world(real)
    assert not rel.root.exists()


def test_a_tier_that_the_sample_does_not_know_stays_empty(tmp_path: Path) -> None:
    rel = release_in(tmp_path, 'name = "smeupdates"', 'name = "smecontribs"')
    world.fill_practice_world(rel)
    assert not rpms(rel, "smecontribs")
    assert rpms(rel, "smeos")


def test_it_follows_the_paths_of_release_toml(tmp_path: Path) -> None:
    rel = release_in(tmp_path, "sme10", "sme11")
    world.fill_practice_world(rel)
    assert (rel.root / "src/cdrom.image/sme11/RPM-GPG-KEY-practice-centos").is_file()
    assert not (rel.root / "src/cdrom.image/sme10").exists()


# Packages


def test_every_package_is_signed_with_the_key_of_its_maker(rel: Release) -> None:
    from rpm_rs import Package, Verifier

    verifiers = {
        name: Verifier.from_file(str(packages.KEYS / f"RPM-GPG-KEY-practice-{name}")) for name in ("koozali", "centos")
    }
    signed = dict.fromkeys(verifiers, 0)
    for file in rpms(rel):
        ours = re.search(r"sme", file.name) is not None
        name = "koozali" if ours else "centos"
        Package.open(str(file)).verify_signature(verifiers[name])
        signed[name] += 1
    assert min(signed.values()) >= 20


def test_rpm_itself_accepts_every_signature_and_digest(rel: Release, tmp_path: Path) -> None:
    need("rpmkeys")
    private = f"--define=_dbpath {tmp_path}"
    read_with("rpmkeys", private, "--import", *(key.file for key in rel.keys))
    verdicts = read_with("rpmkeys", private, "-K", *rpms(rel)).splitlines()
    assert len(verdicts) == len(rpms(rel)) >= 40
    assert [line for line in verdicts if not line.endswith(": digests signatures OK")] == []


def test_centos_7_can_unpack_every_payload_and_check_every_signature(rel: Release) -> None:
    need("rpm")
    told = read_with("rpm", "-qp", "--nosignature", "--qf", "%{PAYLOADCOMPRESSOR} %{RSAHEADER:pgpsig}\n", *rpms(rel))
    kinds = {tuple(line.split(",")[0].split(" ")) for line in told.splitlines()}
    assert kinds == {("gzip", "RSA/SHA256"), ("xz", "RSA/SHA256")}


def test_the_packages_fit_in_three_megabytes(rel: Release) -> None:
    assert len(binaries(rel)) >= 40
    assert sum(file.stat().st_size for file in rpms(rel)) < 3_000_000


def test_the_pinned_fingerprints_are_those_of_the_checked_in_keys(rel: Release) -> None:
    from rpm_rs import Package

    found = {
        name: Package.from_bytes(packages.build_rpm(packages.RpmRecipe("foo", "1", "1", key=name)))
        for name in ("koozali", "centos")
    }
    ids = {
        name: package.signatures()[0].key_id or package.signatures()[0].fingerprint for name, package in found.items()
    }
    assert all(packages.FINGERPRINTS[name].endswith(value) for name, value in ids.items())
    assert {key.fingerprint for key in rel.keys} == set(packages.FINGERPRINTS.values())


@pytest.mark.parametrize("newest_only", [False, True])
def test_the_staged_tiers_need_nothing_from_elsewhere(rel: Release, newest_only: bool) -> None:
    held = binaries(rel, *STAGED)
    assert missing(newest(held) if newest_only else held) == set()


def newest(files: Iterable[Path]) -> list[Path]:
    from rpm_rs import PackageMetadata

    best: dict[tuple[str, str], tuple[Evr, Path]] = {}
    for file in files:
        package = PackageMetadata.open(str(file))
        evr = evr_of(package)
        held = best.get((package.name, package.arch))
        if held is None or held[0] < evr:
            best[package.name, package.arch] = evr, file
    return [file for _, file in best.values()]


def missing(files: Iterable[Path]) -> set[str]:
    """Return the names that something requires and nothing provides; versions are dnf's business, below."""
    from rpm_rs import PackageMetadata

    wanted: set[str] = set()
    offered: set[str] = set()
    for package in [PackageMetadata.open(str(file)) for file in files]:
        wanted |= {need.name for need in package.requires() if not need.name.startswith("rpmlib(")}
        offered |= {offer.name for offer in package.provides()} | set(package.file_paths())
    return wanted - offered


def test_dnf_finds_the_staged_tiers_closed_and_installable(rel: Release, tmp_path: Path) -> None:
    need("createrepo_c", "dnf")
    for file in binaries(rel, *STAGED):
        link_file(file, tmp_path / "repo" / file.name)
    read_with("createrepo_c", "--quiet", "--compatibility", tmp_path / "repo")
    told = dnf(tmp_path, "install", "--assumeno", "*.x86_64", "*.noarch")
    assert "Operation aborted" in told, told  # after it solved everything and asked whether to go on
    if "repoclosure" in dnf(tmp_path, "repoclosure", "--help"):
        assert "unresolved" not in dnf(tmp_path, "repoclosure", "--arch=x86_64", "--arch=noarch")


def dnf(directory: Path, *words: str) -> str:
    """Return everything that dnf prints about directory/repo alone."""
    options = [f"--installroot={directory}/root", f"--setopt=cachedir={directory}/cache", "--setopt=gpgcheck=0"]
    only = [
        f"--repofrompath=practice,file://{directory}/repo",
        "--repo=practice",
        "--forcearch=x86_64",
        "--releasever=7",
    ]
    done = subprocess.run(["dnf", *options, *only, *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_every_binary_of_our_tiers_has_its_source_package(rel: Release) -> None:
    from rpm_rs import PackageMetadata

    sources = {file.name for file in rpms(rel, pattern="*.src.rpm")}
    ours = [tier.name for tier in rel.tiers if tier.name != "centos"]
    assert {PackageMetadata.open(str(file)).source_rpm for file in binaries(rel, *ours)} == sources
    for file in rpms(rel, pattern="*.src.rpm"):
        package = PackageMetadata.open(str(file))
        assert package.is_source_package()
        assert file.read_bytes()[6:8] == b"\0\1"  # rpm's lead says so too


def test_a_file_name_means_the_same_bytes_in_every_tier(rel: Release) -> None:
    held: dict[str, set[bytes]] = {}
    for file in rpms(rel):
        held.setdefault(file.name, set()).add(file.read_bytes())
    assert all(len(copies) == 1 for copies in held.values())
    both = {file.name for file in rpms(rel, "smeos")} & {file.name for file in rpms(rel, "smeupdates")}
    assert "smeserver-yum-2.7.0-5.el7.sme.noarch.rpm" in both


def test_updates_supersede_tier_by_tier(rel: Release) -> None:
    tiers = ("smeos", "smeupdates", "smeupdates-testing", "smetest")
    steps = [max(versions(rel, "e-smith-base", tier)) for tier in tiers]
    assert steps == sorted(steps) and len(set(steps)) == len(steps)


def test_the_cases_that_a_build_must_get_right_are_all_there(rel: Release) -> None:
    everywhere = {tier.name for tier in rel.tiers}
    assert {len(versions(rel, "kernel", *STAGED)), len(versions(rel, "kernel", "smeos"))} == {3, 2}
    assert not versions(rel, "smeserver-nextcloud", *(everywhere - {"smetest"}))
    assert versions(rel, "samba", "centos") and not versions(rel, "samba", *(everywhere - {"centos"}))
    assert max(versions(rel, "openssl", "centos")) > max(versions(rel, "openssl", *STAGED))
    assert max(versions(rel, "dovecot", *STAGED)).epoch == 1  # although its version is the lower one
    assert max(versions(rel, "spamassassin", *STAGED)).version == "3.4.6"  # newer than 3.4.6~rc1
    word_sizes = {file.name.split("-")[0] for file in binaries(rel, "smeos") if file.name.endswith(".i686.rpm")}
    assert word_sizes == {"glibc", "libgcc", "libstdc++"}


@pytest.mark.parametrize(("label", "release"), [("", "1"), ("rc2", "0.rc2"), ("alpha5", "0.alpha5")])
def test_smeserver_release_follows_release_toml(label: str, release: str) -> None:
    identity = replace(load_release(RELEASE).release, label=label)
    made = {
        recipe.name: recipe
        for recipe in catalogue.practice_recipes("smeupdates-testing", identity)
        if not recipe.is_source
    }
    assert (made["smeserver-release"].version, made["smeserver-release"].release) == ("10.1", release)


def test_an_update_s_changelog_continues_the_one_before(rel: Release) -> None:
    from rpm_rs import PackageMetadata

    [old], [new] = (rpms(rel, tier, pattern="e-smith-base*.noarch.rpm") for tier in ("smeos", "smeupdates"))
    older, newer = (
        [entry.description for entry in PackageMetadata.open(str(file)).changelog_entries()] for file in (old, new)
    )
    assert newer[1:] == older
    assert "[SME: 11471]" in newer[0]


# Packages on order


def test_one_recipe_says_all_that_an_rpm_can() -> None:
    from rpm_rs import PackageMetadata

    recipe = packages.RpmRecipe(
        "foo",
        "1.0~rc1",
        "3.el7",
        "x86_64",
        epoch=2,
        requires=("bash", "glibc >= 2.17"),
        provides=("food = 1",),
        obsoletes=("fop < 1",),
        conflicts=("bar",),
        files=("/usr/bin/foo",),
        changelog=(packages.RecipeChange(date(2021, 3, 1), "Ada <ada@example.invalid>", "2:1.0-1", "- mend [SME: 5]"),),
        source_rpm="foobar-1.0-1.src.rpm",
    )
    told = PackageMetadata.from_bytes(packages.build_rpm(recipe))
    assert (str(told.nevra()), told.source_rpm) == ("foo-2:1.0~rc1-3.el7.x86_64", "foobar-1.0-1.src.rpm")
    assert [(relation.name, relation.version) for relation in told.requires()][:2] == [("bash", ""), ("glibc", "2.17")]
    assert "food" in {relation.name for relation in told.provides()}
    assert [relation.name for relation in [*told.obsoletes(), *told.conflicts()]] == ["fop", "bar"]
    assert "/usr/bin/foo" in told.file_paths()
    assert [(entry.name, entry.description) for entry in told.changelog_entries()] == [
        ("Ada <ada@example.invalid> 2:1.0-1", "- mend [SME: 5]")
    ]


def test_a_package_without_a_key_is_whole_but_unsigned() -> None:
    from rpm_rs import Package

    package = Package.from_bytes(packages.build_rpm(packages.RpmRecipe("foo", "1", "1", key="")))
    package.verify_digests()
    assert package.signatures() == []


def test_a_package_is_about_as_large_as_its_payload() -> None:
    size = 1_000_000
    for compression in packages.COMPRESSIONS:
        made = packages.build_rpm(packages.RpmRecipe("foo", "1", "1", size=size, compression=compression))
        assert size < len(made) < size * 1.01


@pytest.mark.parametrize(("count", "total"), [(1, 10), (100, 1_000_000), (1500, 800_000_000)])
def test_sizes_are_spread_to_the_byte(count: int, total: int) -> None:
    sizes = packages.spread_sizes(count, total)
    assert (len(sizes), sum(sizes)) == (count, total)
    assert list(sizes) == sorted(sizes)


def test_most_packages_are_small_and_few_are_huge() -> None:
    sizes = packages.spread_sizes(1000, 100_000_000)
    assert sizes[500] < 100_000 / 4
    assert sum(sizes[-10:]) > 100_000_000 / 4


def test_a_crowd_needs_only_itself(tmp_path: Path) -> None:
    files = [packages.write_rpm(recipe, tmp_path) for recipe in packages.chained_recipes(30, 30_000)]
    assert len(set(files)) == 30
    assert missing(files) == set()


# Content and translations


def test_comps_lists_only_what_the_staged_tiers_hold() -> None:
    own = catalogue.find_catalogue(USUAL)
    held = {catalogue.find_recipe(name, own).name for tier in STAGED for name in own.tiers[tier].split()}
    listed = {name for group in own.groups for name in f"{group.mandatory} {group.default} {group.optional}".split()}
    assert listed - held == set()


def test_comps_is_what_an_installer_needs() -> None:
    import libcomps

    comps = libcomps.Comps()
    assert comps.fromxml_str(groups.practice_comps()) == 0, comps.get_last_errors()
    assert [group.id for group in comps.groups] == ["core", "sme-base", "sme-mail"]
    [environment] = comps.environments
    assert [group.name for group in environment.group_ids] == ["core", "sme-base"]
    assert [group.name for group in environment.option_ids] == ["sme-mail"]
    assert len(comps.categories) == 1


def test_the_old_version_stands_where_the_build_must_replace_it(rel: Release) -> None:
    shown = {name for name, data in content_of(rel.content.path).items() if re.search(rb"10\.0|10alpha5", data)}
    wanted = {
        "Packages/base/comps.xml",
        *(f"isolinux/{name}" for name in ("boot.msg", "help.txt", "isolinux.cfg")),
        "netinstall/isolinux/isolinux.cfg",
        "EFI/BOOT/grub.cfg",
        "product/.buildstamp",
        *(f"product/etc/{name}-release" for name in ("centos", "e-smith", "os", "redhat")),
        "product/etc/system-release-cpe",
        "updates/README.txt",
    }
    assert wanted <= shown


def test_every_entry_that_starts_the_installer_finds_it_by_label(rel: Release) -> None:
    for name, command in (("isolinux/isolinux.cfg", "append"), ("EFI/BOOT/grub.cfg", "linuxefi")):
        lines = [line for line in (rel.content.path / name).read_text().splitlines() if line.split()[:1] == [command]]
        assert len(lines) == 4
        assert all(r"inst.stage2=hd:LABEL=CentOS\x207\x20x86_64" in line for line in lines)


def test_the_default_entry_tests_the_medium(rel: Release) -> None:
    text = (rel.content.path / "isolinux/isolinux.cfg").read_text()
    [default] = [entry for entry in text.split("\nlabel ") if "menu default" in entry]
    assert default.startswith("check\n") and "rd.live.check" in default


def test_a_checkout_s_cvs_directories_are_there_and_no_walk_sees_them(rel: Release) -> None:
    root = rel.content.path
    assert {(root / place / "CVS" / name).is_file() for place in ("", "product") for name in ("Entries", "Root")} == {
        True
    }
    assert not [path for path, _ in walk_files(root) if "CVS" in path]


def test_the_koozali_class_beats_the_others() -> None:
    order = sorted(installer.CLASSES, key=lambda file: installer.CLASSES[file][2])
    assert order == ["fedora.py", "centos.py", "koozali.py"]
    assert all('efi_dir = "centos"' in installer.install_class_source(file) for file in installer.CLASSES)


def test_gettext_loads_every_translation(rel: Release) -> None:
    root = rel.translations.path
    assert len(translations.LANGUAGES) >= 5
    for language in translations.LANGUAGES:
        told = gettext.translation("anaconda", root, languages=[language])
        assert told.info()["language"] == language
        assert all(told.gettext(text) for text in translations.MESSAGES)
    german = gettext.translation("anaconda", root, languages=["de"])
    assert german.gettext("LANGUAGE SUPPORT") == "SPRACHUNTERSTÜTZUNG"


@pytest.mark.parametrize("name", sorted(pictures.PICTURES))
def test_pictures_are_whole_pngs(name: str) -> None:
    width, height, *colours = pictures.PICTURES[name]
    picture = pictures.striped_png(*pictures.PICTURES[name])
    start = picture.index(b"IDAT")
    length = int.from_bytes(picture[start - 4 : start], "big")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n") and picture.endswith(b"IEND\xaeB`\x82")
    assert len(zlib.decompress(picture[start + 4 : start + 4 + length])) == height * (1 + (width + 7) // 8)
    assert all(bytes(colour) in picture for colour in colours)
