# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beside the media, read back: every claim is held against the bytes that are there now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from smedoit.artifacts import build_record, compose, manifests, media, spdx
from smedoit.artifacts.build_record import FileChecksum
from smedoit.artifacts.compose import ComposeMedium, LocatedPackages
from smedoit.artifacts.media import existing_locks
from smedoit.config.release import Release
from smedoit.errors import Findings, SmeError, VerifyError, format_grouped
from smedoit.iso.read import IsoImage, iso_damage_errors
from smedoit.keys import gpg
from smedoit.packages import lock
from smedoit.packages.places import medium_layout
from smedoit.packages.select import SelectedPackage
from smedoit.runtime import checksums, foreign
from smedoit.runtime.digests import md5_file, sha256_file
from smedoit.runtime.files import read_file_text

AGAIN = "if a medium was changed after it was sealed, delete it; then run doit release"


class FreshDigests:
    """The digests of files as they are now: read here, not remembered, and each but once."""

    def __init__(self) -> None:
        self.known: dict[Path, dict[str, str]] = {}

    def of(self, path: Path) -> dict[str, str]:
        """Return SHA-256 and MD5 of a file. Raises FileError."""
        if path not in self.known:
            self.known[path] = {"sha256": sha256_file(path), "md5": md5_file(path)}
        return self.known[path]


def artifact_checks(rel: Release, record: Path) -> Iterator[Callable[[], str]]:
    """Yield what is to be checked, each as a function that says what was right, or raises VerifyError.

    What was not made yet is not checked: doit iso alone makes none of it.
    """
    files, sums = media.finished_media(rel.isos, rel.release), FreshDigests()
    for directory, here in media.group_by_directory(files).items():
        if (directory / checksums.SHA256).is_file():
            yield partial(_run_check, _check_checksums, directory, here, sums)
            if rel.signing.configured:
                yield partial(_run_check, _check_signatures, directory, rel)
    for path in files:
        if path.with_name(f"{path.stem}{manifests.FILES}").is_file():
            yield partial(_run_check, _check_file_list, path)
    if (rel.isos / manifests.METADATA).is_dir():
        yield partial(_run_check, _check_metadata, rel, files, sums)
    if rel.iso.with_name(f"{rel.iso.stem}{manifests.SBOM}").is_file():
        yield partial(_run_check, _check_sbom, rel, sums)
    if record.is_file():
        yield partial(_run_check, _check_record, record, rel)


def _run_check(check: Callable[..., str], *args: object) -> str:
    """Return what a check says. Raises VerifyError with all that it finds wrong."""
    findings, said = Findings(), check.__name__
    try:
        said = check(*args, findings)
    except iso_damage_errors() as error:
        findings.add("damage", str(error))
    except SmeError as error:
        findings.add("cannot be checked", str(error).splitlines()[0])
    if findings.found:
        raise VerifyError(
            f"{args[0] if isinstance(args[0], Path) else said}:\n{format_grouped(findings.found)}", hint=AGAIN
        )
    return said


def _check_checksums(directory: Path, here: list[Path], sums: FreshDigests, findings: Findings) -> str:
    """The three checksum files list the media of a directory, and nothing else, with their digests and sizes."""
    for name, kind in checksums.KINDS.items():
        text = read_file_text(directory / name) if (directory / name).is_file() else ""
        try:
            listed = checksums.parse_checksums(text)
        except ValueError as error:
            findings.add(name, f"a line that is no checksum: {error}")
            continue
        for path in here:
            findings.check(listed.pop(path.name, "") == sums.of(path)[kind], name, f"does not fit {path.name}")
            if name == checksums.BSD:
                size = checksums.parse_sizes(text).get(path.name)
                findings.check(size == path.stat().st_size, name, f"has not the size of {path.name}")
        for other in listed:
            findings.add(name, f"lists {other}, which is not there")
    return f"{directory.name}: {len(here)} media fit {', '.join(checksums.NAMES)}"


def _check_signatures(directory: Path, rel: Release, findings: Findings) -> str:
    """Every checksum file has a good signature of the key of [signing]."""
    owner = gpg.load_signing_certificate(rel.signing, rel.is_practice)
    for name in checksums.NAMES:
        path = directory / name
        if not media.signature_path(path).is_file():
            findings.add("signatures", f"{name} is not signed")
        elif not media.is_signed(path, owner):
            findings.add("signatures", f"{name}{media.SIGNED} is not a valid signature by key {owner.fingerprint}")
    return f"{directory.name}: signed by {owner.fingerprint}"


def _check_file_list(path: Path, findings: Findings) -> str:
    """The list of a medium's files is that of the files on it."""
    text = read_file_text(path.with_name(f"{path.stem}{manifests.FILES}"))
    image = IsoImage(path)
    try:
        listed = checksums.parse_checksums(text)
    except ValueError as error:
        findings.add("file list", f"a line that is no checksum: {error}")
        return path.name
    for file in manifests.checksum_iso_files(image, sorted(image.records)):
        good = listed.pop(file.name, "") == file.sha256 and checksums.parse_sizes(text).get(file.name) == file.size
        findings.check(good, "file list", f"does not fit {file.name}")
    for other in listed:
        findings.add("file list", f"lists {other}, which is not on it")
    return f"{path.stem}: {len(image.records)} files as listed"


def _check_metadata(rel: Release, files: list[Path], sums: FreshDigests, findings: Findings) -> str:
    """productmd loads its three manifests, and they say what the media and the locks say."""
    from productmd.composeinfo import ComposeInfo
    from productmd.images import Images
    from productmd.rpms import Rpms

    place = rel.isos / manifests.METADATA
    info, rpms, images = ComposeInfo(), Rpms(), Images()
    try:
        for document, name in zip((info, rpms, images), compose.NAMES, strict=True):
            document.loads(read_file_text(place / name))
    except Exception as error:
        findings.add("metadata", f"productmd cannot load it: {error}")
        return place.name
    arch = rel.release.arch
    findings.check(info.release.version == rel.release.version, compose.COMPOSEINFO, "is of another version")
    picks, sources = (_read_existing_lock(rel, file) for file in (rel.lock, rel.sources_lock))
    packages = LocatedPackages(picks, sources, medium_layout(rel)).published_packages(arch)
    wanted = {
        compose.manifest_nevra(package): (path, compose.signing_key_id(package)) for path, package in packages.items()
    }
    groups = [group for variant in rpms.rpms.values() for group in variant.get(arch, {}).values()]
    listed = {nevra: (entry["path"], entry["sigkey"]) for group in groups for nevra, entry in group.items()}
    for nevra in sorted(wanted.keys() | listed.keys()):
        findings.check(wanted.get(nevra) == listed.get(nevra), compose.RPMS, f"{nevra} is not as the lock has it")
    found = {
        image.path: _recorded_image(image)
        for image in images.images.get(compose.main_variant(rel.release), {}).get(arch, ())
    }
    real = {
        disc.path: _expected_image(disc)
        for disc in (manifests.describe_medium(IsoImage(path), files, sums.of(path)) for path in files)
    }
    for path in sorted(found.keys() | real.keys()):
        findings.check(found.get(path) == real.get(path), compose.IMAGES, f"does not fit {path}")
    return f"metadata of {len(listed)} packages and {len(found)} media"


def _read_existing_lock(rel: Release, file: Path) -> list[SelectedPackage]:
    """Return the packages of a lock, none where it was not made yet."""
    return lock.parse_lock(read_file_text(file), file) if file in existing_locks(rel) else []


def _expected_image(disc: ComposeMedium) -> tuple[object, ...]:
    """Return what images.json must say of a medium."""
    sums = {"md5": disc.md5, "sha256": disc.sha256}
    return disc.size, disc.volume, disc.kind, disc.arch, disc.bootable, disc.implanted, sums, disc.number, disc.count


def _recorded_image(image: object) -> tuple[object, ...]:
    """Return what images.json says of a medium, in the same order."""
    names = "size", "volume_id", "type", "arch", "bootable", "implant_md5", "checksums", "disc_number", "disc_count"
    return tuple(getattr(image, name) for name in names)


def _check_sbom(rel: Release, sums: FreshDigests, findings: Findings) -> str:
    """The bill of materials is that of this ISO and of its lock, and refers to nothing that it lacks."""
    path = rel.iso.with_name(f"{rel.iso.stem}{manifests.SBOM}")
    try:
        document = foreign.parse_json(read_file_text(path))
        held = {element["SPDXID"]: element for element in document["packages"]}
        contained = {
            relationship["relatedSpdxElement"]
            for relationship in document["relationships"]
            if relationship["relationshipType"] == "CONTAINS"
        }
        digests = {_spdx_sha256(held[identifier]) for identifier in contained}
        medium = _spdx_sha256(held[spdx.spdx_identifier(rel.iso.name)])
        ends = {
            relationship[key]
            for relationship in document["relationships"]
            for key in ("spdxElementId", "relatedSpdxElement")
        }
    except (ValueError, KeyError, TypeError) as error:
        findings.add("bill of materials", f"cannot be read: {foreign.describe_damage(error)}")
        return path.name
    wanted = {pick.package.sha256 for pick in lock.parse_lock(read_file_text(rel.lock), rel.lock)}
    findings.check(medium == sums.of(rel.iso)["sha256"], "bill of materials", f"is not of {rel.iso.name} as it is")
    findings.check(digests == wanted, "bill of materials", "does not list the packages of the lock")
    for end in sorted(ends - held.keys() - {spdx.DOCUMENT}):
        findings.add("bill of materials", f"refers to {end}, which it lacks")
    return f"bill of materials of {len(contained)} packages"


def _spdx_sha256(package: dict[str, list[dict[str, str]]]) -> str:
    """Return the SHA-256 that a package of a document carries, "" if it has none."""
    return next(
        (checksum["checksumValue"] for checksum in package.get("checksums", []) if checksum["algorithm"] == "SHA256"),
        "",
    )


def _check_record(path: Path, rel: Release, findings: Findings) -> str:
    """Every artifact is what the record says."""
    record = build_record.parse_build_record(read_file_text(path), path)
    there = [name for name in record.artifacts if (rel.root / name).is_file()]
    now = {name: FileChecksum((rel.root / name).stat().st_size, sha256_file(rel.root / name)) for name in there}
    for reason, names in build_record.file_differences(record.artifacts, now).items():
        for name in names:
            findings.add(reason, name)
    return f"{len(record.artifacts)} artifacts as recorded"
