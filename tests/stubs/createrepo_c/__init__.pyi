# SPDX-License-Identifier: GPL-3.0-or-later
"""What smedoit uses of createrepo_c, as its extension module says nothing of types."""

from collections.abc import Callable

SHA256: int
AUTO_DETECT_COMPRESSION: int
NO_COMPRESSION: int
GZ_COMPRESSION: int

class CreaterepoCError(Exception): ...

class Package:
    """Texts are None where metadata has no such element; without a checksum it is refused."""

    pkgId: str
    checksum_type: str
    name: str | None
    epoch: str | None
    version: str | None
    release: str | None
    arch: str | None
    summary: str | None
    description: str | None
    url: str | None
    location_href: str | None
    rpm_license: str | None
    rpm_vendor: str | None
    rpm_group: str | None
    rpm_sourcerpm: str | None
    size_package: int
    time_build: int
    time_file: int
    changelogs: list[tuple[str, int, str]]  # author, seconds since 1970, text

class RepomdRecord:
    """Texts are None where repomd.xml has no such element."""

    type: str
    location_href: str | None
    location_real: str  # of a record that was made from a file
    checksum: str | None
    checksum_type: str | None
    checksum_open: str | None
    checksum_open_type: str | None
    size: int
    def __init__(self, type: str | None = None, path: str | None = None) -> None: ...
    def fill(self, checksum_type: int) -> None: ...
    def compress_and_fill(self, hashtype: int, compresstype: int) -> RepomdRecord: ...
    def set_timestamp(self, timestamp: int) -> None: ...
    def rename_file(self) -> None: ...

class Repomd:
    records: list[RepomdRecord]
    def __init__(self, path: str | None = None) -> None: ...
    def set_revision(self, revision: str) -> None: ...
    def set_record(self, record: RepomdRecord) -> None: ...
    def sort_records(self) -> None: ...
    def xml_dump(self) -> str: ...

class XmlFile:
    def set_num_of_pkgs(self, num: int) -> None: ...
    def add_chunk(self, chunk: str) -> None: ...
    def close(self) -> None: ...

class PrimaryXmlFile(XmlFile):
    def __init__(self, path: str, compressiontype: int = ...) -> None: ...

class FilelistsXmlFile(XmlFile):
    def __init__(self, path: str, compressiontype: int = ...) -> None: ...

class OtherXmlFile(XmlFile):
    def __init__(self, path: str, compressiontype: int = ...) -> None: ...

def package_from_rpm(
    filename: str, checksum_type: int = ..., location_href: str | None = None, *, changelog_limit: int = 10
) -> Package: ...
def xml_dump(pkg: Package) -> tuple[str, str, str]: ...
def xml_parse_primary(
    path: str, *, pkgcb: Callable[[Package], object] | None = None, do_files: bool = True
) -> None: ...
def xml_parse_other(path: str, *, pkgcb: Callable[[Package], object] | None = None) -> None: ...
def decompress_file(src: str, dst: str, comtype: int) -> None: ...
