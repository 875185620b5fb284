"""All media of a release: told, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from smedoit.artifacts import verify_metadata
from smedoit.config.identity import Identity
from smedoit.config.release import Release
from smedoit.errors import Findings, SmeError, VerifyError, grouped, human
from smedoit.iso import build, netinstall, source_iso
from smedoit.iso.source_iso import files as source_files
from smedoit.iso.verify import NETINSTALL, SOURCES
from smedoit.iso.verify import verify as verify_verify
from smedoit.iso.verify_contents import Expected
from smedoit.jigdo import format
from smedoit.jigdo.verify import check
from smedoit.packages.choose import read_lock
from smedoit.runtime.digests import Digests
from smedoit.runtime.files import worded


def told(isos: Path, one: Identity, memory: Path) -> Mapping[str, str]:
    """Say where every medium lies, its size and its SHA-256."""
    known = Digests(memory)
    lines = []
    for path in sorted(isos.glob(f"*/{one.name}-{one.full}-*.iso")):
        size = path.stat().st_size
        lines.append(f"{path}  {size} bytes ({human(size)})  sha256 {known.sha256(path)}")
    known.save()
    return {"did": f"{len(lines)} media", "result": "\n".join(lines)}


def verify(rel: Release, on_medium: Callable[[str], bool]) -> Mapping[str, str]:
    """Read every medium back that there is, and hold it against locks, tree and release.

    Raises VerifyError with what is wrong with any of them; the installation ISO must be there.
    """
    said, faults = [], []
    for check in checks(rel, on_medium):
        try:
            said.append(check())
        except SmeError as error:
            faults.append(str(error))
    if faults:
        raise VerifyError("\n".join(faults))
    return {"did": f"{len(said)} checks, nothing is wrong", "result": "\n".join(said)}


def checks(rel: Release, on_medium: Callable[[str], bool]) -> Iterator[Callable[[], str]]:
    """Yield what is to be done, each as a function that says what was right, or raises VerifyError."""
    yield lambda: f"{rel.iso.name}: {verify_iso(rel, on_medium)}"
    if rel.netinstall_iso.is_file():
        yield lambda: f"{rel.netinstall_iso.name}: {verify_netinstall(rel)}"
    if rel.sources_lock.is_file() and any(rel.source_iso.parent.glob(f"{rel.source_iso.stem}*.iso")):
        yield lambda: verify_sources(rel)
    for image in (rel.iso, rel.netinstall_iso, *sorted(rel.source_iso.parent.glob(f"{rel.source_iso.stem}*.iso"))):
        if any(image.with_name(name(image.name)).is_file() for name in (format.listing_name, format.template_name)):
            yield partial(verify_jigdo, rel, image)
    yield from verify_metadata.checks(rel, rel.stage / "build-record.json")


def verify_iso(rel: Release, on_medium: Callable[[str], bool]) -> str:
    """Read the installation ISO back."""
    files = build.medium_files(rel.tree, on_medium)
    return verify_verify(rel.iso, Expected(rel.release.volume, files, read_lock(rel.lock)))


def verify_netinstall(rel: Release) -> str:
    """Read the network install ISO back."""
    volume, url = rel.netinstall.volume(rel.release), rel.netinstall.address(rel.release, rel.mirrors)
    files = netinstall.files(rel.tree, rel.stage / "netinstall")
    return verify_verify(rel.netinstall_iso, Expected(volume, files, (), url=url), NETINSTALL)


def verify_sources(rel: Release) -> str:
    """Read the source ISO back, or all discs of it."""
    said = []
    keys = [key.file for key in rel.keys]
    for disc in source_iso.plan(read_lock(rel.sources_lock), rel.sources, rel.release, rel.source_iso.name):
        files = source_files(disc, rel.srpms, keys, rel.state / "discs")
        expected = Expected(disc.volume, files, disc.picks, packages="SRPMS/", repository="SRPMS/")
        said.append(f"{disc.name}: {verify_verify(rel.source_iso.with_name(disc.name), expected, SOURCES)}")
    return "; ".join(said)


def verify_jigdo(rel: Release, image: Path) -> str:
    """Make an ISO from its template and our own copy of what mirrors will have, and compare."""
    findings = Findings()
    smeos = {rel.release.arch: rel.tree, "SRPMS": rel.srpms}
    with worded(image, "read"):
        parts = check(image, smeos, rel.mirrors.bases(rel.release), findings)
    if findings.found:
        raise VerifyError(
            f"{image}:\n{grouped(findings.found)}", hint="delete its .jigdo and .template, run doit jigdo"
        )
    return f"{image.name}: its jigdo makes it from {parts} files and a template"
