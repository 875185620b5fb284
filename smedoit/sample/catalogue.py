# SPDX-License-Identifier: GPL-3.0-or-later
"""Which practice packages there are: every case that a tier of Koozali SME Server can hold, in small.

What upstream and Koozali really shipped is only imitated: names and versions look right, relations
are just enough to close, and every author is invented. Each base has a catalogue of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from smedoit.bases.enterprise_linux import Base
from smedoit.sample.catalogue_el7 import SME_10
from smedoit.sample.catalogue_el8 import SME_11
from smedoit.sample.catalogue_el9 import SME_12
from smedoit.sample.catalogue_el10 import SME_13
from smedoit.sample.package_facts import ADA, UPSTREAM, Catalogue, History, PackageFacts
from smedoit.sample.packages import RecipeChange, RpmRecipe

if TYPE_CHECKING:
    from smedoit.config.identity import ReleaseIdentity

CATALOGUES: Mapping[str, Catalogue] = {"el7": SME_10, "el8": SME_11, "el9": SME_12, "el10": SME_13}
NEVRA = re.compile(r"(?:(\d+):)?(\S+)-([^-\s]+)-([^-\s]+)\.(\w+)")
CHOSEN = "smeupdates-testing"  # the tier that has smeserver-release, as the wiki asks


def find_catalogue(base: Base) -> Catalogue:
    """Return the practice packages of a base."""
    return CATALOGUES[base.name]


def practice_recipes(tier: str, release: ReleaseIdentity) -> Iterator[RpmRecipe]:
    """Yield the recipes of a practice tier, source packages included if it has them; none for a tier that is not known.

    release  decides the version of smeserver-release in smeupdates-testing, as the wiki asks
    """
    catalogue = find_catalogue(release.built_on)
    if tier in catalogue.sources:
        mirrored = (find_recipe(name, catalogue) for name in catalogue.tiers[catalogue.sources[tier]].split())
        yield from {recipe.file_name: recipe for recipe in map(_source_recipe, mirrored)}.values()
        return
    names = catalogue.tiers.get(tier, "").split()
    if tier == CHOSEN:
        names.append(f"smeserver-release-{release.version}-{'0.' + release.label if release.label else '1'}.noarch")
    sources = {}
    for name in names:
        recipe = find_recipe(name, catalogue)
        yield recipe
        source = _source_recipe(recipe)
        sources[source.file_name] = source
    if tier not in catalogue.mirrors:
        yield from sources.values()


def find_recipe(nevra: str, catalogue: Catalogue) -> RpmRecipe:
    """Return the recipe of a binary package, spelled as in the tiers of its catalogue."""
    match = NEVRA.fullmatch(nevra)
    assert match, nevra
    epoch, name, version, release, arch = match.groups()
    facts = catalogue.facts.get(name, PackageFacts())
    ours = "sme" in name or ".sme" in release
    size = 1000 + 37 * (len(name) * len(nevra) % 60)  # some small, some less so
    bare = RpmRecipe(name, version, release, arch, int(epoch or 0), size=size, key="koozali" if ours else "centos")
    source = facts.source or name
    return replace(
        bare,
        requires=_split_list(facts.requires, bare),
        provides=_split_list(facts.provides, bare),
        obsoletes=_split_list(facts.obsoletes, bare),
        conflicts=_split_list(facts.conflicts, bare),
        recommends=_split_list(facts.recommends, bare),
        files=_split_list(facts.files, bare),
        changelog=_recipe_changelog(catalogue.history.get(source, ()), bare),
        source_rpm=f"{source}-{version}-{release}.src.rpm",
        compression="gzip" if arch == "noarch" else catalogue.compression,
        module=catalogue.modules.get(f"{name}-{version}", ""),
        summary=f"A practice copy of {name}, worth nothing",
    )


def _split_list(text: str, recipe: RpmRecipe) -> tuple[str, ...]:
    """Return the comma-separated parts of text, with recipe's version and the mark of its word size filled in."""
    filled = text.replace("{evr}", recipe.evr).replace("(){bits}", "{bits}" if recipe.arch == "i686" else "(){bits}")
    filled = filled.replace("{bits}", "" if recipe.arch == "i686" else "(64bit)")
    return tuple(part.strip() for part in filled.split(",") if part.strip())


def _recipe_changelog(history: History, recipe: RpmRecipe) -> tuple[RecipeChange, ...]:
    """Return the history of recipe's source package up to recipe's own version, newest first."""
    own = f"{recipe.version}-{recipe.release}"
    author = ADA if recipe.key == "koozali" else UPSTREAM
    known = history or (("2020-08-01", author, own, "- build for the practice world"),)
    versions = [evr for _, _, evr, _ in known]
    epoch = f"{recipe.epoch}:" if recipe.epoch else ""
    start = versions.index(own)
    return tuple(RecipeChange(date.fromisoformat(day), who, epoch + evr, text) for day, who, evr, text in known[start:])


def _source_recipe(recipe: RpmRecipe) -> RpmRecipe:
    """Return the source package that recipe is built from."""
    name = recipe.source_rpm.removesuffix(f"-{recipe.version}-{recipe.release}.src.rpm")
    arch = "noarch" if recipe.arch == "noarch" else "x86_64"  # of the machine that made it, not i686
    bare = RpmRecipe(name, recipe.version, recipe.release, arch, recipe.epoch, is_source=True, key=recipe.key)
    return replace(bare, changelog=recipe.changelog, size=2000, summary=f"A practice source of {name}, worth nothing")
