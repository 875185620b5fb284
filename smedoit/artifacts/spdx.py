# SPDX-License-Identifier: GPL-3.0-or-later
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

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from smedoit.config.identity import ReleaseIdentity
from smedoit.repodata.read import SpdxPackage

VERSION, DOCUMENT = "SPDX-2.3", "SPDXRef-DOCUMENT"
SPACE = uuid.UUID("8f1f8a5c-6b0e-5a2b-9f57-3a1f0c2d7e44")  # ours; namespaces follow from the medium
NOTHING_SAID = "NOASSERTION"
SOURCE = re.compile(r"(.+)-([^-]+)-([^-]+)\.(?:no)?src\.rpm")


@dataclass(frozen=True)
class SpdxMedium:
    """The medium that holds the packages."""

    file: str
    sha256: str


def format_spdx(
    identity: ReleaseIdentity, disc: SpdxMedium, packages: Iterable[SpdxPackage], sources: Mapping[str, str], tool: str
) -> str:
    """Return the document.

    sources  file name of a source package -> its SHA-256, where it is known
    tool     who wrote it: name and version
    """
    return (
        json.dumps(_spdx_document(identity, disc, list(packages), sources, tool), ensure_ascii=False, indent=1) + "\n"
    )


def _spdx_document(
    identity: ReleaseIdentity, disc: SpdxMedium, packages: list[SpdxPackage], sources: Mapping[str, str], tool: str
) -> dict[str, Any]:
    """Return the document as JSON knows it."""
    name = f"{identity.name}-{identity.full}-{identity.arch}"
    origins = sorted({package.source_rpm for package in packages if package.source_rpm})
    return {
        "spdxVersion": VERSION,
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{uuid.uuid5(SPACE, disc.sha256)}",
        "creationInfo": {
            "created": f"{identity.date.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
            "creators": [f"Tool: {tool}", f"Organization: {identity.product}"],
        },
        "packages": [
            _medium_element(identity, disc),
            *(_binary_element(package, identity) for package in packages),
            *(_source_element(file, sources.get(file, ""), identity) for file in origins),
        ],
        "hasExtractedLicensingInfos": _extracted_licenses(packages),
        "relationships": list(_list_relationships(disc, packages)),
    }


def _medium_element(identity: ReleaseIdentity, disc: SpdxMedium) -> dict[str, Any]:
    """Return the medium itself, the package that contains all others."""
    return {
        **_package_basics(disc.file, f"{identity.product} {identity.title}", identity.full, disc.file, disc.sha256),
        "primaryPackagePurpose": "OPERATING-SYSTEM",
        "supplier": f"Organization: {identity.product}",
    }


def _binary_element(package: SpdxPackage, identity: ReleaseIdentity) -> dict[str, Any]:
    """Return a package of the medium."""
    said = {
        **_package_basics(package.nevra, package.name, package.evr, package.file, package.sha256),
        "supplier": f"Organization: {package.vendor}" if package.vendor else NOTHING_SAID,
        "licenseDeclared": _declared_license(package.license),
        "summary": package.summary,
        "externalRefs": [
            _purl_reference(_package_url(package.name, package.evr, package.arch, identity, package.source_rpm))
        ],
    }
    return {**said, "homepage": package.url} if re.fullmatch(r"(https?|ftp)://[^\s/]\S*", package.url) else said


def _source_element(file: str, sha256: str, identity: ReleaseIdentity) -> dict[str, Any]:
    """Return a source package, known by its file name."""
    parts = SOURCE.fullmatch(file)
    name, evr = (parts.group(1), f"{parts.group(2)}-{parts.group(3)}") if parts else (file, "")
    said = {
        **_package_basics(file, name, evr, file, sha256),
        "primaryPackagePurpose": "SOURCE",
        "supplier": NOTHING_SAID,
    }
    return {**said, "externalRefs": [_purl_reference(_package_url(name, evr, "src", identity))]} if parts else said


def _package_basics(subject: str, name: str, version: str, file: str, sha256: str) -> dict[str, Any]:
    """Return what every package of a document says."""
    checksums = [{"algorithm": "SHA256", "checksumValue": sha256}] if sha256 else []
    return {
        "SPDXID": spdx_identifier(subject),
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


def spdx_identifier(subject: str) -> str:
    """Return the identifier of a package within its document, unique although few characters are allowed."""
    plain = re.sub(r"[^A-Za-z0-9.-]", "-", subject)
    mark = "" if plain == subject else f"-{hashlib.sha256(subject.encode()).hexdigest()[:8]}"
    return f"SPDXRef-{plain}{mark}"


def _declared_license(tag: str) -> str:
    """Return an SPDX expression for what an RPM says of its licence."""
    if not tag.strip():
        return NOTHING_SAID
    return tag if _is_license_expression(tag) else _license_reference(tag)


def _is_license_expression(tag: str) -> bool:
    """Return whether tag is an expression of identifiers of the SPDX licence list, spelled as SPDX spells them.

    RPM's older words are none: GPLv2+, Public Domain, MIT and Zlib. Deprecated identifiers are some: GPL-2.0+. A
    LicenseRef- is none, because what it stands for is in no package; its document would not be valid.
    Source: SPDX 2.3, annex D
    """
    try:
        return canonicalize_license_expression(tag) == tag and "LicenseRef-" not in tag
    except InvalidLicenseExpression:
        return False


def _license_reference(tag: str) -> str:
    """Return the identifier for a licence that only has RPM's License tag."""
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", tag).strip("-")[:60]
    return f"LicenseRef-{plain}-{hashlib.sha256(tag.encode()).hexdigest()[:8]}"


def _extracted_licenses(packages: Iterable[SpdxPackage]) -> list[dict[str, str]]:
    """Return the licences that only have RPM's words, with these words."""
    words = sorted(
        {package.license for package in packages if _declared_license(package.license).startswith("LicenseRef-")}
    )
    comment = "the License tag of the RPM; its words are those of the distribution, not SPDX's"
    return [
        {
            "licenseId": _license_reference(license_text),
            "extractedText": license_text,
            "name": license_text,
            "comment": comment,
        }
        for license_text in words
    ]


def _package_url(name: str, evr: str, arch: str, identity: ReleaseIdentity, upstream: str = "") -> str:
    """Return a package's URL."""
    epoch, _, version = evr.rpartition(":")
    qualifiers = {"arch": arch, "distro": f"{identity.name}-{identity.version}", "epoch": epoch, "upstream": upstream}
    asked = "&".join(f"{key}={quote(value, safe='.-_~')}" for key, value in sorted(qualifiers.items()) if value)
    return f"pkg:rpm/{quote(identity.name.lower(), safe='')}/{quote(name, safe='')}@{quote(version, safe='')}?{asked}"


def _purl_reference(url: str) -> dict[str, str]:
    """Return a package URL as a document carries it."""
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}


def _list_relationships(disc: SpdxMedium, packages: Iterable[SpdxPackage]) -> Iterable[dict[str, str]]:
    """Yield what describes, contains and was made of what."""
    yield _format_relationship(DOCUMENT, "DESCRIBES", spdx_identifier(disc.file))
    for package in packages:
        yield _format_relationship(spdx_identifier(disc.file), "CONTAINS", spdx_identifier(package.nevra))
        if package.source_rpm:
            yield _format_relationship(
                spdx_identifier(package.nevra), "GENERATED_FROM", spdx_identifier(package.source_rpm)
            )


def _format_relationship(element: str, how: str, other: str) -> dict[str, str]:
    """Return one relationship."""
    return {"spdxElementId": element, "relationshipType": how, "relatedSpdxElement": other}
