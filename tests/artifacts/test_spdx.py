# SPDX-License-Identifier: GPL-3.0-or-later
"""test_spdx"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from license_expression import get_spdx_licensing
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from smedoit.artifacts import spdx
from smedoit.artifacts.spdx import SpdxMedium
from smedoit.repodata.read import SpdxPackage
from tests.harness.nouns import identity

ODD = ["GPLv2+", "Public Domain", "MIT", "GPL-2.0-only WITH Classpath-exception-2.0", "", "(MIT OR Zlib) AND 0BSD"]
DISC = SpdxMedium("smeserver-10.1.rc2-x86_64.iso", "d" * 64)


def described(number: int, license: str, **changes: str) -> SpdxPackage:
    said = {
        "name": f"libstdc++{number}", "evr": "1:4.8.5~rc1-44.el7", "arch": "x86_64",
        "file": f"libstdc++{number}-4.8.5~rc1-44.el7.x86_64.rpm", "sha256": f"{number:064x}", "license": license,
        "vendor": "CentOS", "url": "http://gcc.gnu.org", "summary": "GNU Standard C++ Library",
        "source_rpm": "gcc-4.8.5~rc1-44.el7.src.rpm",
    }  # fmt: skip
    return SpdxPackage(**{**said, **changes})


PACKAGES = [
    *(described(number, words) for number, words in enumerate(ODD)),
    described(90, "MIT", vendor="", url="not an address", source_rpm="", evr="2-1", summary=""),
]


def text(packages: list[SpdxPackage] = PACKAGES) -> str:
    return spdx.format_spdx(identity(), DISC, packages, {"gcc-4.8.5~rc1-44.el7.src.rpm": "e" * 64}, "smedoit-0.1")


def test_the_standards_own_validator_has_nothing_to_say(tmp_path: Path) -> None:
    (tmp_path / "sbom.spdx.json").write_text(text(), encoding="utf-8")
    document = parse_file(str(tmp_path / "sbom.spdx.json"))
    assert [one.validation_message for one in validate_full_spdx_document(document, "SPDX-2.3")] == []
    assert len(document.packages) == 1 + len(PACKAGES) + 1
    kinds = [one.relationship_type.name for one in document.relationships]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "DESCRIBES": 1, "CONTAINS": len(PACKAGES), "GENERATED_FROM": len(PACKAGES) - 1,
    }  # fmt: skip


def test_every_time_and_name_follows_from_the_release() -> None:
    document = json.loads(text())
    assert document["creationInfo"]["created"] == "2026-11-01T12:00:00Z"
    assert text() == text()
    other = spdx.format_spdx(identity(), SpdxMedium(DISC.file, "f" * 64), PACKAGES, {}, "smedoit-0.1")
    assert json.loads(other)["documentNamespace"] != document["documentNamespace"]


def test_a_package_says_who_made_it_what_it_is_and_where_it_comes_from() -> None:
    [_, first, *_] = json.loads(text())["packages"]
    assert first["supplier"] == "Organization: CentOS"
    assert first["versionInfo"] == "1:4.8.5~rc1-44.el7"
    assert first["externalRefs"][0]["referenceLocator"] == (
        "pkg:rpm/smeserver/libstdc%2B%2B0@4.8.5~rc1-44.el7?arch=x86_64&distro=smeserver-10.1&epoch=1"
        "&upstream=gcc-4.8.5~rc1-44.el7.src.rpm"
    )
    assert first["checksums"] == [{"algorithm": "SHA256", "checksumValue": f"{0:064x}"}]


def test_licences_are_expressions_or_the_rpms_own_words() -> None:
    document = json.loads(text())
    said = [one["licenseDeclared"] for one in document["packages"][1:7]]
    assert said[2:] == ["MIT", ODD[3], "NOASSERTION", ODD[5]]
    assert all(one.startswith("LicenseRef-") for one in said[:2])
    words = {one["licenseId"]: one["extractedText"] for one in document["hasExtractedLicensingInfos"]}
    assert [words[one] for one in said[:2]] == ODD[:2]


def test_names_that_differ_in_odd_characters_only_stay_apart() -> None:
    names = ["a+b", "a_b", "a-b", "a~b", "a^b"]
    assert len({spdx.spdx_identifier(name) for name in names}) == len(names)


def declared(words: str) -> str:
    return str(json.loads(text([described(1, words)]))["packages"][1]["licenseDeclared"])


def the_library_takes(words: str) -> bool:
    """Return whether the library of the standard takes words as they stand; it stumbles over some that are wrong."""
    try:
        found = get_spdx_licensing().validate(words, strict=True)
    except (AttributeError, IndexError):
        return False
    return bool(words) and not found.errors and words == found.normalized_expression


@pytest.mark.parametrize(
    "words",
    [*ODD, "GPLv2 and MIT", "MIT and Zlib", "(MIT", "MIT)", "MIT OR", "OR MIT", "MIT Zlib", "mit", "MIT WITH",
     "MIT WITH MIT", "()", "ISC OR (MIT AND (ISC OR Zlib))", "a; b", "ASL 2.0", "BSD"],
)  # fmt: skip
def test_what_counts_as_an_expression_is_what_the_library_of_the_standard_takes(words: str) -> None:
    assert (declared(words) == words) == the_library_takes(words)


@pytest.mark.parametrize("words", ["GPL-2.0", "GPL-2.0+", "LGPL-2.1+ AND MIT"])
def test_a_deprecated_identifier_is_on_the_list_as_well(words: str, tmp_path: Path) -> None:
    assert declared(words) == words
    (tmp_path / "sbom.spdx.json").write_text(text([described(1, words)]), encoding="utf-8")
    document = parse_file(str(tmp_path / "sbom.spdx.json"))
    assert [one.validation_message for one in validate_full_spdx_document(document, "SPDX-2.3")] == []


@pytest.mark.parametrize("words", ["LicenseRef-Fedora-Public-Domain", "MIT AND LicenseRef-Fedora-UltraPermissive"])
def test_a_reference_of_somebody_else_becomes_ours_with_their_words(words: str, tmp_path: Path) -> None:
    (tmp_path / "sbom.spdx.json").write_text(text([described(1, words)]), encoding="utf-8")
    document = parse_file(str(tmp_path / "sbom.spdx.json"))
    assert [one.validation_message for one in validate_full_spdx_document(document, "SPDX-2.3")] == []
    assert [one.extracted_text for one in document.extracted_licensing_info] == [words]
    assert [one.license_id for one in document.extracted_licensing_info] == [declared(words)]
