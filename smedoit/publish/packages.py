# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that a publish lets appear on mirrors: each has a good signature of a pinned key, whatever its tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.config.release import Release
from smedoit.errors import PublishError, format_count, format_grouped
from smedoit.keys import keyring
from smedoit.packages import scan
from smedoit.packages.scan import RejectedFile
from smedoit.publish.plan import REMOVE, PublishedFile, PublishPlan
from smedoit.runtime.files import wrap_os_errors


def refuse_untrusted_packages(made: PublishPlan, rel: Release, fact_cache: Path) -> None:
    """Raise PublishError with every package of a plan that no pinned key signed, or that is not what was signed.

    fact_cache  what is known of packages that were read before
    """
    arriving = _arriving_packages(made)
    sources = _distinct_sources(file.source for file in arriving.values())
    verdicts = scan.scan_package_files(set(sources.values()), rel.root, keyring.load_pinned_keys(rel.keys), fact_cache)
    complaints = scan.ScanProblems()
    for path, file in arriving.items():
        verdict = verdicts[sources[file.source]]
        if isinstance(verdict, RejectedFile):
            complaints.add(verdict.reason, path)
        elif verdict.sha256 != file.sha256:
            complaints.add("changed since it was planned", path)
    if complaints.found:
        count = sum(map(len, complaints.found.values()))
        raise PublishError(
            f"{format_count(count, 'package')} must not appear on a mirror\n{format_grouped(complaints.found)}",
            hint="take each out of its tier, or have it signed; a key that belongs in this release goes into [[keys]]",
        )


def verify_arriving_packages(made: PublishPlan, rel: Release) -> None:
    """Read every package that is about to appear, whatever anybody remembers of it. Raises PublishError."""
    with TemporaryDirectory(prefix="smedoit-publish-") as nothing_known:
        refuse_untrusted_packages(made, rel, Path(nothing_known) / "facts.sqlite")


def _arriving_packages(made: PublishPlan) -> Mapping[str, PublishedFile]:
    """Return path in the release -> file of the packages that readers will see and do not see yet."""
    return {
        change.path: change.file for change in made.changes if change.kind != REMOVE and change.path.endswith(".rpm")
    }


def _distinct_sources(paths: Iterable[Path]) -> dict[Path, Path]:
    """Return path -> the first path of the same file under the same name: tiers and tree share most packages."""
    first: dict[tuple[int, int, str], Path] = {}
    found = {}
    for path in paths:
        with wrap_os_errors(path, "read"):
            info = path.stat()
        found[path] = first.setdefault((info.st_dev, info.st_ino, path.name), path)
    return found
