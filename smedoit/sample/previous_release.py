# SPDX-License-Identifier: GPL-3.0-or-later
"""What precedes a practice release: the lock of the last one, who verified what since, anaconda's spec file.

With it the practice release passes its checks, and each check has something to report.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smedoit.sample import catalogue
from smedoit.sample.packages import FINGERPRINTS, RpmRecipe, package_directory, write_if_missing

if TYPE_CHECKING:
    from smedoit.config.release import Release
    from smedoit.config.tiers import Tier
    from smedoit.packages.select import SelectedPackage

VERIFIED = """\
# Who verified which package in smeupdates-testing. A package counts with its version only.

[[verified]]
package = "e-smith-base-5.8.1-6.el7.sme"
bug = 11548
who = "Ben Probe"
when = 2021-05-27

[[verified]]                        # history: the next one took its place
package = "e-smith-base-5.8.1-5.el7.sme"
bug = 11471
who = "Ada Practice"
when = 2021-04-10
"""
SHEET = """\
package,bug,who,when
dovecot-1:2.2.36-8.el7.sme,11541,Ben Probe,2021-05-22
smeserver-locale-2.7.0-21.el7.sme.noarch,11570,Ada Practice,2021-05-31
"""
BUGS = {11440: "smeserver-php", 11399: "smeserver-php", 11502: "spamassassin", 11560: "smeserver-qpsmtpd", 9873: ""}
SPEC = """\
%define dracut_version 033-562

Summary: Graphical system installer (practice copy)
Name: anaconda
Version: 21.48.22.159
Release: 2%{?dist}
License: GPLv2+ and MIT
Source0: %{name}-%{version}.tar.bz2
#KOOZALI
Patch100: 100-anaconda-koozali-product.patch
Patch101: 101-anaconda-koozali-add-koozali-install-class.patch
#ENDKOOZALI

%description
What upstream calls the installer.

%changelog
* Tue Feb 16 2021 Ada Practice <ada@example.invalid> 21.48.22.159-2.sme
- patch for product.img branding of anaconda

* Wed Aug 12 2020 CentOS Practice <centos@example.invalid> - 21.48.22.159-1.el7.centos
- what upstream has
"""


def fill_previous_release(rel: Release) -> None:
    """Make what rel's [quality] and [anaconda] name, once its tiers are filled."""
    respell = catalogue.find_catalogue(rel.release.built_on).respell
    content = {"verified.toml": respell(VERIFIED), "sheet.csv": respell(SHEET), "bugs.json": bugzilla_response()}
    for file in rel.quality.verified:
        if file.name in content:
            write_if_missing(file, partial(str, content[file.name]))
    if rel.quality.previous_release:
        write_if_missing(Path(rel.quality.previous_release), partial(_previous_lock, rel))
    if rel.anaconda.source:
        write_if_missing(Path(rel.anaconda.source) / "anaconda.spec", partial(respell, SPEC))
    _fill_update_mirrors(rel)


def _fill_update_mirrors(rel: Release) -> None:
    """Put a few packages into upstream's update mirrors."""
    from smedoit.sample import packages

    for place in rel.updates.mirrors:
        for recipe in catalogue.practice_recipes("updates", rel.release):
            if not recipe.is_source:
                packages.write_rpm(recipe, place / "Packages")


def bugzilla_response() -> str:
    """Return a Bugzilla query as its REST interface gives it."""
    found = [
        {
            "id": number,
            "status": "CLOSED" if component else "VERIFIED",
            "component": component or "smeserver-qpsmtpd",
            "qa_contact": "ben@example.invalid",
            "last_change_time": "2021-05-30T08:15:00Z",
        }
        for number, component in BUGS.items()
    ]
    return json.dumps({"bugs": found}, indent=1) + "\n"


def _previous_lock(rel: Release) -> str:
    """Return the lock of a release that consisted of its tiers as they are."""
    from smedoit.packages import lock

    names = catalogue.find_catalogue(rel.release.built_on).previous
    selected = [
        _previous_package(recipe, tier, place, rel.root)
        for tier in rel.tiers
        if tier.name in names and (place := package_directory(tier, rel.release.arch, is_source=False))
        for recipe in catalogue.practice_recipes(tier.name, rel.release)
        if not recipe.is_source
    ]
    return lock.format_lock(sorted(selected, key=lambda entry: (entry.package.name, entry.package.arch)))


def _previous_package(recipe: RpmRecipe, tier: Tier, place: Path, root: Path) -> SelectedPackage:
    """Return a package of the last release, as in its lock."""
    from smedoit.package import Evr, Package
    from smedoit.packages.select import SelectedPackage
    from smedoit.runtime import digests

    path = place / recipe.file_name
    evr = Evr(recipe.epoch, recipe.version, recipe.release)
    size, digest = path.stat().st_size, digests.sha256_file(path)
    file, key = str(path.relative_to(root)), FINGERPRINTS[recipe.key]
    return SelectedPackage(
        Package(recipe.name, evr, recipe.arch, file, size, digest, key, recipe.source_rpm), tier.name
    )
