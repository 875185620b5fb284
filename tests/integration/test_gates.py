# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks before the ISO, through real runs of doit on the practice world and on what goes wrong in it."""

from __future__ import annotations

import re
from pathlib import Path

import createrepo_c as cr
import pytest

from smedoit.sample import packages
from tests.harness.project import Outcome, Project
from tests.harness.repositories import recipe
from tests.repodata.test_read import write_repodata

ZLIB = "libz.so.1()(64bit)"


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


def refused(trial: Project, task: str, *words: str) -> Outcome:
    """Run a task, which must fail with one sentence and these words in it."""
    answer = trial.doit(task)
    assert answer.code != 0, answer.said
    assert "Traceback" not in answer.said and "hint: " in answer.said, answer.said
    for each in words:
        assert each in answer.said, answer.said
    return answer


def passes(trial: Project, task: str, *words: str) -> Outcome:
    """Run a task, which must succeed and say these words."""
    answer = trial.doit(task)
    assert answer.code == 0, answer.said
    for each in words:
        assert each in answer.said, answer.said
    return answer


def final(trial: Project) -> None:
    """Make the trial a final release, with the package that says so."""
    trial.configure('label = "rc2"', 'label = ""')
    passes(trial, "sample")
    trial.edit(trial.release.content.path / "README.txt", "SME Server 10.0", "SME Server 10.1")


def mirror(trial: Project) -> Path:
    return trial.release.updates.mirrors[0]


def lists(trial: Project, name: str) -> Path:
    return trial.release.content.path / "quality" / name


# The practice world


def test_a_final_practice_release_passes_every_check(trial: Project) -> None:
    final(trial)
    passes(trial, "iso")


def test_release_notes_of_another_release_stop_a_final_one(trial: Project) -> None:
    final(trial)
    trial.edit(trial.release.content.path / "README.txt", "SME Server 10.1", "SME Server 10.0")
    refused(
        trial, "iso", "Koozali SME Server 10.0, which the release notes are of", "README.txt, line 1", "notes --content"
    )
    assert trial.doit("notes", "--content").code == 0
    passes(trial, "iso")


def test_each_check_has_something_to_report(good: Project) -> None:
    said = good.doit("closure", "updates", "quality", "anaconda_version").said
    assert "packages met, 2 install sets resolve" in said
    assert (
        "waived: openssl-1:1.0.2k-25.el7_9.x86_64 is newer than openssl-1:1.0.2k-21.el7_9.x86_64 (centos): waits"
        in said
    )
    assert "verified: e-smith-base-5.8.1-6.el7.sme.noarch: Ben Probe, 2021-05-27, bug 11548" in said
    assert "verified: smeserver-php-3.0.0-45.el7.sme.noarch: bug 11399 CLOSED" in said
    assert "waived: bash-4.2.46-35.el7_9.x86_64: upstream verified what upstream signed" in said
    assert "21.48.22.159-2.el7.sme (anaconda.spec)" in said and "agree" in said


def test_nothing_of_the_lists_goes_on_the_medium(good: Project) -> None:
    assert lists(good, "verified.toml").is_file()
    assert not (good.release.tree / "quality").exists()


# Closure


def test_an_unmet_dependency_is_a_chain_and_the_promotion_it_names_meets_it(trial: Project) -> None:
    trial.rpm("zlib-1").unlink()
    answer = refused(
        trial,
        "iso",
        "closure failed: ",
        f"needs {ZLIB}, which nothing on the medium provides",
        "group core: ",
    )
    command = re.search(r"centos has zlib-1.2.7-18.el7.x86_64: doit (promote --from centos zlib\S+)", answer.said)
    assert command, answer.said
    assert trial.doit(*command[1].split()).code == 0
    passes(trial, "iso")


def test_a_waiver_needs_a_reason_and_an_unused_one_is_reported(trial: Project) -> None:
    smeos = next(tier.path for tier in trial.release.tiers if tier.name == "smeos")
    packages.write_rpm(recipe("lonely", requires=("nowhere",), key="koozali"), smeos / "x86_64/RPMS")
    refused(trial, "closure", "lonely needs nowhere, which nothing on the medium provides (no group asks for it)")
    trial.configure("[updates] ", '[[closure.waivers]]\nrequirement = "nowhere"\nreason = "practice"\n\n[updates] ')
    passes(trial, "closure", "2 install sets resolve, 1 waived")
    said = trial.doit("closure").said
    assert "waived: lonely needs nowhere" in said
    trial.configure('requirement = "nowhere"', 'requirement = "somewhere"')
    refused(trial, "closure", "lonely needs nowhere")
    next(smeos.rglob("lonely*")).unlink()
    passes(trial, "closure", "2 install sets resolve, 1 unused waiver")


def test_a_group_that_conflicts_with_another_stops_the_iso(trial: Project) -> None:
    trial.rpm("dovecot-2.3").unlink()
    trial.rpm("dovecot-2.2", "smeupdates-testing").unlink()
    smeos = next(tier.path for tier in trial.release.tiers if tier.name == "smeos")
    packages.write_rpm(recipe("dovecot-9-1", conflicts=("httpd",), key="koozali"), smeos / "x86_64/RPMS")
    refused(
        trial, "iso", "environment sme-server-environment with group sme-mail does not resolve: group sme-mail: dovecot"
    )


def test_what_the_installer_adds_must_be_on_the_medium(trial: Project) -> None:
    trial.configure("installer = []", 'installer = ["shim-ia32"]')
    trial.configure(', mdadm = "practice"', "")
    words = "the installer adds it by itself, and it is not on the medium"
    refused(trial, "closure", f"shim-ia32: {words}", f"mdadm: {words}")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<groupid>sme-base</groupid>", "<groupid>sme-bsae</groupid>", "names groups that it does not have"),
        (
            "    </packagelist>",
            "    </packagelist></group><group><id>none</id><name>N</name><description>D</description>",
            "a group that names nothing",
        ),
        (">authconfig<", ">autoconfig<", "names packages that are not on the medium"),
    ],
)
def test_comps_that_name_nothing_are_refused(trial: Project, old: str, new: str, words: str) -> None:
    comps = trial.release.groups.comps
    trial.rewrite(comps, lambda data: data.replace(old.encode(), new.encode(), 1))
    refused(trial, "iso", words)


# Fully updated


def test_a_test_release_says_that_it_is_behind_and_a_final_one_refuses(trial: Project) -> None:
    packages.write_rpm(recipe("bash-9-1", arch="x86_64"), mirror(trial) / "Packages")
    passes(trial, "iso", "updates: ", "warning: 1 package of the medium outdated")
    assert "bash-9-1.x86_64 is newer than bash-4.2.46-35.el7_9.x86_64" in trial.doit("updates").said
    final(trial)
    refused(trial, "iso", "updates failed: 1 package of the medium outdated", "bash-9-1.x86_64")
    trial.configure('final = "fail"', 'final = "warn"')
    passes(trial, "iso", "warning: ")
    trial.configure('"openssl*" =', '"bash" = "because"\n"openssl*" =')
    assert "warning: " not in passes(trial, "iso").said


def test_a_mirror_that_is_not_there_is_named(trial: Project) -> None:
    trial.configure("7/updates/x86_64", "7/updates/x86-64")
    refused(trial, "updates", "x86-64 is not there", "correct its path in release.toml")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("missing", "primary.xml.gz: is not there, although repomd.xml names it"),
        ("truncated", "primary.xml.gz: is damaged or cut short"),
        ("no repomd", "repomd.xml: "),
    ],
)
def test_upstreams_damaged_metadata_ends_in_a_sentence(trial: Project, damage: str, words: str) -> None:
    directory = write_repodata(mirror(trial))
    primary = directory / "primary.xml.gz"
    if damage == "missing":
        primary.unlink()
    elif damage == "truncated":
        primary.write_bytes(primary.read_bytes()[:-9])
    else:
        (directory / "repomd.xml").write_bytes(b"<html>404")
    refused(trial, "updates", words)


def test_upstreams_metadata_in_zstd_is_read_or_refused_in_a_sentence(trial: Project) -> None:
    directory = write_repodata(mirror(trial), ".zst", cr.ZSTD_COMPRESSION)
    passes(trial, "updates", "fetches nothing, 6 waived")
    (directory / "primary.xml.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(99))
    refused(trial, "updates", "primary.xml.zst: is damaged or cut short")


# Verified by somebody


def test_a_test_release_tells_of_what_nobody_verified_and_a_final_one_refuses(trial: Project) -> None:
    trial.rewrite(lists(trial, "verified.toml"), lambda data: data.replace(b"5.8.1-6", b"5.8.1-4"))
    trial.rewrite(lists(trial, "bugs.json"), lambda data: data.replace(b'"VERIFIED"', b'"RESOLVED"'))
    passes(trial, "iso", "warning: 2 of 12 packages that changed are not verified")
    said = trial.doit("quality").said
    assert (
        "bug 9873 is RESOLVED" in said and "the lists have e-smith-base-5.8.1-4.el7.sme, e-smith-base-5.8.1-5" in said
    )
    final(trial)
    before = sorted((trial.release.root / "stage/iso").rglob("*"))
    refused(trial, "iso", "quality failed: 2 of 12 packages that changed are not verified")
    assert sorted((trial.release.root / "stage/iso").rglob("*")) == before
    lists(trial, "more.csv").write_text(
        "package,bug,who,when\ne-smith-base-5.8.1-6.el7.sme,1,Ada,2021-06-01\n"
        "smeserver-qpsmtpd-2.7.0-10.el7.sme,2,Ada,2021-06-01\n"
    )
    trial.configure('"quality/sheet.csv"', '"quality/sheet.csv", "quality/more.csv"')
    passes(trial, "iso", "of 12 packages that changed are verified, ")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("e-smith-bsae-5.8.1-6.el7.sme", "name a package that does not exist, did you mean e-smith-base?"),
        ("e-smith-base-5.8.2-1.el7.sme", "name a version that does not exist"),
        ("e-smith-base", "say no version"),
    ],
)
def test_a_list_that_names_what_does_not_exist_is_refused(trial: Project, entry: str, words: str) -> None:
    trial.rewrite(lists(trial, "sheet.csv"), lambda data: data + f"{entry},1,Ada,2021-06-01\n".encode())
    refused(trial, "iso", words, f"{entry} (sheet.csv)")


def test_a_list_may_name_what_only_a_tier_has_that_is_not_staged(trial: Project) -> None:
    entry = b"e-smith-base-5.8.1-7.el7.sme,11563,Ada,2021-06-01\n"
    trial.rewrite(lists(trial, "sheet.csv"), lambda data: data + entry)
    passes(trial, "quality", "of 12 packages that changed are verified, ")


@pytest.mark.parametrize("damage", ["not there", "no lock", "no repodata"])
def test_a_last_release_that_cannot_be_read_is_named(trial: Project, damage: str) -> None:
    place = Path(trial.release.quality.previous_release)
    if damage == "no lock":
        place.write_text("{")
    else:
        place.unlink()
        if damage == "no repodata":
            place.mkdir()
    refused(trial, "quality", str(place))


def test_the_last_release_may_be_its_repodata(trial: Project) -> None:
    place = next(tier.path for tier in trial.release.tiers if tier.name == "smeos") / "x86_64"
    assert trial.doit("tiers").code == 0
    trial.configure("releases/10.0/packages.lock", str(place))
    passes(trial, "quality", "6 of 12 packages that changed are verified, 6 waived")


# Upstream's anaconda


def test_a_newer_anaconda_upstream_warns_a_test_release_and_stops_a_final_one(trial: Project) -> None:
    place = trial.release.anaconda.upstream[0] / "Packages"
    packages.write_rpm(recipe("anaconda-21.48.22.160-1.el7.centos", arch="x86_64"), place)
    passes(trial, "iso", "warning: versions of anaconda differ")
    assert "21.48.22.160-1.el7.centos" in trial.doit("anaconda_version").said
    final(trial)
    refused(
        trial, "iso", "is newer than our anaconda-21.48.22.159-2.el7.sme (anaconda.spec): import its source package"
    )


def test_smeextras_with_another_anaconda_is_told(trial: Project) -> None:
    spec = Path(trial.release.anaconda.source) / "anaconda.spec"
    trial.rewrite(spec, lambda data: data.replace(b"Release: 2", b"Release: 3"))
    passes(trial, "anaconda_version", "warning: ")
    assert "which is older than our anaconda-21.48.22.159-3.el7.sme" in trial.doit("anaconda_version").said


def test_an_anaconda_source_that_is_not_there_is_named(trial: Project) -> None:
    (Path(trial.release.anaconda.source) / "anaconda.spec").unlink()
    refused(trial, "anaconda_version", "has no anaconda.spec and no source package of anaconda")


def test_a_source_package_will_do_where_there_is_no_spec(trial: Project) -> None:
    place = Path(trial.release.anaconda.source)
    (place / "anaconda.spec").unlink()
    packages.write_rpm(recipe("anaconda-21.48.22.159-2.el7.sme", is_source=True), place)
    passes(trial, "anaconda_version", "agree")


# Pages


def test_repoview_makes_pages_of_every_tier_and_of_the_tree_and_only_once(trial: Project) -> None:
    passes(trial, "iso")
    passes(trial, "repoview", "repoview:tree", "repoview:smetest-x86_64")
    for place in [tier.path / "x86_64" for tier in trial.release.tiers if not tier.mirror] + [trial.release.tree]:
        assert (place / "repoview/index.html").is_file(), place
    assert "nothing to do" in passes(trial, "repoview").said
    assert not re.search("^(tree|iso):", passes(trial, "iso").said, re.MULTILINE)  # they are no part of the medium
