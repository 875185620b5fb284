# SPDX-License-Identifier: GPL-3.0-or-later
"""All media of a release: listed, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from smedoit.artifacts import verify_metadata
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.release import Release
from smedoit.errors import Findings, SmeError, VerifyError, format_count, format_grouped, format_size
from smedoit.iso import build, netinstall, source_iso, verify
from smedoit.iso.source_iso import source_disc_files as source_files
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.jigdo import format
from smedoit.jigdo.verify import check_jigdo
from smedoit.keys import keyring
from smedoit.packages.lock import read_lock
from smedoit.packages.places import SOURCES, medium_layout
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import wrap_os_errors

NAMED = 4  # media of other releases that are named before they are only counted


def list_media(isos: Path, identity: ReleaseIdentity, fact_cache: Path) -> Mapping[str, str]:
    """Say where every medium lies, its size and its SHA-256."""
    known = DigestCache(fact_cache)
    lines = []
    for path in sorted(isos.glob(f"*/{identity.name}-{identity.full}-*.iso")):
        size = path.stat().st_size
        lines.append(f"{path}  {size} bytes ({format_size(size)})  sha256 {known.sha256(path)}")
    known.save()
    return {"did": f"{len(lines)} media", "result": "\n".join([*lines, *_describe_other_media(isos, identity)])}


def _describe_other_media(isos: Path, identity: ReleaseIdentity) -> list[str]:
    """Return a line about the media of other releases that lie in the same directories, if there are any.

    They are no part of this release, and whether somebody still needs them is not for us to know.
    """
    own = f"{identity.name}-{identity.full}-"
    others = [path for path in sorted(isos.glob(f"*/{identity.name}-*.iso")) if not path.name.startswith(own)]
    if not others:
        return []
    size = format_size(sum(path.stat().st_size for path in others))
    names = ", ".join(path.name for path in others[:NAMED]) + (", …" if others[NAMED:] else "")
    many = format_count(len(others), "medium", "media")
    return [f"{many} of other releases beside them, {size}, no part of this one; remove what nobody needs: {names}"]


def verify_media(rel: Release, on_medium: Callable[[str], bool]) -> Mapping[str, str]:
    """Read every medium back that there is, and hold it against locks, tree and release, with all that lies beside it.

    Raises VerifyError with what is wrong with any of them; the installation ISO must be there.
    """
    said = _carry_out_checks(_media_checks(rel, on_medium))
    return {"did": f"{len(said)} checks, nothing is wrong", "result": "\n".join(said)}


def verify_images(rel: Release, on_medium: Callable[[str], bool]) -> None:
    """Read every ISO back that there is, and nothing that lies beside it. Raises VerifyError."""
    _carry_out_checks(_image_checks(rel, on_medium))


def _carry_out_checks(checks: Iterable[Callable[[], str]]) -> list[str]:
    """Return what each check says. Raises VerifyError with what all of them find wrong."""
    said, faults = [], []
    for check in checks:
        try:
            said.append(check())
        except SmeError as error:
            faults.append(str(error))
    if faults:
        raise VerifyError("\n".join(faults))
    return said


def _image_checks(rel: Release, on_medium: Callable[[str], bool]) -> Iterator[Callable[[], str]]:
    """Yield what is to be done with the ISOs, each as a function that says what was right, or raises VerifyError."""
    yield lambda: f"{rel.iso.name}: {_verify_iso(rel, on_medium)}"
    if rel.netinstall_iso.is_file():
        yield lambda: f"{rel.netinstall_iso.name}: {_verify_netinstall(rel)}"
    if rel.sources_lock.is_file() and any(rel.source_iso.parent.glob(f"{rel.source_iso.stem}*.iso")):
        yield lambda: _verify_sources(rel)


def _media_checks(rel: Release, on_medium: Callable[[str], bool]) -> Iterator[Callable[[], str]]:
    """Yield what is to be done with the ISOs and with what lies beside them."""
    yield from _image_checks(rel, on_medium)
    for image in (rel.iso, rel.netinstall_iso, *sorted(rel.source_iso.parent.glob(f"{rel.source_iso.stem}*.iso"))):
        if any(image.with_name(name(image.name)).is_file() for name in (format.jigdo_name, format.template_name)):
            yield partial(_verify_jigdo, rel, image)
    yield from verify_metadata.artifact_checks(rel, rel.stage / "build-record.json")


def _verify_iso(rel: Release, on_medium: Callable[[str], bool]) -> str:
    """Read the installation ISO back."""
    files = build.medium_files(rel.tree, on_medium)
    expected = ExpectedIso(
        volume=rel.release.volume,
        files=files,
        picks=read_lock(rel.lock),
        layout=medium_layout(rel),
        keys=keyring.load_pinned_keys(rel.keys),
        date=rel.release.date,
        firmware=rel.release.firmware,
        base=rel.release.built_on,
    )
    return verify.verify_iso_image(rel.iso, expected)


def _verify_netinstall(rel: Release) -> str:
    """Read the network install ISO back."""
    volume, url = rel.netinstall.volume(rel.release), rel.netinstall.address(rel.release, rel.release_urls)
    files = netinstall.netinstall_files(rel.release.built_on, rel.tree, rel.stage / "netinstall")
    expected = ExpectedIso(
        volume, files, (), url=url, task="netinstall", firmware=rel.release.firmware, base=rel.release.built_on
    )
    return verify.verify_iso_image(rel.netinstall_iso, expected, verify.NETINSTALL)


def _verify_sources(rel: Release) -> str:
    """Read the source ISO back, or all discs of it."""
    said = []
    keys, pinned = [key.file for key in rel.keys], keyring.load_pinned_keys(rel.keys)
    for disc in source_iso.plan_source_discs(
        read_lock(rel.sources_lock), rel.sources, rel.release, rel.source_iso.name
    ):
        files = source_files(disc, rel.srpms, keys, rel.state / "discs")
        expected = ExpectedIso(
            task="source_iso",
            volume=disc.volume,
            files=files,
            picks=disc.picks,
            layout=SOURCES,
            keys=pinned,
            date=rel.release.date,
            base=rel.release.built_on,
        )
        said.append(
            f"{disc.name}: {verify.verify_iso_image(rel.source_iso.with_name(disc.name), expected, verify.SOURCES)}"
        )
    return "; ".join(said)


def _verify_jigdo(rel: Release, image: Path) -> str:
    """Make an ISO from its template and our own copy of what mirrors will have, and compare."""
    findings = Findings()
    smeos = {rel.release.arch: rel.tree, "SRPMS": rel.srpms}
    with wrap_os_errors(image, "read"):
        parts = check_jigdo(image, smeos, rel.release_urls.bases(rel.release), findings)
    if findings.found:
        raise VerifyError(
            f"{image}:\n{format_grouped(findings.found)}", hint="delete its .jigdo and .template, run doit jigdo"
        )
    return f"{image.name}: rebuilt from its template and {parts} files"
