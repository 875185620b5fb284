# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parser of foreign bytes, with honest inputs to begin with, and how it may end."""

from __future__ import annotations

import dataclasses
import gzip
import re
import shutil
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from operator import attrgetter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives import serialization

from smedoit.artifacts import build_record
from smedoit.bases.el7 import EL7
from smedoit.bases.el10 import EL10
from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES
from smedoit.bootfiles import images
from smedoit.bootfiles.grub_modules import GrubModules, parse_module_list
from smedoit.bootset import kernels, pins, squashfs
from smedoit.boottest import menus, qemu, screen
from smedoit.branding.render import render_buildstamp
from smedoit.branding.rules import Branding
from smedoit.checks import anaconda, qa_lists, stale_versions
from smedoit.checks.previous_release import list_repo_packages
from smedoit.compare import places, sides
from smedoit.config import release
from smedoit.config.media import SigningSettings
from smedoit.config.network import NetworkSettings
from smedoit.config.notes import NotesSettings
from smedoit.config.tiers import KeySettings
from smedoit.content import revisions
from smedoit.engine import decision
from smedoit.engine.snapshot import unpack_snapshot
from smedoit.engine.state import StateDirectory
from smedoit.errors import ContentError, Findings
from smedoit.fat import format, volume
from smedoit.fetch import client, http, index_pages
from smedoit.fetch.cache import DownloadCache, matches_cached
from smedoit.fetch.response import DownloadRequest
from smedoit.importing import facts, layout, survey
from smedoit.installer import (
    class_choice,
    cpio,
    gettext_catalog,
    interface_files,
    kickstart,
    patch_series,
    python27_imports,
    python27_names,
)
from smedoit.installer.configuration_choice import choose_configuration
from smedoit.installer.python3_sources import find_python3_fault
from smedoit.installer.python27_rules import check_python27
from smedoit.installer.python27_tokens import Python27Error
from smedoit.iso import (
    boot_records,
    extents,
    media_check,
    netinstall,
    pictures,
    references,
    verify_boot,
    verify_contents,
    verify_partitions,
)
from smedoit.iso.check_menus import MediumFiles
from smedoit.iso.check_references import check_medium_references
from smedoit.iso.medium import IsoMedium
from smedoit.iso.read import IsoImage
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.iso.write import write_iso as write_medium
from smedoit.jigdo import format as jigdo_format
from smedoit.jigdo import template
from smedoit.keys import detached, gpg, keyring, openpgp, policy, rpmkeys
from smedoit.keys.gpgv import UNKNOWN, VALID
from smedoit.medium_paths import GRUB_CFG, ISOLINUX_CFG, KERNEL, TREEINFO
from smedoit.modularity.activation import find_metadata_faults
from smedoit.modularity.documents import parse_module_metadata
from smedoit.modularity.medium import choose_streams, default_profiles, filter_streams, format_medium_modules
from smedoit.modularity.sources import load_module_sources
from smedoit.package import Evr
from smedoit.packages import lock, scan
from smedoit.packages.changes import PackageSet, report_changes
from smedoit.publish import claims
from smedoit.publish.records import PublishHistory
from smedoit.release import notes_pages
from smedoit.repodata import comps, parse, read, write
from smedoit.repodata.inputs import RepoReader, RepoSource
from smedoit.rpm import changelog, header, payload, reader, signatures, specfile
from smedoit.runtime import checksums, digests, files, rsync
from smedoit.runtime.cache import FactCache
from smedoit.runtime.process import run_program
from smedoit.sample.installer import installer_texts
from smedoit.sample.packages import FINGERPRINTS, KEYS
from smedoit.sample.pictures import striped_png
from smedoit.secureboot import authenticode, chain, pe, shim
from smedoit.tiers.records import open_promotions
from tests.fuzz import seeds
from tests.fuzz.mutation import mutate_bytes, mutate_json, mutate_xml, packed_mutation
from tests.fuzz.runner import Target
from tests.fuzz.seeds import Seeds
from tests.harness.modules import PHP, build, defaults_text, stream_text

IDENTITY = release.load_release(Path(__file__).parents[2] / "release.toml").release
ISO_HEAD = 1 << 19  # bytes of an ISO that say what lies where
Text = Callable[[str, Path], object]
REFERENCES = (
    references.treeinfo_references,
    references.style_references,
    references.profile_references,
)


def all_targets(given: Seeds) -> list[Target]:
    """Return every target."""
    return [
        *_package_targets(given),
        *_metadata_targets(given),
        *_state_targets(given),
        *_image_targets(given),
        *_text_targets(given),
        *_efi_targets(),
        *_network_targets(),
    ]


def _in_file(name: str, use: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """Return a run that puts the input into a file for use."""

    def run(data: bytes, place: Path) -> object:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return use(path)

    return run


def _as_text(use: Text) -> Callable[[bytes, Path], object]:
    """Return a run that gives the input as text, as read_file_text does."""
    return lambda data, place: use(data.decode("utf-8", "surrogateescape"), place / "a-file")


def _each(*uses: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a function that calls all uses, and raises what the last one raised."""

    def use(value: Any) -> None:
        failed: BaseException | None = None
        for one in uses:
            try:
                one(value)
            except Exception as error:
                if not _is_expected(error):
                    raise
                failed = error
        if failed:
            raise failed

    return use


def _is_expected(error: BaseException) -> bool:
    from smedoit.errors import SmeError

    return isinstance(error, (SmeError, header.BadPackageError))


# packages and keys


def _package_targets(given: Seeds) -> Iterator[Target]:
    rpms = given.rpms()
    pinned = [
        keyring.read_pinned_key(KeySettings(KEYS / f"RPM-GPG-KEY-practice-{name}", fingerprint))
        for name, fingerprint in FINGERPRINTS.items()
    ]
    if given.corpus:
        for path in sorted((given.corpus / "keys").iterdir()):
            [certificate] = openpgp.parse_certificates(path.read_bytes())[:1]
            with suppress(Exception):
                pinned.append(keyring.read_pinned_key(KeySettings(path, certificate.fingerprint)))
    bad = (header.BadPackageError,)
    yield Target(
        "rpm", rpms, _in_file("a.rpm", lambda path: reader.read_package(path, "a.rpm", pinned)), mutate_bytes, bad
    )
    yield Target(
        "rpm-header",
        rpms,
        _in_file(
            "a.rpm",
            _each(
                lambda path: reader.find_signing_key(path, pinned),
                reader.build_time,
                lambda path: [
                    (entry.author, entry.day, entry.evr, changelog.bug_numbers(entry.text, NotesSettings().bugs))
                    for entry in changelog.rpm_changelog(path)
                ],
            ),
        ),
        _mutate_header,
        bad,
    )
    yield Target("rpm-payload", rpms, _in_file("a.rpm", _compare_payload), _mutate_payload, bad)
    yield Target("rpm-files", rpms, _in_file("a.rpm", partial(_unpack_verified, pinned)), _mutate_payload, bad)
    yield Target("rpm-metadata", rpms, _in_file("a.rpm", lambda path: read.parse_rpm(path, "a.rpm")), mutate_bytes)
    yield Target("rpm-repodata", rpms[:12], _in_file("a.rpm", _repodata_of), _mutate_header)
    yield Target("keys", given.keys(), _in_file("key", _read_keys), mutate_bytes)
    blobs = _signature_blobs(given)
    yield Target("signatures", blobs, lambda data, _: _judge_signatures(data, pinned), mutate_bytes)
    yield Target(
        "rpmkeys",
        [seeds.RPMKEYS.encode()],
        _as_text(lambda text, _: rpmkeys.parse_rpmkeys_output(text, pinned[0].certificate)),
        mutate_bytes,
        (rpmkeys.UnverifiedError,),
    )
    yield Target(
        "gpgv",
        [seeds.GPGV.encode()],
        _as_text(lambda text, _: (VALID.search(text), UNKNOWN.search(text))),
        mutate_bytes,
    )
    yield Target(
        "gpg-listing",
        [seeds.LISTING.encode()],
        _as_text(lambda text, _: list(gpg._key_creation_times(text))),
        mutate_bytes,
    )


def _compare_payload(path: Path) -> None:
    payload.compare_payload_files(path, header.open_header(path))


def _unpack_verified(pinned: Sequence[keyring.PinnedKey], path: Path) -> None:
    payload.verify_payload(path, header.open_header(path), pinned, False)
    list(reader.payload_files(path))


def _repodata_of(path: Path) -> None:
    place = path.with_name("repodata")
    write.write_repodata([write.RepoPackage(None, path, "a.rpm")], write.NO_EXTRAS, place, 0, path.with_name("facts"))


def _mutate_header(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return a package with faults in its headers: most of them in entries of an index."""
    if random.random() < 0.3:
        return mutate_bytes(random, data[: 1 << 14], others) + data[1 << 14 :]
    starts = [found.start() for found in re.finditer(rb"\x8e\xad\xe8\x01\0\0\0\0", data)] or [96]
    for _ in range(random.choice((1, 1, 2, 5))):
        start = random.choice(starts[:2])
        count = int.from_bytes(data[start + 8 : start + 12], "big")
        at = (
            start + random.choice((8, 12))
            if random.random() < 0.1
            else (start + 16 + 16 * random.randrange(min(max(count, 1), 100)) + random.choice((0, 4, 8, 12)))
        )
        number = random.choice((0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 62, 63, 100, 255, 1000, 4096, 1 << 16, 1 << 24, 1 << 31))
        data = data[:at] + number.to_bytes(4, "big") + data[at + 4 :]
    return data


def _mutate_payload(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return a package with faults in its payload, unpacked and packed again where that is possible."""
    starts = [found.start() for found in re.finditer(rb"\x1f\x8b\x08|\xfd7zXZ\0|BZh9|\x28\xb5\x2f\xfd", data)]
    if not starts or random.random() < 0.2:
        return mutate_bytes(random, data, others)
    with suppress(Exception):
        return data[: starts[-1]] + packed_mutation(mutate_bytes)(random, data[starts[-1] :], [data[starts[-1] :]])
    return mutate_bytes(random, data, others)


def _read_keys(path: Path) -> None:
    data = path.read_bytes()
    with suppress(ValueError):
        for certificate in openpgp.parse_certificates(data)[:5]:  # release.toml pins few, and each reads the file again
            str(certificate), certificate.owner, certificate.subkeys, certificate.expires, certificate.revoked
            pinned = keyring.read_pinned_key(KeySettings(path, certificate.fingerprint))
            keyring.refuse_expired_keys(
                [KeySettings(path, certificate.fingerprint)], [pinned], datetime(2026, 11, 1, tzinfo=timezone.utc)
            )
    keyring.find_key_file("0" * 16, path.parent)
    gpg.load_signing_certificate(SigningSettings(file=path), True)


def _signature_blobs(given: Seeds) -> list[bytes]:
    """Return the signatures of packages."""
    found = []
    for number, data in enumerate(given.rpms()):
        path = given.release.root / f"for-fuzz-{number}.rpm"
        path.write_bytes(data)
        with suppress(Exception):
            meta = header.open_header(path)
            found += [one.body for one in signatures._parse_signatures(meta, signatures.HEADER_TAGS)]
        path.unlink()
    assert found
    return [b"\xc2\xff" + len(body).to_bytes(4, "big") + body for body in found]


def _judge_signatures(data: bytes, pinned: Sequence[keyring.PinnedKey]) -> None:
    for signature in openpgp.parse_signatures([data]):
        str(signature)
        for key in pinned:
            policy.judge_signature(signature, key.certificate, legacy_allowed=False)
            for own in key.certificate.keys:
                if check := detached.start_check(signature, own):
                    check.feed(b"abc")
                    check.is_good()


# metadata


def _metadata_targets(given: Seeds) -> Iterator[Target]:
    tree = given.release.tree
    groups = [*given.made(tree, "*comps*.xml"), *given.real("trees/*/*comps*.xml")]
    yield Target(
        "comps",
        groups,
        _as_text(
            lambda text, file: _each(
                lambda text: comps.check_comps(text, file, (), ("*",)),
                lambda text: comps.list_comps_groups(text, file),
                lambda text: comps.list_install_sets(text, file),
            )(text)
        ),
        mutate_xml,
    )
    repodata = tree / "repodata"
    yield Target("repomd", given.made(repodata, "repomd.xml"), partial(_read_repository, repodata), mutate_xml)
    for kind in ("primary", "filelists", "other"):
        packed = given.made(repodata, f"*{kind}.xml.gz")
        yield Target(kind, packed, partial(_read_metadata, kind), packed_mutation(mutate_xml))
        yield Target(f"{kind}-solver", packed, partial(_solve_metadata, repodata, kind), packed_mutation(mutate_xml))
    modular = [stream_text(PHP) + defaults_text("php", "8.2", "common"), build("perl:5.26", "perl-4:5.26-1.x86_64")]
    yield Target("modules", [text.encode() for text in modular], _read_modules, mutate_bytes)
    yield Target("modules-packed", [gzip.compress(text.encode()) for text in modular], _read_modules, mutate_bytes)
    yield Target(
        "treeinfo", [*given.made(tree, ".treeinfo"), *given.real("trees/*/.treeinfo")], _read_treeinfo, mutate_bytes
    )


def _read_modules(data: bytes, place: Path) -> None:
    """Read module metadata, choose streams of it, write them, and read that."""
    file = place / "modules.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    found = load_module_sources([file], "x86_64")
    find_metadata_faults(found, "platform:el8")
    enabled = {stream.name: stream.stream for stream in found.streams}
    there = [nevra for stream in found.streams for nevra in stream.artifacts]
    chosen = filter_streams(choose_streams(found, enabled, "platform:el8").active, there)
    text = format_medium_modules(chosen, default_profiles(found), datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert list(parse_module_metadata(text.encode(), "ours").streams) == sorted(chosen, key=attrgetter("place"))


def _read_repository(repodata: Path, data: bytes, place: Path) -> None:
    """Read a repository whose repomd.xml is the input."""
    _lay_out(repodata, place / "repository")
    (place / "repository/repodata/repomd.xml").write_bytes(data)
    reader_of = RepoReader("x86_64", place / "facts")
    _each(
        read.read_package_descriptions,
        lambda where: read.read_repomd_records(where / "repomd.xml"),
        lambda where: list_repo_packages([RepoSource("it", where.parent, "x86_64")], reader_of),
    )(place / "repository/repodata")


def _lay_out(repodata: Path, place: Path) -> None:
    """Make place a repository with the same metadata."""
    if not place.is_dir():
        (place / "repodata").mkdir(parents=True)
        for path in repodata.iterdir():
            (place / "repodata" / path.name).symlink_to(path)
    (place / "repodata/repomd.xml").unlink(missing_ok=True)


def _read_metadata(kind: str, data: bytes, place: Path) -> None:
    """Read one metadata file by itself, and as repomd.xml would name it."""
    path = place / f"{kind}.xml.gz"
    path.write_bytes(data)
    _each(
        lambda path: read.unpack_metadata(path, place / "plain.xml"),
        *{
            "primary": [parse.list_packages, lambda path: parse.parse_primary(path, _touch)],
            "other": [lambda path: parse.parse_changelogs(path, _touch)],
        }.get(kind, []),
    )(path)


def _touch(package: Any) -> None:
    _ = package.name, package.changelogs, package.location_href


def _solve_metadata(repodata: Path, kind: str, data: bytes, place: Path) -> None:
    """Read a repository one of whose metadata files is the input, with a repomd.xml that fits."""
    import hashlib

    text = (repodata / "repomd.xml").read_text()
    top = place / "solved/repodata"
    top.mkdir(parents=True, exist_ok=True)
    names = re.findall(r'<data type="(\w+)">.*?href="repodata/([^"]+)"', text, re.DOTALL)
    for name, file in names:
        (top / file).unlink(missing_ok=True)
        (top / file).write_bytes(data if name == kind else (repodata / file).read_bytes())
    part = re.search(rf'<data type="{kind}">.*?</data>', text, re.DOTALL)
    assert part
    own = re.sub(
        r"<open-checksum.*?</open-checksum>|<(open-)?size>.*?</(open-)?size>", "", part.group(), flags=re.DOTALL
    )
    own = re.sub(r"(<checksum[^>]*>)[0-9a-f]+", rf"\g<1>{hashlib.sha256(data).hexdigest()}", own)
    (top / "repomd.xml").write_text(text.replace(part.group(), own))
    source = RepoSource("it", top.parent, "x86_64")
    kinds = ("primary", kind) if kind != "primary" else ("primary",)
    with read.plain_metadata(source, kinds, place / "facts") as files:
        pool = read.create_solver_pool("x86_64", {"it": files})
        for solvable in pool.solvables_iter():
            str(solvable), Evr.parse(solvable.evr) if kind == "primary" else None


def _read_claims(data: bytes, place: Path) -> None:
    """Read a file of a published tree as each kind that says something of others."""
    path = place / "a-file"
    path.write_bytes(data)
    uses = [
        lambda _, name=name: list(claims.claims_of_file(f"iso/x86_64/{name}", lambda _: path))
        for name in ("a.jigdo", "CHECKSUM", ".treeinfo")
    ]
    _each(*uses)(data)


def _read_treeinfo(data: bytes, _: Path) -> None:
    image, findings = SimpleNamespace(read=lambda _: data, records={}), Findings()
    verify_contents.check_treeinfo(image, None, findings)  # type: ignore[arg-type]
    text = data.decode("utf-8", "surrogateescape")
    layout.detect_base([], text, [text[-40:]])
    told = dict.fromkeys(("treeinfo", "discinfo", "buildstamp", "network"), text)
    facts.identify_release(facts.MediumTexts(**told, menus=[text], label=text[:32], file=text[-40:]))
    pins.treeinfo_checksums(text, "x")


# state


def _state_targets(given: Seeds) -> Iterator[Target]:
    rel = given.release
    yield Target("lock", given.made(rel.state, "packages.lock"), _as_text(lock.parse_lock), mutate_json)
    yield Target(
        "build-record",
        given.made(rel.root / "stage", "*.build.json", "*record*.json"),
        _as_text(build_record.parse_build_record),
        mutate_json,
    )
    yield Target("layout", given.made(rel.state / "layout", "*.json"), _as_text(extents.parse_layout), mutate_json)
    yield Target(
        "promotion-record",
        [given.promotion()],
        _in_file("x/under-way.json", lambda path: open_promotions(path.parents[1], path.parent, []).under_way()),
        mutate_json,
    )
    yield Target(
        "publish-record",
        [given.publication()],
        _in_file("t/.smedoit/under-way.json", lambda path: PublishHistory(path.parents[1]).under_way()),
        mutate_json,
    )
    yield Target(
        "task-state",
        given.made(rel.state / "tasks", "i*.json", "t*.json"),
        _in_file("tasks/iso.json", _load_state),
        mutate_json,
    )
    yield Target("facts", [given.facts()], _in_file("facts.sqlite", partial(_ask_facts, rel.lock)), mutate_bytes)
    yield Target("downloads", [given.downloads()], _in_file("downloads.json", _ask_downloads), mutate_json)
    yield Target(
        "export",
        [given.export()],
        _in_file("d/.smedoit-export", lambda path: revisions.checkout_revision(path.parent, path.parent)),
        mutate_json,
    )
    yield Target(
        "cvs",
        [seeds.CVS.encode()],
        _in_file("c/CVS/Entries", lambda path: revisions.read_cvs_checkout(path.parents[1])),
        mutate_bytes,
    )


def _load_state(path: Path) -> None:
    state = StateDirectory(str(path.parent))
    for key in ("snapshot:", "_values_:", "result:"):
        state.get("iso", key)
    if saved := state.get("iso", "snapshot:"):
        decision.rerun_reasons(unpack_snapshot(saved), decision.TaskSnapshot(), ["/x"])
    state.in_("iso")


def _ask_facts(real: Path, path: Path) -> None:
    for kind, key in (("digests", "1 2 3"), ("packages", "0" * 64)):
        with FactCache(path) as facts:
            facts.get(kind, key)
            facts.put(kind, key, path, b"{}")
    with suppress(UnicodeDecodeError):
        digests.DigestCache(path).of(real, "sha256")
    scan.cached_signers([real], [], path)


def _ask_downloads(path: Path) -> None:
    memory = DownloadCache(path)
    for url in [*memory.known, "http://a.example/b"]:
        known = memory.of(url)
        known.conditions()
        matches_cached(known, path)
        memory.learn(url, known)


# images


def _image_targets(given: Seeds) -> Iterator[Target]:
    rel = given.release
    tree = rel.tree
    overlays = given.made(tree / "images", "product.img", "updates.img")
    yield Target(
        "overlay",
        overlays,
        lambda data, _: (cpio.parse_overlay_image(data, "product.img"), cpio.unpack_overlay(data, "product.img")),
        packed_mutation(mutate_bytes),
    )
    shown = [striped_png(9, 9, (0, 0, 0), (255, 255, 255)), seeds.JPEG]
    yield Target("picture", shown, lambda data, _: pictures.parse_picture(data), mutate_bytes, (ValueError,))
    unreadable = (kernels.KernelVersionError, squashfs.UnknownPackingError)
    yield Target(
        "initrd", overlays, _in_file("initrd.img", kernels.initrd_versions), packed_mutation(mutate_bytes), unreadable
    )
    yield Target("vmlinuz", [seeds.KERNEL], _in_file("vmlinuz", kernels.vmlinuz_version), mutate_bytes, unreadable)
    yield Target(
        "squashfs",
        [*given.made(rel.boot_set.path, "squashfs.img"), *_made_squashfs()],
        _in_file("s.img", _each(kernels.runtime_versions, partial(squashfs.runtime_fault, base=BASES["el10"]))),
        mutate_bytes,
        unreadable,
    )
    boot_files = given.made(rel.boot_set.path, "squashfs.img", "isolinux.bin", "BOOTX64.EFI", "*.c32")
    yield Target("boot-files", [seeds.KERNEL, *boot_files], _check_images, mutate_bytes)
    files = {"EFI/BOOT/grub.cfg": b"set timeout=60\n" * 90, "EFI/BOOT/BOOTX64.EFI": bytes(9000)}
    fat = [format.build_fat_image(Path("efiboot.img"), files, "ANACONDA", 1793534400)]
    yield Target(
        "fat",
        fat,
        _in_file(
            "efiboot.img",
            _each(
                volume.list_fat_files,
                lambda path: volume.read_fat_file(path, "EFI/BOOT/grub.cfg"),
                lambda path: volume.replace_fat_file(path, path, "EFI/BOOT/grub.cfg", b"x" * 3000, 1793534400),
            ),
        ),
        _mutate_head(1 << 16),
    )
    isos = [rel.iso.read_bytes(), *_made_appended()]
    yield Target(
        "iso",
        isos,
        _in_file("a.iso", _each(_read_iso, media_check.read_implanted_md5, media_check.compute_media_sums)),
        _mutate_head(ISO_HEAD),
    )
    yield Target(
        "compare",
        isos,
        _in_file("a.iso", lambda path: sides.read_compared_side(path, lambda _: True)),
        _mutate_head(ISO_HEAD),
    )
    yield Target("import", isos, _in_file("a.iso", _survey_iso), _mutate_head(ISO_HEAD))
    yield Target(
        "boot-records",
        [isos[0][16 * 2048 : 32 * 2048], isos[0][:4096]],
        _read_boot_records,
        mutate_bytes,
        (boot_records.BootRecordError,),
    )
    yield Target(
        "jigdo",
        given.made(rel.isos, "*.jigdo"),
        _as_text(lambda text, _: jigdo_format.parse_jigdo(text)),
        mutate_bytes,
        (jigdo_format.JigdoError,),
    )
    said = [*given.made(rel.isos, "*.jigdo"), *given.made(rel.isos, "SHA256SUMS"), *given.made(rel.tree, ".treeinfo")]
    yield Target("published-claims", said, _read_claims, mutate_bytes)
    yield Target(
        "template",
        given.made(rel.isos, "*.template"),
        _in_file("a.template", _each(template.read_template, lambda path: list(template.read_template_data(path)))),
        _mutate_template,
        (jigdo_format.JigdoError,),
    )
    yield Target(
        "catalog",
        given.made(rel.translations.path, "*.mo"),
        lambda data, _: gettext_catalog.parse_catalog("de/LC_MESSAGES/anaconda.mo", data),
        mutate_bytes,
    )
    yield Target(
        "kickstart",
        [seeds.KICKSTART],
        lambda data, _: [
            kickstart.parse_kickstart(data, "ks.cfg", lambda _, path: (path, data[:200]), base)
            for base in BASES.values()
        ],
        mutate_bytes,
    )
    yield Target("style", [seeds.STYLE], lambda data, _: interface_files.style_fault(data), mutate_bytes)
    yield Target("window", [seeds.WINDOW], lambda data, _: interface_files.interface_fault(data), mutate_bytes)
    yield Target(
        "ppm",
        [seeds.PPM],
        lambda data, _: screen.shows_text(
            screen.parse_ppm(data), "a", screen.find_font(screen.FONT_BEGINS + bytes(4096))
        ),
        mutate_bytes,
        (ValueError,),
    )


def _modules_of(needs: Mapping[str, tuple[str, ...]]) -> GrubModules:
    """Return modules of which none is there."""
    return GrubModules("modules", {}, needs, lambda _: False)


def _check_menus(data: bytes, place: Path) -> object:
    """Hold the input as either boot menu against a medium that has hardly anything else."""
    path = place / "a-menu"
    path.write_bytes(data)
    errors = list[str]()
    for base in (EL7, EL10):  # each loader for BIOS
        held = MediumFiles(dict.fromkeys((base.bios.menu, GRUB_CFG, KERNEL), path), "SME", {}, base)
        try:
            check_medium_references(held, place / "x.iso")
        except ContentError as error:  # a list may be as long as the menu; a sentence in it may not
            errors += str(error).splitlines()
    if errors:
        raise ContentError(max(errors, key=len))
    return None


def _check_images(data: bytes, place: Path) -> object:
    """Look at the input as each kind of boot file."""
    path = place / "an-image"
    path.write_bytes(data)
    head, size = images.read_image_head(path)
    return (
        images.kernel_fault(head, size),
        images.initrd_fault(head),
        images.squashfs_fault(head, size),
        [(images.efi_fault(data, machine), images.starts_grub(data, machine)) for machine in images.MACHINES],
        [images.module_fault(data, version) for version in ((4, 5), (6, 3))],
        images.isolinux_version(data),
        images.needed_modules(data),
    )


def _made_squashfs() -> list[bytes]:
    """Return a squashfs image with a directory, none where this host cannot make one."""
    maker = shutil.which("mksquashfs")
    if not maker:
        return []
    with TemporaryDirectory() as place:
        (Path(place) / "tree/LiveOS").mkdir(parents=True)
        (Path(place) / "tree/LiveOS/rootfs.img").write_bytes(b"an image")
        run_program([maker, f"{place}/tree", f"{place}/s.img", "-no-progress", "-quiet", "-comp", "gzip"])
        return [(Path(place) / "s.img").read_bytes()]


def _made_appended() -> list[bytes]:
    """Return a medium with efiboot.img as a partition, none where this host cannot make one."""
    if not shutil.which("xorriso"):
        return []
    efiboot = format.build_fat_image(Path("efiboot.img"), {"EFI/BOOT/grub.cfg": b"set x\n"}, "ANACONDA", 1793534400)
    code, loader = b"\xeb\x63GRUB ".ljust(510, b"\x90") + b"\x55\xaa", b"cdrom read fails".ljust(4096, b"\0")
    content = {EL10.bios.image: loader, EL10.mbr_image: code, EL10.uefi.image: efiboot, TREEINFO: b"[header]\n"}
    with TemporaryDirectory() as place:
        for name, data in content.items():
            files.write_file(Path(place) / name, data)
        found = {name: Path(place) / name for name in content}
        write_medium(IsoMedium("SME", "x", "x", 1793534400, found, base=EL10), Path(place) / "a.iso")
        return [(Path(place) / "a.iso").read_bytes()]


def _mutate_head(size: int) -> Callable[[Random, bytes, Sequence[bytes]], bytes]:
    """Return a mutation of the first bytes alone; now and then all that follows is gone."""

    def mutate(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
        head = mutate_bytes(random, data[:size], [other[:size] for other in others])
        return head if random.random() < 0.1 else head[:size].ljust(size, b"\0") + data[size:]

    return mutate


def _mutate_template(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return a template with faults at its head or in the description at its end."""
    if random.random() < 0.4:
        return mutate_bytes(random, data, others)
    return data[:-600] + mutate_bytes(random, data[-600:], others)


def _read_iso(path: Path) -> None:
    image, findings = IsoImage(path), Findings()
    for name in list(image.records)[:60]:
        image.sha256(name)
    image.read_efi_image()
    for base in BASES.values():
        expected = ExpectedIso("x", {}, (), base=base)
        verify_boot.check_boot_records(image, expected, findings)
        verify_partitions.check_partitions(image, expected, findings)
    verify_contents.check_treeinfo(image, expected, findings)
    verify_contents.check_iso_repodata(image, expected, findings)


def _survey_iso(path: Path) -> None:
    looked = survey.survey_place(places.open_release_place(path), "it")
    survey.identify_medium(looked, path.name)


def _read_boot_records(data: bytes, _: Path) -> None:
    for use in (
        boot_records.boot_catalog_sector,
        boot_records.parse_boot_catalog,
        boot_records.parse_mbr,
        boot_records.parse_boot_info,
        boot_records.boot_info_checksum,
        boot_records.isohybrid_loader_block,
        lambda data: boot_records.parse_gpt(data[512:1024], data[1024:]),
        lambda data: boot_records.gpt_entries_block(data[512:1024]),
    ):
        with suppress(boot_records.BootRecordError):
            use(data)


# texts


def _text_targets(given: Seeds) -> Iterator[Target]:
    rel = given.release
    tree = rel.tree
    yield Target(
        "release.toml", [given.project.file.read_bytes()], _in_file("release.toml", release.load_release), _mutate_toml
    )
    lists = {".toml": seeds.VERIFIED, ".csv": seeds.CSV, ".json": '{"bugs": [{"id": 1, "status": "VERIFIED"}]}'}
    for suffix, text in lists.items():
        found = [text.encode(), *([seeds.BUGS.encode()] if suffix == ".csv" else [])]
        yield Target(
            f"qa{suffix}",
            found,
            _as_text(partial(_read_qa_list, suffix)),
            mutate_json if suffix == ".json" else mutate_bytes,
        )
    texts = [
        *given.made(tree, "isolinux.cfg", "grub.cfg", "boot.msg"),
        *given.real("trees/*/*.cfg", "trees/*/*.conf"),
        *given.made(rel.content.path / "product", ".buildstamp", "os-release", "*-release"),
    ]
    for kind in ("menu", "grub", "text", "release", "cpe", "buildstamp", "shell", "template"):
        yield Target(f"branding-{kind}", texts, _as_text(partial(_render, kind)), mutate_bytes)
    yield Target(
        "boot-menus",
        texts,
        _as_text(
            lambda text, _: (
                menus.parse_isolinux_menu(text),
                menus.parse_grub_menu(text),
                menus.list_isolinux_entries({ISOLINUX_CFG: text}.get),
                menus.list_grub_entries(text),
                netinstall.install_urls(text),
                *map(list, (parse(text, "a/menu") for parse in REFERENCES)),
            )
        ),
        mutate_bytes,
    )
    yield Target("boot-entries", texts, _check_menus, mutate_bytes)
    yield Target(
        "grub-modules",
        [b"*menuentry: normal\nlinux: linux\n", b"linux: relocator normal\nnormal:\n"],
        lambda data, _: list(_modules_of(parse_module_list(data.decode("utf-8", "replace"))).missing_paths("linux")),
        mutate_bytes,
    )
    yield Target(
        "stale-versions",
        texts,
        _as_text(lambda text, _: list(stale_versions.find_stale_versions(text, IDENTITY))),
        mutate_bytes,
    )
    sums = [path.with_name(f"{path.name}.sha256").read_bytes() for path in [rel.iso]]
    sums += [b"# a: 12 bytes\nSHA256 (a) = " + b"0" * 64 + b"\n\\" + b"0" * 64 + b"  a\\nb\n"]
    yield Target(
        "checksums",
        sums,
        _as_text(
            lambda text, file: (
                pins.parse_upstream_sums(text),
                checksums.parse_sizes(text),
                pins.parse_pins(text, file),
            )
        ),
        mutate_bytes,
    )
    yield Target("spec", [seeds.SPEC.encode()], _as_text(_read_spec), mutate_bytes)
    yield Target("patches", [seeds.PATCH.encode(), seeds.SERIES.encode()], _read_patches, mutate_bytes)
    yield Target(
        "install-classes",
        given.made(rel.content.path, "*.py"),
        _read_install_class,
        mutate_bytes,
        (Python27Error,),
    )
    for base in (each for each in BASES.values() if not each.python.is_python2):
        seed = [text.encode() for text in installer_texts(base, IDENTITY.product).values()]
        yield Target(f"configuration-{base.name}", seed, partial(_choose_configuration, base), mutate_bytes)
    yield Target("python3", given.made(rel.content.path, "*.py"), _compile_python3, mutate_bytes)
    yield Target("changelog", [seeds.SPEC.encode()], _as_text(_write_notes), mutate_bytes)
    yield Target("rsync", [seeds.RSYNC.encode()], _as_text(lambda text, _: rsync.parse_dry_run(text)), mutate_bytes)
    yield Target(
        "qemu",
        [b'{"return": {}}\n', b'{"event": "x"}\n{"error": {"desc": "x"}}\n'],
        _talk_to_qemu,
        mutate_json_lines,
        (qemu.QemuError, qemu.SwitchedOffError),
    )


def _mutate_toml(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return TOML with a key added or changed, or with faults anywhere."""
    if random.random() < 0.5:
        return mutate_bytes(random, data, others)
    value = random.choice(
        (
            "9" * 5000,
            "[" * 3000,
            '"{full:9999999999}"',
            '"{full!r:>99999999}"',
            "1e999",
            "nan",
            "0x10",
            "{" * 2000,
            "1979-01-01",
            "9999-12-31T23:59:59-23:59",
            '"\\u0000"',
            '"' + "x" * 70000 + '"',
            "{a = 1}",
            "[[]]",
            "true",
            "-1",
            '""',
            "07:32:00",
            '"{0}{version.__class__}"',
            '"(a+)+$"',
            "2147483648",
            '"\\\\d{1,4000000}(x)"',
        )
    )
    lines = data.decode().split("\n")
    places = [number for number, line in enumerate(lines) if re.match(r"#? ?[\w.]+ = ", line)]
    at = random.choice(places)
    lines[at] = f"{lines[at].removeprefix('# ').split('=')[0]}= {value}"
    return "\n".join(lines).encode()


def _read_qa_list(suffix: str, text: str, file: Path) -> None:
    qa_lists.parse_qa_lists({file.with_suffix(suffix): text})


def _render(kind: str, text: str, _: Path) -> None:
    from smedoit.branding.rules import KINDS
    from smedoit.config.branding import BrandingRule

    KINDS[kind](text, IDENTITY, BrandingRule(("x",), kind), "x")
    Branding(IDENTITY).render("isolinux/boot.msg", text)


def _read_install_class(data: bytes, _: Path) -> None:
    path = f"{python27_imports.CLASS_DIRECTORIES[0]}/koozali.py"
    names = python27_names.read_source_names(check_python27(data))
    overlay = python27_imports.OverlayModules({path: names}, {path: data}, frozenset((path,)))
    for _fault in python27_imports.find_import_faults(overlay):
        pass
    class_choice.choose_install_class(overlay, IDENTITY.product)


def _choose_configuration(base: Base, data: bytes, _: Path) -> None:
    text, directory = data.decode("utf-8", "surrogateescape"), f"etc/anaconda/{base.configuration.value}"
    for place in (f"{directory}/x.conf", "etc/anaconda/conf.d/x.conf", "etc/os-release", ".buildstamp"):
        choose_configuration({place: text}, base)
    with suppress(ContentError):
        render_buildstamp(text, dataclasses.replace(IDENTITY, base=base.name))


def _compile_python3(data: bytes, _: Path) -> None:
    for base in BASES.values():
        if not base.python.is_python2:
            find_python3_fault(data, base.python)


def _read_spec(text: str, _: Path) -> None:
    _each(
        lambda text: specfile.bump_spec(text, IDENTITY, "Somebody <a@b>", "x.spec"),
        lambda text: [(entry.author, entry.day, entry.evr) for entry in specfile.spec_changelog(text, "x.spec")],
        lambda text: anaconda.spec_evr(text, "x.spec", ".el7"),
        lambda text: patch_series.spec_patches(text, "x.spec"),
    )(text)


def _read_patches(data: bytes, _: Path) -> None:
    patch_series.patched_paths(data, 1)
    patch_series.creates_file(data, "pyanaconda/installclasses/koozali.py", 1)
    text = data.decode("utf-8", "surrogateescape")
    patch_series.directory_patches(["0001-one.patch", "two.patch", *text.split()[:20]], None, "x")
    patch_series.directory_patches(["0001-one.patch", "two.patch"], text, "x")


def _write_notes(text: str, _: Path) -> None:
    entries = specfile.spec_changelog(text, "x.spec")
    before, after = {"a": Evr(0, "1", "1")}, {"a": Evr(0, "2", "1")}
    settings = NotesSettings(tracker="https://b.example/{bug}")
    report = report_changes(PackageSet(before), PackageSet(after, {"a": entries}), {"g": ["a"]}, settings.bugs)
    for make in (notes_pages.format_notes_text, notes_pages.format_notes_markdown, notes_pages.format_notes_html):
        make(report, IDENTITY, "x", settings)


def mutate_json_lines(random: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return lines of JSON of which one is changed."""
    lines = data.splitlines()
    at = random.randrange(len(lines))
    lines[at] = mutate_json(random, lines[at], others)
    return b"\n".join(lines) + b"\n"


def _talk_to_qemu(data: bytes, place: Path) -> None:
    ours, theirs = socket.socketpair()
    (place / "qemu.log").touch()
    sender = threading.Thread(target=_send_all, args=(theirs, data), daemon=True)
    sender.start()
    try:
        (place / "serial").touch()
        qemu.Guest(SimpleNamespace(poll=lambda: 1), ours, place, "tcg").command("query-status")
    finally:
        ours.shutdown(socket.SHUT_RDWR)
        sender.join()
        ours.close()


def _send_all(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError), connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


# Secure Boot


def _efi_targets() -> Iterator[Target]:
    place = Path("/usr/lib/shim/mmx64.efi.signed")
    vendors = [place.read_bytes()] if place.is_file() else []
    headers = b"MZ".ljust(60, b"\0") + struct.pack("<L", 64) + b"PE\0\0" + struct.pack("<HH12xHH", 0x8664, 1, 240, 0)
    section = b".sbat\0\0\0" + struct.pack("<LLLL16x", 7, 0, 7, 368)
    small = headers + struct.pack("<H106xL", 0x20B, 16) + bytes(128) + section
    yield Target(
        "efi-binary",
        [small + b"grub,5\n", *vendors],
        lambda data, _: chain.read_signed_binary("BOOTX64.EFI", data),
        mutate_bytes,
        (ValueError,),
    )
    lists = struct.pack("<LLLL", 0, 76, 16, 16) + struct.pack("<16sLLL", shim.OF_SHA256.bytes_le, 76, 0, 48) + bytes(48)
    certificates = [each.public_bytes(serialization.Encoding.DER) for each in chain.load_authorities()]
    yield Target(
        "certificate", certificates, lambda data, _: authenticode.load_certificate(data), mutate_bytes, (ValueError,)
    )
    yield Target("shim", [lists], lambda data, _: _read_vendor(data), mutate_bytes, (ValueError,))


def _read_vendor(data: bytes) -> None:
    sections = {name: (0, len(data)) for name in (shim.VENDOR_CERT, shim.LEVELS)}
    shim.read_shim(pe.EfiBinary(data, 0, 0, (0, 0), sections))


# the network


def _network_targets() -> Iterator[Target]:
    page = seeds.INDEX.encode()
    yield Target(
        "index", [page], _as_text(lambda text, _: index_pages.parse_index(text, "http://a.example/a/")), mutate_bytes
    )
    yield Target(
        "http",
        [
            seeds.RESPONSE,
            seeds.RESPONSE.replace(b"200 OK", b"503 x\r\nRetry-After: 1"),
            seeds.RESPONSE.replace(b"200 OK", b"206 x\r\nContent-Range: bytes 0-25/26"),
            seeds.RESPONSE.replace(b"200 OK", b"301 x\r\nLocation: /b"),
            b"HTTP/1.1 304 x\r\n\r\n",
        ],
        _fetch_from,
        mutate_bytes,
    )
    headers = [b"120", b"Sun, 01 Nov 2026 12:00:00 GMT", b"bytes 0-25/26", b'"1a"', b"/b", b"http://a.example:80/x"]
    yield Target("http-headers", headers, _as_text(_read_headers), mutate_bytes)


def _read_headers(text: str, _: Path) -> None:
    http.parse_retry_after(text, datetime.now(timezone.utc))
    http.if_range_validator(text, text, "Sun, 01 Nov 2026 12:00:00 GMT")
    http.is_html_page(text, text.encode("utf-8", "surrogateescape"))
    with suppress(ValueError):
        http.parse_content_range(text)
    http.redirect_target(["http://a.example/a"], text)


def _fetch_from(data: bytes, place: Path) -> None:
    """Fetch a file and a page of a server that answers with the input, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()
        thread = threading.Thread(target=_answer_all, args=(server, data, ended), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a"
        visitor = client.Fetcher(NetworkSettings(timeout=5, tries=1, delay=0), DownloadCache(place / "memory"), 0)
        try:
            _each(
                lambda url: visitor.file(DownloadRequest(url, "it", limit=1 << 20), place / "got"),
                lambda url: visitor.page(url, "it"),
                lambda url: visitor.about(url, "it"),
            )(url)
        finally:
            ended.set()
            with suppress(OSError):
                socket.create_connection(server.getsockname(), 1).close()
            thread.join()


def _answer_all(server: socket.socket, data: bytes, ended: threading.Event) -> None:
    while not ended.is_set():
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.settimeout(1)
                connection.recv(1 << 16)
                connection.sendall(data)
