"""What lies beside the media, read back: every claim is held against the bytes that are there now."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from smedoit.artifacts import build_record, checksums, compose, manifests, media, spdx
from smedoit.artifacts.build_record import FileSum
from smedoit.artifacts.compose import Disc
from smedoit.config.release import Release
from smedoit.errors import Findings, SmeError, VerifyError, grouped
from smedoit.iso.read import Image, damage
from smedoit.keys import gpg
from smedoit.packages import lock
from smedoit.runtime.digests import md5, sha256
from smedoit.runtime.files import read_text

AGAIN = "if a medium was changed after it was sealed, delete it; then run doit release"


class Sums:
    """The digests of files as they are now: read here, not remembered, and each but once."""

    def __init__(self) -> None:
        self.known: dict[Path, dict[str, str]] = {}

    def of(self, path: Path) -> dict[str, str]:
        """Return SHA-256 and MD5 of a file. Raises TreeError."""
        if path not in self.known:
            self.known[path] = {"sha256": sha256(path), "md5": md5(path)}
        return self.known[path]


def checks(rel: Release, record: Path) -> Iterator[Callable[[], str]]:
    """Yield what is to be checked, each as a function that says what was right, or raises VerifyError.

    What was not made yet is not checked: doit iso alone makes none of it.
    """
    files, sums = media.media(rel.isos, rel.release), Sums()
    for directory, here in media.by_directory(files).items():
        if (directory / checksums.SHA256).is_file():
            yield partial(told, check_checksums, directory, here, sums)
            if rel.signing.configured:
                yield partial(told, check_signatures, directory, rel)
    for path in files:
        if path.with_name(f"{path.stem}{manifests.FILES}").is_file():
            yield partial(told, check_file_list, path)
    if (rel.isos / manifests.METADATA).is_dir():
        yield partial(told, check_metadata, rel, files, sums)
    if rel.iso.with_name(f"{rel.iso.stem}{manifests.SBOM}").is_file():
        yield partial(told, check_sbom, rel, sums)
    if record.is_file():
        yield partial(told, check_record, record, rel)


def told(check: Callable[..., str], *args: object) -> str:
    """Return what a check says. Raises VerifyError with all that it finds wrong."""
    findings, said = Findings(), check.__name__
    try:
        said = check(*args, findings)
    except damage() as error:
        findings.add("damage", str(error))
    except SmeError as error:
        findings.add("cannot be checked", str(error).splitlines()[0])
    if findings.found:
        raise VerifyError(f"{args[0] if isinstance(args[0], Path) else said}:\n{grouped(findings.found)}", hint=AGAIN)
    return said


def check_checksums(directory: Path, here: list[Path], sums: Sums, findings: Findings) -> str:
    """The three checksum files list the media of a directory, and nothing else, with their digests and sizes."""
    for name, kind in ((checksums.SHA256, "sha256"), (checksums.BSD, "sha256"), (checksums.MD5, "md5")):
        text = read_text(directory / name) if (directory / name).is_file() else ""
        try:
            listed = checksums.read(text)
        except ValueError as error:
            findings.add(name, f"a line that is no checksum: {error}")
            continue
        for path in here:
            findings.check(listed.pop(path.name, "") == sums.of(path)[kind], name, f"does not fit {path.name}")
            if name == checksums.BSD:
                size = checksums.sizes(text).get(path.name)
                findings.check(size == path.stat().st_size, name, f"has not the size of {path.name}")
        for other in listed:
            findings.add(name, f"lists {other}, which is not there")
    return f"{directory.name}: {len(here)} media fit {', '.join(checksums.NAMES)}"


def check_signatures(directory: Path, rel: Release, findings: Findings) -> str:
    """Every checksum file has a good signature of the key of [signing]."""
    owner = gpg.certificate(rel.signing)
    for name in checksums.NAMES:
        path = directory / name
        if not media.beside(path).is_file():
            findings.add("signatures", f"{name} is not signed")
        elif not media.is_signed(path, owner):
            findings.add("signatures", f"{name}{media.SIGNED} is no good signature of key {owner.fingerprint}")
    return f"{directory.name}: signed by {owner.fingerprint}"


def check_file_list(path: Path, findings: Findings) -> str:
    """The list of a medium's files is that of the files on it."""
    text = read_text(path.with_name(f"{path.stem}{manifests.FILES}"))
    image = Image(path)
    try:
        listed = checksums.read(text)
    except ValueError as error:
        findings.add("file list", f"a line that is no checksum: {error}")
        return path.name
    for one in manifests.listed(image, sorted(image.records)):
        good = listed.pop(one.name, "") == one.sha256 and checksums.sizes(text).get(one.name) == one.size
        findings.check(good, "file list", f"does not fit {one.name}")
    for other in listed:
        findings.add("file list", f"lists {other}, which is not on it")
    return f"{path.stem}: {len(image.records)} files as listed"


def check_metadata(rel: Release, files: list[Path], sums: Sums, findings: Findings) -> str:
    """productmd loads its three manifests, and they say what the media and the locks say."""
    from productmd.composeinfo import ComposeInfo
    from productmd.images import Images
    from productmd.rpms import Rpms

    place = rel.isos / manifests.METADATA
    info, rpms, images = ComposeInfo(), Rpms(), Images()
    try:
        for document, name in zip((info, rpms, images), compose.NAMES, strict=True):
            document.loads(read_text(place / name))
    except Exception as error:
        findings.add("metadata", f"productmd cannot load it: {error}")
        return place.name
    variant, arch = compose.variant(rel.release), rel.release.arch
    findings.check(info.release.version == rel.release.version, compose.COMPOSEINFO, "is of another version")
    picked = [pick.package for file in locks(rel) for pick in lock.loads(read_text(file), file)]
    wanted = {compose.nevra(one): (one.filename, compose.sigkey(one)) for one in picked}
    groups = rpms.rpms.get(variant, {}).get(arch, {}).values()
    listed = {nevra: (Path(one["path"]).name, one["sigkey"]) for group in groups for nevra, one in group.items()}
    for nevra in sorted(wanted.keys() | listed.keys()):
        findings.check(wanted.get(nevra) == listed.get(nevra), compose.RPMS, f"{nevra} is not as the lock has it")
    found = {image.path: said(image) for image in images.images.get(variant, {}).get(arch, ())}
    real = {disc.path: facts(disc) for disc in (manifests.disc(Image(path), files, sums.of(path)) for path in files)}
    for path in sorted(found.keys() | real.keys()):
        findings.check(found.get(path) == real.get(path), compose.IMAGES, f"does not fit {path}")
    return f"metadata of {len(listed)} packages and {len(found)} media"


def locks(rel: Release) -> list[Path]:
    """Return the locks that there are."""
    return [path for path in (rel.lock, rel.sources_lock) if path.is_file()]


def facts(disc: Disc) -> tuple[object, ...]:
    """Return what images.json must say of a medium."""
    sums = {"md5": disc.md5, "sha256": disc.sha256}
    return disc.size, disc.volume, disc.kind, disc.arch, disc.bootable, disc.implanted, sums, disc.number, disc.count


def said(image: object) -> tuple[object, ...]:
    """Return what images.json says of a medium, in the same order."""
    names = "size", "volume_id", "type", "arch", "bootable", "implant_md5", "checksums", "disc_number", "disc_count"
    return tuple(getattr(image, name) for name in names)


def check_sbom(rel: Release, sums: Sums, findings: Findings) -> str:
    """The bill of materials is that of this ISO and of its lock, and refers to nothing that it lacks."""
    path = rel.iso.with_name(f"{rel.iso.stem}{manifests.SBOM}")
    try:
        document = json.loads(read_text(path))
        held = {one["SPDXID"]: one for one in document["packages"]}
        contained = {
            one["relatedSpdxElement"] for one in document["relationships"] if one["relationshipType"] == "CONTAINS"
        }
        digests = {sha256_of(held[one]) for one in contained}
        medium = sha256_of(held[spdx.reference(rel.iso.name)])
        ends = {one[key] for one in document["relationships"] for key in ("spdxElementId", "relatedSpdxElement")}
    except (ValueError, KeyError, TypeError) as error:
        findings.add("bill of materials", f"cannot be read: {error!r}")
        return path.name
    wanted = {pick.package.sha256 for pick in lock.loads(read_text(rel.lock), rel.lock)}
    findings.check(medium == sums.of(rel.iso)["sha256"], "bill of materials", f"is not of {rel.iso.name} as it is")
    findings.check(digests == wanted, "bill of materials", "does not list the packages of the lock")
    for end in sorted(ends - held.keys() - {spdx.DOCUMENT}):
        findings.add("bill of materials", f"refers to {end}, which it lacks")
    return f"bill of materials of {len(contained)} packages"


def sha256_of(package: dict[str, list[dict[str, str]]]) -> str:
    """Return the SHA-256 that a package of a document carries, "" if it has none."""
    return next((one["checksumValue"] for one in package.get("checksums", []) if one["algorithm"] == "SHA256"), "")


def check_record(path: Path, rel: Release, findings: Findings) -> str:
    """Every artifact is what the record says."""
    one = build_record.loads(read_text(path), path)
    there = [name for name in one.artifacts if (rel.root / name).is_file()]
    now = {name: FileSum((rel.root / name).stat().st_size, sha256(rel.root / name)) for name in there}
    for reason, names in build_record.differences(one.artifacts, now).items():
        for name in names:
            findings.add(reason, name)
    return f"{len(one.artifacts)} artifacts as recorded"
