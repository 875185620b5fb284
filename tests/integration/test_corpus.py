# SPDX-License-Identifier: GPL-3.0-or-later
"""An ISO of real packages, signed by real keys; real packages that cannot be trusted keep it from being made."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from smedoit.config.release import Release
from smedoit.repodata import comps
from smedoit.runtime import files
from tests.harness.corpus import corpus_dir
from tests.harness.project import Project
from tests.harness.tools import need, read_with

CENTOS7 = "6341ab2753d78a78a7c27bb124c6a8a7f4a80eb5"
REAL = {
    "smeos": "centos-release-7-2.1511.el7.centos.2.10.x86_64.rpm",
    "smeupdates": "epel-release-7-5.noarch.rpm",
}
COMPS = """\
<?xml version="1.0" encoding="UTF-8"?>
<comps>
  <group>
    <id>core</id>
    <name>Core</name>
    <description>All that SME Server 10.0 has here.</description>
    <default>true</default>
    <uservisible>true</uservisible>
    <packagelist>
      <packagereq type="mandatory">centos-release</packagereq>
      <packagereq type="default">epel-release</packagereq>
    </packagelist>
  </group>
  <environment>
    <id>server</id>
    <name>Server</name>
    <description>All.</description>
    <display_order>1</display_order>
    <grouplist><groupid>core</groupid></grouplist>
  </environment>
</comps>
"""
# Every other table of release.toml speaks of packages that the corpus does not have.
NEEDED = (
    "[release]",
    "[paths]",
    "[[tiers]]",
    "[[keys]]",
    "[packages]",
    "[groups]",
    "[boot_set]",
    "[content]",
    "[transl",
)
FOREIGN = {
    "centos-release-5-0.0.el5.centos.2.x86_64.rpm": r"DSA",
    "centos-release-as-2.1AS-4.noarch.rpm": r"DSA",
}


def real_trial(place: Path) -> Project:
    """Return a trial whose staged tiers hold real packages only, and which trusts CentOS's key alone."""
    trial = Project.new(place)
    answer = trial.doit("sample")
    assert answer.code == 0, answer.said
    rel = trial.release
    trust_centos(trial, rel)
    for tier in rel.tiers:
        if tier.stage:
            shutil.rmtree(tier.path)
            tier.path.mkdir()
            if tier.name in REAL:
                shutil.copy(corpus_dir() / "rpms/centos" / REAL[tier.name], tier.path)
    files.write_file(rel.groups.comps, COMPS)
    return trial


def trust_centos(trial: Project, rel: Release) -> None:
    key = rel.content.path / "RPM-GPG-KEY-CentOS-7"
    shutil.copy(corpus_dir() / "keys" / key.name, key)
    text = trial.file.read_text(encoding="utf-8")
    keys = re.compile(r"\[\[keys\]\]\nfile = .*\nfingerprint = .*\n\n?")
    assert len(keys.findall(text)) == 2
    block = f'[[keys]]\nfile = "{key.relative_to(rel.root)}"\nfingerprint = "{CENTOS7}"\n\n'
    text = keys.sub("", text).replace("[packages]", f"{block}[packages]", 1)
    text = "".join(part for part in re.split(r"^(?=\[)", text, flags=re.MULTILINE) if part.startswith(NEEDED))
    testing = 'path = "repo/testing/10/smeupdates-testing"\n'
    assert testing in text
    closure = '\n[closure]\nallow_missing = { "*" = "two real packages make no system" }\n'
    files.write_file(trial.file, text.replace(testing, f"{testing}may_be_empty = true\n") + closure)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A trial with an ISO of the real packages; no test may change it."""
    trial = real_trial(tmp_path_factory.mktemp("real") / "trial")
    answer = trial.doit("iso")
    assert answer.code == 0, answer.said
    return trial


def test_corpus_iso(built: Project, tmp_path: Path) -> None:
    need("xorriso", "checkisomd5")
    read_with("checkisomd5", built.release.iso)
    read_with("xorriso", "-osirrox", "on", "-indev", built.release.iso, "-extract", "/Packages", tmp_path / "out")
    found = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.rpm")}
    assert found == {name: (corpus_dir() / "rpms/centos" / name).read_bytes() for name in REAL.values()}


def test_its_repodata_names_the_real_packages(built: Project) -> None:
    import createrepo_c as cr

    found = {one.nevra() for one in cr.RepositoryReader.from_path(str(built.release.tree)).iter_packages()}
    assert found == {"centos-release-0:7-2.1511.el7.centos.2.10.x86_64", "epel-release-0:7-5.noarch"}


def test_its_groups_are_those_of_the_content_and_prose_about_releases_stays(built: Project) -> None:
    text = (built.release.tree / "Packages/base/comps.xml").read_text(encoding="utf-8")
    assert "All that SME Server 10.0 has here." in text
    assert comps.parse_comps(text, built.file).groups == {"core": ("centos-release", "epel-release")}


def test_the_pinned_key_lies_on_the_medium(built: Project) -> None:
    need("isoinfo")
    assert "/RPM-GPG-KEY-CentOS-7" in read_with("isoinfo", "-R", "-f", "-i", built.release.iso).splitlines()


@pytest.mark.parametrize("name", FOREIGN)
def test_a_real_package_that_cannot_be_checked_is_refused_and_the_iso_stays(
    built: Project, tmp_path: Path, name: str
) -> None:
    trial = built.copy(tmp_path / "trial")
    before = trial.release.iso.read_bytes()
    shutil.copy(corpus_dir() / "rpms/centos" / name, trial.release.tiers[0].path)
    answer = trial.doit("iso")
    assert answer.code != 0
    assert "Traceback" not in answer.said
    assert re.search(
        rf"1 of the tiers' files cannot be trusted\n.*{FOREIGN[name]}.*\n\s+\S+/{re.escape(name)}\n", answer.said
    )
    assert trial.release.iso.read_bytes() == before


def test_all_of_them_are_refused_together_each_with_its_reason(built: Project, tmp_path: Path) -> None:
    trial = built.copy(tmp_path / "trial")
    for name in FOREIGN:
        shutil.copy(corpus_dir() / "rpms/centos" / name, trial.release.tiers[0].path)
    said = trial.doit("iso").said
    assert "2 of the tiers' files cannot be trusted" in said
    assert all(name in said for name in FOREIGN)


def test_a_package_of_another_major_is_refused_by_its_unknown_key(built: Project, tmp_path: Path) -> None:
    trial = built.copy(tmp_path / "trial")
    name = "centos-release-6-0.el6.centos.5.x86_64.rpm"
    shutil.copy(corpus_dir() / "rpms/centos" / name, trial.release.tiers[0].path)
    said = trial.doit("iso").said
    assert re.search(r"signed .*key \w+, which release\.toml does not trust", said)
    assert name in said
