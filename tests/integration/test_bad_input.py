# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release manager can get wrong ends in a sentence, and leaves the last good ISO where it was."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smedoit.fat import format
from smedoit.runtime import files
from smedoit.sample import packages
from smedoit.sample.packages import FINGERPRINTS, RpmRecipe
from tests.harness.corpus import corpus_dir
from tests.harness.nouns import EPOCH
from tests.harness.project import Outcome, Project, flipped

Break = Callable[[Project], object]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A trial with a finished ISO; no test may change it."""
    trial = Project.new(tmp_path_factory.mktemp("good") / "trial")
    answer = trial.doit("sample", "iso")
    assert answer.code == 0, answer.said
    return trial


@pytest.fixture
def trial(good: Project, tmp_path: Path) -> Project:
    return good.copy(tmp_path / "trial")


def isos(trial: Project) -> dict[str, bytes]:
    """Return name -> content of everything beside the finished ISOs."""
    place = trial.home / "build/stage/iso"
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def refused(trial: Project, *words: str, before: Callable[[], None] | None = None) -> Outcome:
    """Run doit, which must fail with these words (patterns, in this order) and leave everything in order."""
    old = isos(trial)
    answer = trial.doit("iso", before=before)
    assert answer.code != 0, answer.said
    assert "Traceback" not in answer.said, answer.said
    assert re.search(".*".join(words), answer.said, re.DOTALL), answer.said
    assert isos(trial) == old
    assert trial.leftovers() == []
    return answer


def content(trial: Project, name: str) -> Path:
    return trial.release.content.path / name


def boot_set(trial: Project, name: str) -> Path:
    return trial.release.boot_set.path / name


def tier(trial: Project, name: str = "smeos") -> Path:
    return next(one.path for one in trial.release.tiers if one.name == name)


def empty(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def link(at: Path, target: str) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(target)


def twice(trial: Project) -> None:
    """Put the same NEVRA with other bytes into another tier."""
    packages.write_rpm(RpmRecipe("qmail", "1.03", "24.el7.sme", "x86_64", size=4321), tier(trial, "smeupdates"))


def foreign(trial: Project, *names: str) -> None:
    """Put real packages of the corpus into a tier."""
    for name in names:
        shutil.copy(corpus_dir() / "rpms/centos" / name, tier(trial))


# release.toml

CONFIG: dict[str, tuple[Break, tuple[str, ...]]] = {
    "it is missing": (
        lambda trial: trial.file.unlink(),
        (r"release\.toml: there is no such file", "hint: .*SMEDOIT_RELEASE"),
    ),
    "a directory lies in its place": (
        lambda trial: (trial.file.unlink(), trial.file.mkdir()),
        (r"release\.toml: cannot be read, is a directory", "hint: "),
    ),
    "it is no TOML": (
        lambda trial: trial.configure("[release]", "[release"),
        (r"release\.toml:\d+:\d+: is not TOML, ", "hint: close the heading"),
    ),
    "it has an unknown key": (
        lambda trial: trial.configure("label =", "lable ="),
        (r'release\.toml:11:1: \[release\] has no key "lable"', "hint: did you mean label"),
    ),
    "its date is none": (
        lambda trial: trial.configure("2026-11-01T12:00:00Z", '"November"'),
        (r'release\.toml:\d+:8: \[release\] date = "November" is not a date', "hint: write date = "),
    ),
    "a text stands where a number should": (
        lambda trial: trial.configure("major = 10", 'major = "ten"'),
        (r'release\.toml:\d+:9: \[release\] major = "ten" is not a whole number',),
    ),
    "a text stands where true should": (
        lambda trial: trial.configure("stage = false", 'stage = "no"'),
        (r'release\.toml:\d+:9: \[\[tiers\]\] smetest stage = "no" is not true or false',),
    ),
    "its volume id is too long": (
        lambda trial: trial.configure("# volume_id", 'volume_id = "a label of more than thirty-two signs"\n#'),
        (r"release\.toml:15:13: \[release\] volume_id = ", "has 37 characters, a volume id at most 32"),
    ),
    "its volume id cannot be carried": (
        lambda trial: trial.configure("# volume_id", 'volume_id = "SME:10"\n#'),
        (r'release\.toml:15:13: \[release\] volume_id = "SME:10": ', "other than letters, digits"),
    ),
    "it stages smetest": (
        lambda trial: trial.configure("stage = false", "stage = true"),
        (r"\[\[tiers\]\] smetest stage = true: smetest is for developers", "promote"),
    ),
}  # fmt: skip

# Tiers and packages

GOOD_COPY = "hint: get a good copy"
TIERS: dict[str, tuple[Break, tuple[str, ...]]] = {
    "a tier is missing": (
        lambda trial: shutil.rmtree(tier(trial)),
        (r"/smeos: tier smeos is not there", r"hint: .*release\.toml"),
    ),
    "a tier is empty": (
        lambda trial: empty(tier(trial)),
        (r"/smeos: tier smeos holds no RPM", "hint: .*may_be_empty = true"),
    ),
    "a package is cut short": (
        lambda trial: trial.rewrite(trial.rpm("qmail"), lambda data: data[:-100]),
        ("does not match the digest in its signed header: damaged or cut short:", r"/qmail-\S+\.rpm", GOOD_COPY),
    ),
    "a package is cut within its header": (
        lambda trial: trial.rewrite(trial.rpm("qmail"), lambda data: data[:1000]),
        ("not an RPM, or cut short", r"/qmail-\S+\.rpm", GOOD_COPY),
    ),
    "a byte of a payload is flipped": (
        lambda trial: trial.rewrite(trial.rpm("qmail"), flipped(-50)),
        ("does not match the digest in its signed header", r"/qmail-\S+\.rpm", GOOD_COPY),
    ),
    "a package is not signed": (
        lambda trial: packages.write_rpm(RpmRecipe("nobody", "1", "1", key=""), tier(trial)),
        ("not signed:", r"/nobody-1-1\.noarch\.rpm", "hint: "),
    ),
    "a key is not pinned": (
        lambda trial: trial.rewrite(trial.file, lambda data: re.sub(rb"\[\[keys\]\]\n.*centos\"\n.*\n", b"", data)),
        (f"signed by key {FINGERPRINTS['centos']}, which release.toml does not trust", "… and", r"\[\[keys\]\]"),
    ),
    "a pinned fingerprint is wrong": (
        lambda trial: trial.configure(FINGERPRINTS["centos"], "0" * 40),
        (f"{FINGERPRINTS['koozali']}\": is a practice key", "remove it from a real release"),
    ),
    "a key file is missing": (
        lambda trial: trial.release.keys[0].file.unlink(),
        ("practice-koozali", "no such file", "hint: "),
    ),
    "a signature is of a kind that cannot be checked": (
        lambda trial: foreign(trial, "centos-release-5-0.0.el5.centos.2.x86_64.rpm"),
        ("DSA", r"/centos-release-5-\S+\.rpm", "hint: "),
    ),
    "a name belies its header": (
        lambda trial: trial.rpm("qmail").rename(trial.rpm("qmail").with_name("qmail-9-1.x86_64.rpm")),
        (r"its name does not fit its header, which says qmail-1\.03-24\S+:", r"/qmail-9-1\.x86_64\.rpm", "hint: "),
    ),
    "one NEVRA has two contents": (
        twice,
        ("with different bytes", r"qmail-1\.03-24\S+:", r"\(smeos\)", r"\(smeupdates\)", "hint: remove the wrong"),
    ),
    "a link dangles": (
        lambda trial: link(tier(trial) / "gone-1-1.noarch.rpm", "nowhere"),
        ("is a dangling link:", r"/gone-1-1\.noarch\.rpm", "hint: "),
    ),
    "a link leads out of its tier": (
        lambda trial: link(tier(trial) / "a-1-1.noarch.rpm", str(trial.rpm("smeserver-nextcloud", "smetest"))),
        ("leads out of", r"/a-1-1\.noarch\.rpm", "hint: "),
    ),
    "a directory is a link": (
        lambda trial: link(tier(trial) / "more", "../smetest"),
        ("is a link to a directory", "/smeos/more", "hint: "),
    ),
}  # fmt: skip

# Content tree, boot set, translations

CONTENT: dict[str, tuple[Break, tuple[str, ...]]] = {
    "comps names what no tier has": (
        lambda trial: trial.rewrite(trial.release.groups.comps, lambda data: data.replace(b">dovecot<", b">dovecote<")),
        (r"comps\.xml:", "names packages that are not on the medium:", "dovecote in group sme-mail", "hint: "),
    ),
    "comps has no group core": (
        lambda trial: trial.rewrite(trial.release.groups.comps, lambda data: data.replace(b">core<", b">kern<")),
        (r"comps\.xml:", "has no group core", "hint: "),
    ),
    "comps is no XML": (
        lambda trial: trial.rewrite(trial.release.groups.comps, lambda data: data[:-50]),
        (r"comps\.xml: is not valid comps", "hint: "),
    ),
    "comps is missing": (
        lambda trial: trial.release.groups.comps.unlink(),
        (r"comps\.xml", "hint: "),
    ),
    "the boot set lacks the kernel": (
        lambda trial: boot_set(trial, "images/pxeboot/vmlinuz").unlink(),
        (r"images/pxeboot/vmlinuz", "hint: .*boot.set"),
    ),
    "the boot set lacks the installer": (
        lambda trial: boot_set(trial, "LiveOS/squashfs.img").unlink(),
        (r"LiveOS/squashfs\.img", "hint: .*boot.set"),
    ),
    "the boot set lacks the loader": (
        lambda trial: boot_set(trial, "isolinux/isolinux.bin").unlink(),
        (r"isolinux/isolinux\.bin", "hint: .*boot.set"),
    ),
    "the boot set is not there": (
        lambda trial: shutil.rmtree(trial.release.boot_set.path),
        ("hint: ",),
    ),
    "the two kernels differ": (
        lambda trial: files.write_file(boot_set(trial, "isolinux/vmlinuz"), b"another kernel"),
        (r"isolinux/vmlinuz: is not the same file as \S+images/pxeboot/vmlinuz", "hint: "),
    ),
    "the loader is of another kind": (
        lambda trial: files.write_file(boot_set(trial, "isolinux/isolinux.bin"), b"LILO" * 1000),
        (r"isolinux\.bin: is no isolinux\.bin that can start from USB", "hint: "),
    ),
    "efiboot.img is no FAT image": (
        lambda trial: files.write_file(boot_set(trial, "images/efiboot.img"), b"not FAT" * 1000),
        (r"efiboot\.img: is not a FAT image", "hint: "),
    ),
    "efiboot.img has no grub.cfg": (
        lambda trial: files.write_file(
            boot_set(trial, "images/efiboot.img"),
            format.build_fat_image(Path("efiboot.img"), {"EFI/BOOT/BOOTX64.EFI": b"x"}, "ANACONDA", EPOCH),
        ),
        (r"efiboot\.img: holds no file EFI/BOOT/grub\.cfg", "hint: it holds"),
    ),
    "a catalogue is none": (
        lambda trial: files.write_file(trial.release.translations.path / "de/LC_MESSAGES/anaconda.mo", b"msgid"),
        (r"de/LC_MESSAGES/anaconda\.mo: is not a catalog that gettext can load", "hint: "),
    ),
    "a catalogue lies where nobody reads it": (
        lambda trial: files.write_file(trial.release.translations.path / "xx.mo", b"\xde\x12\x04\x95"),
        (r"the installer reads LANG/LC_MESSAGES/anaconda\.mo only, not:", r"/xx\.mo", "hint: "),
    ),
    "the translations are not there": (
        lambda trial: shutil.rmtree(trial.release.translations.path),
        ("anaconda-po/sme10: the directory is not there", r"hint: .*release\.toml"),
    ),
    ".buildstamp is missing": (
        lambda trial: content(trial, "product/.buildstamp").unlink(),
        (r"product/\.buildstamp: is not there", "hint: "),
    ),
    ".buildstamp has no Main": (
        lambda trial: trial.rewrite(content(trial, "product/.buildstamp"), lambda data: data.replace(b"[Main]", b"")),
        (r"product/\.buildstamp: has no \[Main\]", "hint: "),
    ),
    "the menu does not name the product": (
        lambda trial: trial.rewrite(
            content(trial, "isolinux/isolinux.cfg"), lambda data: data.replace(b"title Welcome to SME Server", b"#")
        ),
        (r"isolinux\.cfg: no menu title names", "hint: "),
    ),
    "the menu has no label": (
        lambda trial: trial.rewrite(
            content(trial, "isolinux/isolinux.cfg"), lambda data: data.replace(b"inst.stage2=hd:LABEL=", b"")
        ),
        (r"isolinux\.cfg: has no inst\.stage2=hd:LABEL=", "hint: "),
    ),
    "the content has a dangling link": (
        lambda trial: link(content(trial, "product/usr/share/gone"), "nowhere"),
        ("product/usr/share/gone: is a dangling link", "hint: "),
    ),
    "the content has a link out of it": (
        lambda trial: link(content(trial, "COPYING"), "/etc/passwd"),
        ("COPYING: leads out of", "hint: "),
    ),
    "the content has a linked directory": (
        lambda trial: link(content(trial, "more"), "isolinux"),
        ("more: is not a regular file", "hint: "),
    ),
    "the content is not there": (
        lambda trial: shutil.rmtree(trial.release.content.path),
        ("hint: ",),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "words"), CONFIG.values(), ids=CONFIG)
def test_release_toml_is_refused_when(trial: Project, damage: Break, words: tuple[str, ...]) -> None:
    damage(trial)
    refused(trial, *words)


@pytest.mark.parametrize(("damage", "words"), TIERS.values(), ids=TIERS)
def test_the_tiers_are_refused_when(trial: Project, damage: Break, words: tuple[str, ...]) -> None:
    damage(trial)
    refused(trial, *words)


@pytest.mark.parametrize(("damage", "words"), CONTENT.values(), ids=CONTENT)
def test_the_content_is_refused_when(trial: Project, damage: Break, words: tuple[str, ...]) -> None:
    damage(trial)
    refused(trial, *words)


def test_release_toml_is_refused_when_nobody_may_read_it(trial: Project) -> None:
    if not os.geteuid():
        pytest.skip("root may read every file")
    trial.file.chmod(0)
    refused(trial, r"release\.toml: cannot be read, permission denied")


def test_several_bad_packages_are_told_together_by_reason(trial: Project) -> None:
    packages.write_rpm(RpmRecipe("nobody", "1", "1", key=""), tier(trial))
    packages.write_rpm(RpmRecipe("noone", "1", "1", key=""), tier(trial, "smeupdates"))
    trial.rewrite(trial.rpm("qmail"), flipped(-50))
    link(tier(trial) / "gone-1-1.noarch.rpm", "nowhere")
    said = refused(trial, "4 of the tiers' files cannot be trusted").said
    assert re.search(r"not signed:\n\s+\S+/nobody-1-1\.noarch\.rpm\n\s+\S+/noone-1-1\.noarch\.rpm\n", said)
    assert re.search(r"is a dangling link:\n\s+\S+/gone-1-1\.noarch\.rpm\n", said)
    assert re.search(r"damaged or cut short:\n\s+\S+/qmail-\S+\.rpm\n", said)


def test_mending_it_is_enough_to_go_on(trial: Project) -> None:
    before = isos(trial)
    trial.rewrite(trial.rpm("qmail"), flipped(-50))
    refused(trial, "damaged or cut short")
    trial.rewrite(trial.rpm("qmail"), flipped(-50))
    answer = trial.doit("iso")
    assert answer.code == 0, answer.said
    assert isos(trial) == before


# No room, no right to write


@contextmanager
def mounted(place: Path, *words: str) -> Iterator[None]:
    """Mount something at place while the block runs, or skip the test where that is not allowed."""
    done = subprocess.run(["mount", *words, place], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"may not mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def iso_place(trial: Project) -> Path:
    return trial.release.iso.parent


def need_a_new_iso(trial: Project) -> None:
    files.write_file(content(trial, "NEWS"), b"so that the ISO must be made again")


def test_a_full_disk_is_a_sentence(trial: Project) -> None:
    place, kept = iso_place(trial), trial.home / "kept"
    place.rename(kept)
    place.mkdir()
    size = sum(path.stat().st_size for path in kept.iterdir()) + (1 << 16)
    with mounted(place, "-t", "tmpfs", "-o", f"size={size}", "none"):
        for path in kept.iterdir():
            shutil.copy2(path, place)
        need_a_new_iso(trial)
        refused(trial, r"\.iso: cannot be written, no space left on device", "hint: free some room")


def test_a_file_larger_than_allowed_is_a_sentence(trial: Project) -> None:
    need_a_new_iso(trial)
    limit = trial.release.iso.stat().st_size // 2
    refused(
        trial,
        r"\.iso: cannot be written, file too large",
        "hint: ",
        before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


def test_a_target_that_is_read_only_is_a_sentence(trial: Project) -> None:
    place = iso_place(trial)
    need_a_new_iso(trial)
    if os.geteuid():
        place.chmod(0o555)
        refused(trial, r"\.iso: cannot be written, permission denied", "hint: ")
        place.chmod(0o755)
        return
    with mounted(place, "--bind", str(place)):
        subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
        refused(trial, r"\.iso: cannot be written, read-only file system", "hint: ")


def test_a_state_that_is_read_only_is_a_sentence(trial: Project) -> None:
    if os.geteuid():
        pytest.skip("only root may mount")
    place = trial.release.state
    need_a_new_iso(trial)
    with mounted(place, "-t", "tmpfs", "-o", "ro,mode=0700", "none"):
        refused(trial, "cannot be written, read-only file system", "hint: ")


def test_mirrors_that_nobody_configured_are_a_sentence(trial: Project) -> None:
    answer = trial.doit("mirror")
    assert answer.code != 0 and "Traceback" not in answer.said
    assert re.search(r"release\.toml has no \[\[rsync_mirror\]\].*\n  hint: add one", answer.said)
