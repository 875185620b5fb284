"""The bill of materials of a medium as SPDX 2.3: its packages, where they come from, and under which licences.

Everything follows from the medium, its namespace too, so the same medium has the same document.
Source: SPDX specification 2.3; package URLs: purl-spec, type rpm
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import Any
from urllib.parse import quote

from smedoit.artifacts.licenses import is_expression
from smedoit.config.identity import Identity

VERSION, DOCUMENT = "SPDX-2.3", "SPDXRef-DOCUMENT"
SPACE = uuid.UUID("8f1f8a5c-6b0e-5a2b-9f57-3a1f0c2d7e44")  # ours; namespaces follow from the medium
NOTHING_SAID = "NOASSERTION"
SOURCE = re.compile(r"(.+)-([^-]+)-([^-]+)\.(?:no)?src\.rpm")


@dataclass(frozen=True)
class Described:
    """A package in the words of its own header.

    evr         [epoch:]version-release
    source_rpm  file name of the source package, "" if it does not say
    """

    name: str
    evr: str
    arch: str
    file: str
    sha256: str
    license: str
    vendor: str
    url: str
    summary: str
    source_rpm: str

    @property
    def nevra(self) -> str:
        """name-[epoch:]version-release.arch"""
        return f"{self.name}-{self.evr}.{self.arch}"


@dataclass(frozen=True)
class Disc:
    """The medium that holds the packages."""

    file: str
    sha256: str


def dumps(one: Identity, disc: Disc, packages: Iterable[Described], sources: Mapping[str, str], tool: str) -> str:
    """Return the document.

    sources  file name of a source package -> its SHA-256, where it is known
    tool     who wrote it: name and version
    """
    return json.dumps(document(one, disc, list(packages), sources, tool), ensure_ascii=False, indent=1) + "\n"


def document(
    one: Identity, disc: Disc, packages: list[Described], sources: Mapping[str, str], tool: str
) -> dict[str, Any]:
    """Return the document as JSON knows it."""
    name = f"{one.name}-{one.full}-{one.arch}"
    origins = sorted({package.source_rpm for package in packages if package.source_rpm})
    return {
        "spdxVersion": VERSION,
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{uuid.uuid5(SPACE, disc.sha256)}",
        "creationInfo": {
            "created": f"{one.date.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
            "creators": [f"Tool: {tool}", f"Organization: {one.product}"],
        },
        "packages": [
            medium(one, disc),
            *(binary(package, one) for package in packages),
            *(source(file, sources.get(file, ""), one) for file in origins),
        ],
        "hasExtractedLicensingInfos": extracted(packages),
        "relationships": list(relationships(disc, packages)),
    }


def medium(one: Identity, disc: Disc) -> dict[str, Any]:
    """Return the medium itself, the package that contains all others."""
    return {
        **basics(disc.file, f"{one.product} {one.title}", one.full, disc.file, disc.sha256),
        "primaryPackagePurpose": "OPERATING-SYSTEM",
        "supplier": f"Organization: {one.product}",
    }


def binary(package: Described, one: Identity) -> dict[str, Any]:
    """Return a package of the medium."""
    said = {
        **basics(package.nevra, package.name, package.evr, package.file, package.sha256),
        "supplier": f"Organization: {package.vendor}" if package.vendor else NOTHING_SAID,
        "licenseDeclared": declared(package.license),
        "summary": package.summary,
        "externalRefs": [located(purl(package.name, package.evr, package.arch, one, package.source_rpm))],
    }
    return {**said, "homepage": package.url} if re.fullmatch(r"(https?|ftp)://[^\s/]\S*", package.url) else said


def source(file: str, sha256: str, one: Identity) -> dict[str, Any]:
    """Return a source package, known by its file name."""
    parts = SOURCE.fullmatch(file)
    name, evr = (parts.group(1), f"{parts.group(2)}-{parts.group(3)}") if parts else (file, "")
    said = {**basics(file, name, evr, file, sha256), "primaryPackagePurpose": "SOURCE", "supplier": NOTHING_SAID}
    return {**said, "externalRefs": [located(purl(name, evr, "src", one))]} if parts else said


def basics(subject: str, name: str, version: str, file: str, sha256: str) -> dict[str, Any]:
    """Return what every package of a document says."""
    checksums = [{"algorithm": "SHA256", "checksumValue": sha256}] if sha256 else []
    return {
        "SPDXID": reference(subject),
        "name": name,
        **({"versionInfo": version} if version else {}),
        "packageFileName": file,
        "downloadLocation": NOTHING_SAID,
        "filesAnalyzed": False,
        **({"checksums": checksums} if checksums else {}),
        "licenseConcluded": NOTHING_SAID,
        "licenseDeclared": NOTHING_SAID,
        "copyrightText": NOTHING_SAID,
    }


def reference(subject: str) -> str:
    """Return the identifier of a package within its document, unique although few characters are allowed."""
    plain = re.sub(r"[^A-Za-z0-9.-]", "-", subject)
    mark = "" if plain == subject else f"-{hashlib.sha256(subject.encode()).hexdigest()[:8]}"
    return f"SPDXRef-{plain}{mark}"


def declared(words: str) -> str:
    """Return an SPDX expression for what an RPM says of its licence."""
    if not words.strip():
        return NOTHING_SAID
    return words if is_expression(words) else license_reference(words)


def license_reference(words: str) -> str:
    """Return the identifier for a licence that only has RPM's words."""
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-")[:60]
    return f"LicenseRef-{plain}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"


def extracted(packages: Iterable[Described]) -> list[dict[str, str]]:
    """Return the licences that only have RPM's words, with these words."""
    words = sorted({one.license for one in packages if declared(one.license).startswith("LicenseRef-")})
    comment = "the License tag of the RPM; its words are those of the distribution, not SPDX's"
    return [
        {"licenseId": license_reference(one), "extractedText": one, "name": one, "comment": comment} for one in words
    ]


def purl(name: str, evr: str, arch: str, one: Identity, upstream: str = "") -> str:
    """Return a package's URL."""
    epoch, _, version = evr.rpartition(":")
    qualifiers = {"arch": arch, "distro": f"{one.name}-{one.version}", "epoch": epoch, "upstream": upstream}
    asked = "&".join(f"{key}={quote(value, safe='.-_~')}" for key, value in sorted(qualifiers.items()) if value)
    return f"pkg:rpm/{quote(one.name.lower(), safe='')}/{quote(name, safe='')}@{quote(version, safe='')}?{asked}"


def located(url: str) -> dict[str, str]:
    """Return a package URL as a document carries it."""
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}


def relationships(disc: Disc, packages: Iterable[Described]) -> Iterable[dict[str, str]]:
    """Yield what describes, contains and was made of what."""
    yield related(DOCUMENT, "DESCRIBES", reference(disc.file))
    for package in packages:
        yield related(reference(disc.file), "CONTAINS", reference(package.nevra))
        if package.source_rpm:
            yield related(reference(package.nevra), "GENERATED_FROM", reference(package.source_rpm))


def related(one: str, how: str, other: str) -> dict[str, str]:
    """Return one relationship."""
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}
