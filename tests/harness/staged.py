# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree of a medium with two repositories, and a medium of it."""

from __future__ import annotations

from pathlib import Path

from smedoit.iso.medium import IsoMedium
from smedoit.iso.read import IsoImage
from smedoit.iso.write import write_iso
from smedoit.packages import lock
from smedoit.packages.metadata import write_tree_repodata
from smedoit.packages.places import MediumLayout
from smedoit.packages.select import SelectedPackage
from smedoit.packages.stage import link_packages
from smedoit.repodata.write import RepoExtras
from smedoit.runtime import files
from smedoit.runtime.digests import sha256_file
from smedoit.sample import packages as recipes
from smedoit.sample.packages import FINGERPRINTS, RpmRecipe
from smedoit.tree import layers
from tests.harness.nouns import EPOCH, package

BOTH = MediumLayout(("BaseOS", "AppStream"), {"apps": "AppStream"})
COMPS = """<?xml version="1.0"?><comps>
<group><id>core</id><name>Core</name><packagelist>
<packagereq type="mandatory">bash</packagereq></packagelist></group>
<group><id>web</id><name>Web</name><packagelist>
<packagereq type="mandatory">php</packagereq></packagelist></group>
<environment><id>server</id><name>Server</name><grouplist>
<groupid>core</groupid><groupid>web</groupid></grouplist></environment></comps>
"""


class StagedTree:
    """A tier with bash, another with php, and the tree of a medium with two repositories."""

    def __init__(self, root: Path) -> None:
        self.root, self.tree, self.lock, self.cache = root, root / "tree", root / "packages.lock", root / "facts.sqlite"
        self.picks = []
        for name, tier, requires in (("bash", "smeos", ()), ("php", "apps", ("bash",))):
            path = recipes.write_rpm(RpmRecipe(name, "1", "1", requires=requires), root / tier)
            file, digest = str(path.relative_to(root)), sha256_file(path)
            made = package(f"{name}-1-1.noarch", file=file, sha256=digest, key=FINGERPRINTS["koozali"])
            self.picks.append(SelectedPackage(made, tier))
        self.save()

    def save(self) -> None:
        """Write the lock."""
        files.write_file(self.lock, lock.format_lock(self.picks))

    def fill(self, layout: MediumLayout = BOTH) -> str:
        said = link_packages(self.lock, self.root, self.tree, layout, self.cache)
        files.write_file(self.root / "comps.xml", COMPS)
        self.describe(layout)
        return said

    def describe(self, layout: MediumLayout = BOTH) -> None:
        """Write the repodata."""
        write_tree_repodata(self.lock, RepoExtras(self.root / "comps.xml"), self.tree, layout, EPOCH, self.cache)

    def rpms(self) -> list[str]:
        return sorted(str(path.relative_to(self.tree)) for path in self.tree.rglob("*.rpm"))

    def image(self) -> IsoImage:
        """Return a medium of the tree as it is now."""
        found = {name: self.tree / name for name in layers.list_tree_files(self.tree)}
        write_iso(IsoMedium("IT", "it", "it", EPOCH, found, firmware=()), self.root / "it.iso")
        return IsoImage(self.root / "it.iso")
