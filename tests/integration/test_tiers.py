# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiers that yum can read, packages that go from one to the next, and back, through real runs of doit."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smedoit.runtime.files import link_file, write_file
from smedoit.runtime.journal import MOVING, PREPARING, dump_record
from smedoit.runtime.steps import HardLink
from smedoit.sample import packages
from smedoit.sample.packages import KEYS, RpmRecipe
from smedoit.tiers import records
from tests.harness.project import Outcome, Project
from tests.harness.repositories import recipe
from tests.harness.tools import need, read_with

TESTED, TESTING = "repo/testing/10/smeupdates-testing", "repo/testing/10/smetest"
NEXTCLOUD = "x86_64/RPMS/smeserver-nextcloud-1.2.0-8.el7.sme.noarch.rpm"
ITS_SOURCE = "SRPMS/smeserver-nextcloud-1.2.0-8.el7.sme.src.rpm"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A trial whose tiers have repodata; no test may change it."""
    trial = Project.new(tmp_path_factory.mktemp("good") / "trial")
    done(trial, "sample", "tiers")
    return trial


@pytest.fixture
def trial(good: Project, tmp_path: Path) -> Project:
    return good.copy(tmp_path / "trial")


def done(trial: Project, *words: str) -> Outcome:
    answer = trial.doit(*words)
    assert answer.code == 0, answer.said
    return answer


def refused(trial: Project, *words: str) -> str:
    """Run doit, which must fail with a sentence and change no package of any tier."""
    before = packages_of(trial)
    answer = trial.doit(*words)
    assert answer.code != 0, answer.said
    assert "Traceback" not in answer.said, answer.said
    assert packages_of(trial) == before
    assert trial.leftovers() == []
    return answer.said


def repositories(trial: Project) -> dict[str, Path]:
    """Return every repository that the tiers have, by tier and directory."""
    found = {}
    for tier in trial.release.tiers:
        for repomd in tier.path.rglob("repodata/repomd.xml"):
            place = repomd.parents[1]
            found[f"{tier.name} {place.relative_to(tier.path)}"] = place
    return found


def packages_of(trial: Project) -> dict[str, bytes]:
    """Return path -> content of all packages below the build root, the tree left out."""
    root = trial.home / "build"
    places = (root / "repo", root / "mirrors")
    return {str(path.relative_to(root)): path.read_bytes() for place in places for path in place.rglob("*.rpm")}


def described(place: Path) -> dict[str, str]:
    """Return href -> SHA-256 of all packages that createrepo_c's own reader finds in a repository."""
    import createrepo_c as cr

    repomd = cr.Repomd(str(place / "repodata/repomd.xml"))
    hrefs = {record.type: str(place / record.location_href) for record in repomd.records}
    found = {}
    for one in cr.PackageIterator(
        primary_path=hrefs["primary"], filelists_path=hrefs["filelists"], other_path=hrefs["other"]
    ):
        found[one.location_href] = one.pkgId
    return found


# Repodata


def test_every_tier_has_repodata_of_all_that_lies_in_it(good: Project) -> None:
    found = repositories(good)
    assert {"smeos x86_64", "smeos SRPMS", "smetest x86_64", "smeextras x86_64", "centos ."} <= set(found)
    for place in found.values():
        files = {str(path.relative_to(place)) for path in place.rglob("*.rpm")}
        assert set(described(place)) == files


def test_its_digests_are_those_of_the_files(good: Project) -> None:
    from smedoit.runtime import digests

    place = repositories(good)["smeupdates x86_64"]
    assert {href: digests.sha256_file(place / href) for href in described(place)} == described(place)


@pytest.mark.parametrize("name", ["smeos x86_64", "centos .", "smetest SRPMS"])
def test_dnf_reads_it(good: Project, tmp_path: Path, name: str) -> None:
    need("dnf")
    place = repositories(good)[name]
    said = read_with(
        "dnf", f"--repofrompath=tier,file://{place}", "--repo=tier", f"--setopt=cachedir={tmp_path}", "--quiet",
        "--disableplugin=*", "--forcearch=x86_64", "repoquery", "--qf", "%{name}-%{version}-%{release}.%{arch}",
        "--arch", "src" if name.endswith("SRPMS") else "x86_64,noarch,i686,i386",
    )  # fmt: skip
    assert set(said.split()) == {path.name.removesuffix(".rpm") for path in place.rglob("*.rpm")}


def test_nothing_is_done_twice(good: Project) -> None:
    assert "nothing to do, everything is up to date" in done(good, "tiers").said


def test_only_what_changed_is_described_anew_and_only_that_is_parsed(trial: Project) -> None:
    done(trial, "tiers")  # it lies elsewhere now than when it was made
    place = repositories(trial)["smeupdates x86_64"]
    packages.write_rpm(RpmRecipe("new", "1", "1"), place / "RPMS")
    answer = done(trial, "tiers")
    assert re.findall(r"^(tiers:\S+): ", answer.said, re.MULTILINE) == ["tiers:smeupdates-x86_64"]
    assert " 1 of them parsed now" in answer.said
    assert "RPMS/new-1-1.noarch.rpm" in described(place)


def test_who_has_the_old_repomd_still_finds_what_it_names(trial: Project) -> None:
    place = repositories(trial)["smeupdates x86_64"]
    old = set(os.listdir(place / "repodata")) - {"repomd.xml"}
    for name in ("one", "two"):
        packages.write_rpm(RpmRecipe(name, "1", "1"), place / "RPMS")
        done(trial, "tiers:smeupdates-x86_64")
        if name == "one":
            assert old <= set(os.listdir(place / "repodata"))
    assert not old & set(os.listdir(place / "repodata"))


def test_every_architecture_has_a_repository_of_its_own(trial: Project) -> None:
    trial.configure(
        'path = "repo/testing/10/smetest"', 'path = "repo/testing/10/smetest"\narchitectures = ["x86_64", "i386"]'
    )
    packages.write_rpm(RpmRecipe("small", "1", "1", "i386"), trial.home / f"build/{TESTING}/i386/RPMS")
    done(trial, "tiers")
    assert list(described(trial.home / f"build/{TESTING}/i386")) == ["RPMS/small-1-1.i386.rpm"]


def test_a_flat_tier_is_one_repository(trial: Project) -> None:
    tier = trial.tier("smetest")
    for path in sorted(tier.rglob("*.rpm")):
        path.rename(tier / path.name)
    for name in (trial.release.release.arch, "SRPMS"):
        shutil.rmtree(tier / name)
    assert "a tier that is one repository as a whole says flat = true" in refused(trial, "tiers")
    trial.configure('path = "repo/testing/10/smetest"\n', 'path = "repo/testing/10/smetest"\nflat = true\n')
    done(trial, "tiers:smetest", "repoview:smetest")
    assert {*(tier / "repodata").glob("*primary.xml.gz")}
    done(trial, "promote", "smeserver-nextcloud", "--from", "smetest")
    assert (trial.tier("smeupdates-testing") / NEXTCLOUD).is_file()


def test_a_package_that_no_yum_would_see_is_named(trial: Project) -> None:
    packages.write_rpm(RpmRecipe("lost", "1", "1"), trial.home / f"build/{TESTING}/i386/RPMS")
    said = refused(trial, "tiers:smetest-x86_64")
    assert "not below x86_64/, SRPMS/:\n    i386/RPMS/lost-1-1.noarch.rpm" in said


def test_what_is_no_package_is_named_and_the_old_repodata_stays(trial: Project) -> None:
    place = repositories(trial)["smetest x86_64"]
    old = (place / "repodata/repomd.xml").read_bytes()
    for name in ("a", "b"):
        write_file(place / f"RPMS/{name}-1-1.noarch.rpm", "no package")
    said = trial.doit("tiers:smetest-x86_64").said
    assert "a-1-1.noarch.rpm" in said
    assert "b-1-1.noarch.rpm" in said
    assert "Traceback" not in said
    assert (place / "repodata/repomd.xml").read_bytes() == old


def test_a_dangling_link_is_not_dropped_in_silence(trial: Project) -> None:
    place = repositories(trial)["smetest x86_64"]
    (place / "RPMS/a-1-1.noarch.rpm").symlink_to("nowhere")
    assert "is a dangling link:\n    RPMS/a-1-1.noarch.rpm" in trial.doit("tiers:smetest-x86_64").said


# Promotion


def test_a_promotion_moves_the_package_and_its_source_and_describes_both_tiers_anew(trial: Project) -> None:
    done(trial, "tiers")  # it lies elsewhere now than when it was made
    before = packages_of(trial)
    answer = done(trial, "promote", "smeserver-nextcloud")
    after = packages_of(trial)
    assert {path for path in after if path not in before} == {f"{TESTED}/{NEXTCLOUD}", f"{TESTED}/{ITS_SOURCE}"}
    assert {path for path in before if path not in after} == {f"{TESTING}/{NEXTCLOUD}", f"{TESTING}/{ITS_SOURCE}"}
    assert len(re.findall(r"^tiers:", answer.said, re.MULTILINE)) == 4
    for tier, held in ((TESTED, True), (TESTING, False)):
        place = trial.home / "build" / tier
        assert (NEXTCLOUD.partition("/")[2] in described(place / "x86_64")) is held
        assert (ITS_SOURCE.partition("/")[2] in described(place / "SRPMS")) is held


def test_it_leaves_a_dated_record(trial: Project) -> None:
    done(trial, "promote", "smeserver-nextcloud")
    [record] = records.release_promotions(trial.release).closed()
    assert re.fullmatch(r"0001-\d{4}-\d\d-\d\d-smetest-to-smeupdates-testing", record.name)
    assert [one.partition("-1.2.0")[0] for one in record.packages] == ["smeserver-nextcloud"] * 2


def test_the_medium_then_has_it(trial: Project) -> None:
    done(trial, "promote", "smeserver-nextcloud")
    assert "* 1.2.0-8.el7.sme in smeupdates-testing: newest" in done(trial, "why_package", "smeserver-nextcloud").said


def test_undo_brings_back_every_package_and_the_repodata_of_before(trial: Project) -> None:
    before = packages_of(trial)
    old = {name: described(place) for name, place in repositories(trial).items()}
    done(trial, "promote", "smeserver-nextcloud")
    done(trial, "promote", "--undo")
    assert packages_of(trial) == before
    assert {name: described(place) for name, place in repositories(trial).items()} == old
    assert "has no promotion that could be taken back" in refused(trial, "promote", "--undo")


def test_options_may_stand_behind_the_names(trial: Project) -> None:
    before = packages_of(trial)
    answer = done(trial, "promote", "e-smith-base", "--from", "smetest", "--copy", "--dry-run")
    assert "copy from smetest to smeupdates-testing:\n  e-smith-base-5.8.1-7.el7.sme.noarch (replaces" in answer.said
    assert packages_of(trial) == before
    assert "tiers:" not in answer.said
    assert not trial.release.promotion.records.exists()


def test_a_promotion_from_the_mirror_is_a_copy_and_names_what_is_missing_then(trial: Project) -> None:
    before = packages_of(trial)
    said = done(trial, "promote", "samba").said
    assert "needs libtevent.so.0()(64bit), which no staged package provides" in said
    assert "no tier has samba-4.10.16-13.el7_9.src.rpm" in said
    assert set(before) < set(packages_of(trial))
    again = done(trial, "promote", "libtevent").said
    assert "would then be missing" not in again


@pytest.mark.parametrize(
    ("relations", "reason"),
    [
        (
            {"requires_for": (("post", "/sbin/gone"),)},
            "picky-1-1.noarch needs /sbin/gone, which no staged package provides",
        ),
        ({"requires": ("(gone or lost)",)}, "picky-1-1.noarch needs (gone or lost), which no staged package provides"),
        ({"requires": ("bash",), "conflicts": ("bash",)}, "picky-1-1.noarch: "),
    ],
)
def test_a_promotion_names_what_the_closure_would_fail_for(
    trial: Project, relations: dict[str, Any], reason: str
) -> None:
    smetest = next(tier.path for tier in trial.release.tiers if tier.name == "smetest")
    packages.write_rpm(recipe("picky", key="koozali", **relations), smetest / "x86_64/RPMS")
    said = done(trial, "promote", "picky", "--from", "smetest", "--dry-run").said
    assert f"would then be missing: {reason}" in said


@pytest.mark.parametrize("state", [PREPARING, MOVING])
def test_an_interrupted_promotion_is_settled_by_whatever_runs_next(trial: Project, state: str) -> None:
    root, promotions = trial.home / "build", records.release_promotions(trial.release)
    done(trial, "promote", "smeserver-nextcloud")
    [record] = promotions.closed()
    done(trial, "promote", "--undo")
    shutil.rmtree(promotions.records)
    for link in record.prepare[: 1 if state == PREPARING else 2]:  # as far as it came
        assert isinstance(link, HardLink)
        link_file(root / link.source, root / link.target)
    write_file(promotions.under_way_file, dump_record(replace(record, state=state)))
    assert "a promotion is under way, or was interrupted" in done(trial, "why_package", "smeserver-nextcloud").said
    said = done(trial, "tiers:smetest-x86_64").said
    assert "was interrupted and is " + ("finished now" if state == MOVING else "rolled back") in said
    assert (root / TESTED / NEXTCLOUD).exists() is (state == MOVING)
    assert (root / TESTING / NEXTCLOUD).exists() is (state == PREPARING)


def test_a_package_that_is_not_there_is_a_sentence(trial: Project) -> None:
    said = refused(trial, "promote", "smeserver-nextclod")
    assert "smeserver-nextclod: no tier has such a package; did you mean smeserver-nextcloud" in said


def test_a_tier_that_is_not_there_does_not_come_to_be(trial: Project) -> None:
    trial.configure(f'path = "{TESTED}"', 'path = "repo/testing/10/smeupdates-tesitng"')
    assert "smeupdates-tesitng: tier smeupdates-testing is not there" in refused(
        trial, "promote", "smeserver-nextcloud"
    )


def test_two_processes_give_the_same_tiers(trial: Project) -> None:
    done(trial, "-n2", "promote", "smeserver-nextcloud")
    place = trial.home / "build"
    assert NEXTCLOUD.partition("/")[2] in described(place / TESTED / "x86_64")
    assert NEXTCLOUD.partition("/")[2] not in described(place / TESTING / "x86_64")


def test_an_older_package_is_a_sentence(trial: Project) -> None:
    packages.write_rpm(RpmRecipe("dovecot", "9.9", "1.el7.sme", "x86_64"), trial.home / f"build/{TESTING}/x86_64/RPMS")
    said = refused(trial, "promote", "dovecot", "--from", "smetest")
    assert "older than what it would replace in smeupdates-testing:\n    dovecot-9.9" in said


def test_an_unsigned_package_is_a_sentence(trial: Project) -> None:
    packages.write_rpm(RpmRecipe("bare", "1", "1", key=""), trial.home / f"build/{TESTING}/x86_64/RPMS")
    assert "cannot be trusted: not signed:" in refused(trial, "promote", "bare")


def test_the_same_nevra_of_other_bytes_is_a_sentence(trial: Project) -> None:
    packages.write_rpm(
        RpmRecipe("bash", "4.2.46", "35.el7_9", "x86_64", size=7), trial.home / f"build/{TESTING}/x86_64/RPMS"
    )
    said = refused(trial, "promote", "bash", "--from", "smetest")
    assert "bash-4.2.46-35.el7_9.x86_64 stands in the tiers with different bytes" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["promote"], "promote: needs a package"),
        (["promote", "x", "--bogus"], "promote: there is no option --bogus"),
        (["promote", "e-smith-base"], "say --from smeupdates-testing or --from smetest"),
        (["promote", "bash", "--from", "nowhere"], "promote --from nowhere: there is no such tier"),
        (["promote", "--undo", "bash"], "takes back the last promotion as a whole"),
        (["why_package"], "why_package: needs a package"),
        (["why_package", "smeserver-yun"], "did you mean smeserver-yum"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(good: Project, words: list[str], sentence: str) -> None:
    assert sentence in refused(good, *words)


def test_help_shows_the_options(good: Project) -> None:
    said = done(good, "help", "promote").said
    assert "--from SOURCE: the tier where they lie" in said
    assert "--undo: take the last promotion back" in said


# A snapshot that cannot move


def test_an_earlier_lock_is_kept_and_can_be_built_again(trial: Project) -> None:
    done(trial, "packages")
    first = trial.release.lock.read_bytes()
    done(trial, "promote", "smeserver-nextcloud")
    assert "previous lock kept as locks/packages-" in done(trial, "packages").said
    assert trial.release.lock.read_bytes() != first
    [kept] = trial.release.earlier_locks.iterdir()
    assert kept.read_bytes() == first
    trial.configure("[packages]\n", f'[packages]\nlock = "{kept}"\n')
    done(trial, "stage_packages")
    assert trial.release.lock.read_bytes() == first
    assert not list((trial.release.tree / "Packages").glob("smeserver-nextcloud*"))


def test_a_lock_whose_files_are_gone_or_changed_names_them(trial: Project) -> None:
    done(trial, "packages")
    kept = Path(shutil.copy(trial.release.lock, trial.home / "kept.lock"))
    gone, other = trial.rpm("qmail"), trial.rpm("daemontools")
    gone.unlink()
    trial.rewrite(other, lambda data: data + b"more")
    trial.configure("[packages]\n", f'[packages]\nlock = "{kept}"\n')
    said = trial.doit("packages").said
    assert "kept.lock: cannot be used again" in said
    assert re.search(r"its payload does not match the digest in its signed header.*:\n    \S+daemontools", said)
    assert re.search(r"is not there any more:\n    \S+qmail", said)


def test_a_retired_package_is_off_the_medium_and_says_why(trial: Project) -> None:
    trial.configure(
        "[packages]\n", '[retired.daemontools]\nreason = "s6 does it now"\n\n[excluded]\nnone = "x"\n\n[packages]\n'
    )
    said = done(trial, "packages").said
    assert "[excluded] none matches no package of the staged tiers" in said
    done(trial, "stage_packages")
    assert not list((trial.release.tree / "Packages").glob("daemontools*"))
    assert "retired by 'daemontools': s6 does it now" in done(trial, "why_package", "daemontools").said


# Keys


def test_the_keys_of_the_medium_are_tried_on_all_of_it(trial: Project) -> None:
    said = done(trial, "medium_keys").said
    assert re.search(r"practice-koozali verifies \d+ packages, RPM-GPG-KEY-practice-centos verifies \d+ packages", said)


def test_a_key_that_nobody_pinned_is_told_and_stays_off_the_medium(trial: Project) -> None:
    from pysequoia import Tsk

    theirs = str(Tsk.generate("Theirs <theirs@example.invalid>").extract_certificate())
    write_file(trial.release.content.path / "RPM-GPG-KEY-theirs", theirs)
    said = done(trial, "tree").said
    assert "RPM-GPG-KEY-theirs of the content tree is left out, no [[keys]] entry pins it" in said
    assert not (trial.tree / "RPM-GPG-KEY-theirs").exists()


def test_an_overlay_image_carries_no_key(trial: Project) -> None:
    key = trial.release.content.path / "product/etc/trusted"
    write_file(key, (KEYS / "RPM-GPG-KEY-practice-centos").read_bytes())
    said = trial.doit("product_img").said
    assert "etc/trusted of product.img: holds a public key, and an overlay image carries none" in said
    write_file(key, (KEYS / "RPM-GPG-KEY-practice-centos.secret").read_bytes())
    assert "etc/trusted of product.img: holds a secret key" in trial.doit("product_img").said


def test_an_expired_key_is_refused_by_name_unless_there_is_a_reason(trial: Project, tmp_path: Path) -> None:
    from pysequoia import Tsk

    key = tmp_path / "RPM-GPG-KEY-short"
    public = Tsk.generate("Short <short@example.invalid>", validity_seconds=1).extract_certificate()
    write_file(key, str(public))
    entry = f'[[keys]]\nfile = "{key}"\nfingerprint = "{public.fingerprint}"\n'
    text = trial.file.read_text(encoding="utf-8")
    text = re.sub(r"\[\[keys\]\]\nfile = .*\nfingerprint = .*\n", "", text)
    trial.file.write_text(text.replace("[packages]\n", f"{entry}\n[packages]\n", 1), encoding="utf-8")
    trial.configure("date = 2026-11-01", "date = 2099-11-01")
    said = trial.doit("packages").said
    assert re.search(rf"expired on \d{{4}}-\d\d-\d\d, before \[release\] date:\n    {key}", said)
    trial.configure(entry, f'{entry}expired_reason = "its packages are old, too"\n')
    assert "which release.toml does not trust" in trial.doit("packages").said
