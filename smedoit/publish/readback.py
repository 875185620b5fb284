# SPDX-License-Identifier: GPL-3.0-or-later
"""A published tree, read back: each file held against the record of its publish, and the tree's own metadata."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.bases.known import PLACES
from smedoit.config.identity import CHANNELS as DIRECTORIES
from smedoit.config.network import check_url
from smedoit.config.release import Release
from smedoit.config.schema import InvalidValueError
from smedoit.errors import (
    ConfigError,
    ContentError,
    Findings,
    PublishError,
    SmeError,
    VerifyError,
    format_count,
    format_grouped,
    format_size,
)
from smedoit.fetch import crawl
from smedoit.fetch.http import HttpStatusError, ServerUnreachableError
from smedoit.iso import media_check
from smedoit.keys import gpg, gpgv
from smedoit.medium_paths import NETINSTALL_IMAGE, REPOMD, TREEINFO, below_repositories
from smedoit.publish import claims
from smedoit.publish.apply import release_directories
from smedoit.publish.channels import OURS
from smedoit.publish.claims import FileClaim, RecordedPlace
from smedoit.publish.published_tree import DirectoryTree, HttpTree, PublishedTree, ReadFile, WantedFile, read_in_order
from smedoit.publish.records import PublishHistory
from smedoit.runtime import checksums, progress
from smedoit.runtime.files import read_file_bytes
from smedoit.runtime.state_directory import refuse_foreign_directory
from smedoit.runtime.steps import MovePath

Said = Mapping[str, str]
GOOD, BAD, UNKNOWN = "good", "bad", "unknown"  # what a signature is
SIGNED = ".asc"
OTHER_CHECKSUM = "has another checksum than metadata says"
FROM_HERE = "bring back what is named, from the stage or from a mirror that passes; nothing was changed here"
FROM_AFAR = "let the mirror copy these again, comparing bytes and not times: rsync --checksum"


def verify_published_tree(rel: Release, url: str, place: str) -> Said:
    """Read a published tree back, here or over HTTP; nothing of it is changed.

    url    the address of a release, or of a part of it, on a mirror
    place  its directory; without either it is where this release is published

    Raises VerifyError with everything that is wrong.
    """
    if url and place:
        raise ConfigError("verify_published takes --url or --place, not both", hint="look at one after the other")
    history, address = PublishHistory(rel.publish.target), url or _published_directory(rel, place)
    recorded, remarks = _find_recorded_place(rel, history, address)
    with TemporaryDirectory(prefix="smedoit-published-") as beside:
        findings = Findings()
        tree: PublishedTree = DirectoryTree(Path(address), bool(recorded), findings)
        tree = _open_tree(rel, url, Path(beside)) if url else tree
        back = Readback(tree, recorded, remarks, findings)
        back.read_tree(_likely_files(rel), lambda data, signature: judge_published_signature(rel, data, signature))
    if back.findings.found:
        raise VerifyError(
            f"{tree.words}: {format_count(back.findings.count, 'fault')} in {format_count(back.files, 'file')},"
            f" held against {back.basis}\n{format_grouped(back.findings.found)}{_format_remarks(back.remarks)}",
            hint=FROM_AFAR if url else FROM_HERE,
        )
    did = f"{format_count(back.files, 'file')}, {format_size(back.size)}, held against {back.basis}: nothing is wrong"
    return {"did": did, "result": "\n".join([f"{tree.words} is what was published", *back.remarks])}


def _format_remarks(remarks: Sequence[str]) -> str:
    """Return what is no fault and worth knowing, behind the faults."""
    return "".join(f"\n  {remark}" for remark in remarks)


def _published_directory(rel: Release, place: str) -> str:
    """Return the directory to be read. Raises PublishError if there is none, or if it is no single release."""
    directory = Path(place) if place else rel.publish.target / rel.release.place
    if not directory.is_dir():
        hint = "give the directory of a release" if place else "doit publish puts it there; --place names another one"
        raise PublishError(f"{directory}: there is no such directory", hint=hint)
    if (directory / OURS).is_dir():
        raise PublishError(
            f"{directory}: holds all releases", hint=f"name one of them: --place {directory / rel.release.place}"
        )
    return str(directory)


def _open_tree(rel: Release, url: str, beside: Path) -> HttpTree:
    """Return what a server shows at an address. Raises ConfigError for what is no address."""
    try:
        check_url(url, "--url")
    except InvalidValueError as error:
        raise ConfigError(f"verify_published --url {url}: {error}") from None
    return HttpTree(crawl.caching_fetcher(rel.network, beside / "answers.json"), url, beside / "copies")


def _find_recorded_place(rel: Release, history: PublishHistory, address: str) -> tuple[RecordedPlace | None, list[str]]:
    """Return the record of what lies at an address, None if there is none to be believed, and remarks about it."""
    target, real = os.path.realpath(history.target), os.path.realpath(address)
    below = os.path.relpath(real, target) if Path(real).is_relative_to(target) else address
    try:
        refuse_foreign_directory(history.home)
        closed, pending = list(history.closed()), history.under_way()
    except (SmeError, OSError) as error:
        return None, [f"no record is believed: {str(error).splitlines()[0]}"]
    moves = [step for record in closed for step in record.steps if isinstance(step, MovePath)]
    places = {record.place for record in closed} | {step.target for step in moves if _is_release_path(step.target)}
    links = _version_links(history.target)
    place, inside = claims.split_place(below, {*places, *links})
    record = claims.find_place_record(closed, links.get(place, place)) if place else None
    remarks = [f"the {pending.words} is under way, or was interrupted"] if pending and pending.place == place else []
    if record is None:
        return None, [*remarks, "no record says what was published there, so it is held against its own metadata"]
    return RecordedPlace(record, inside, _live_tiers(rel, target)), remarks


def _is_release_path(path: str) -> bool:
    """Return whether a release is moved to a path, and not aside."""
    return not path.startswith(OURS)


def _version_links(target: Path) -> dict[str, str]:
    """Return version link -> the release that it names, both below the target."""
    found = {}
    for top in DIRECTORIES.values():
        names = os.listdir(target / top) if (target / top).is_dir() else []
        for name in names:
            link = posixpath.join(top, name)
            if (target / link).is_symlink():
                found[link] = posixpath.join(top, os.readlink(target / link))
    return found


def _live_tiers(rel: Release, target: str) -> tuple[str, ...]:
    """Return the tiers that lie in the target itself, where promotions and doit tiers change them."""
    return tuple(
        tier.name
        for tier in rel.tiers
        if tier.name in rel.publish.tiers and Path(os.path.realpath(tier.path)).is_relative_to(target)
    )


def _likely_files(rel: Release) -> list[list[str]]:
    """Return where files lie that say something of others, for a server that lists nothing.

    They come in groups: where one is found, those of the groups behind it are not asked for.
    """
    arch, tiers = rel.release.arch, rel.publish.tiers
    media = [path for path in release_directories(arch, tiers) if path.startswith("iso/")]
    repositories = [path for path in release_directories(arch, tiers) if path not in media]
    repositories += [f"{tier}/{part}" for tier in tiers for part in (arch, "SRPMS")]
    tree = below_repositories(rel.release.repository_places, REPOMD)
    sums = [posixpath.join(top, name) for top in media for name in checksums.NAMES]
    repomds = [f"{top}/{REPOMD}" for top in repositories] + [f"smeos/{arch}/{path}" for path in tree]
    return [
        list(dict.fromkeys([REPOMD, *tree, TREEINFO, *checksums.NAMES])),
        list(dict.fromkeys([*sums, *repomds])),
    ]


@dataclass
class Readback:
    """One reading of a published tree, and what came of it.

    recorded  what was published there, None where nobody knows
    remarks   what is no fault and worth knowing
    claims    path -> what is said of it, the record first
    metadata  the files that say something of others
    """

    tree: PublishedTree
    recorded: RecordedPlace | None
    remarks: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    claims: dict[str, list[FileClaim]] = field(default_factory=dict)
    metadata: list[str] = field(default_factory=list)
    files: int = 0
    size: int = 0

    @property
    def basis(self) -> str:
        """What the files are held against, in words."""
        return f"the record {self.recorded.record.words}" if self.recorded else "its own metadata"

    def read_tree(self, likely: Sequence[Sequence[str]], judge: Callable[[Path, Path], tuple[str, str]]) -> None:
        """Read all of it, and note what is wrong.

        likely  groups of paths that may say something of others, for a tree that does not say what it holds
        judge   returns what a signature is, of (file, signature), and words about it
        """
        try:
            names = self.tree.list_names()
            if names is None:
                unseen = "what came beside the published ones is not seen"
                self.remarks.append(f"the server lists no files, so {unseen}: {self.tree.unlisted}")
            self._gather_claims(names or {}, likely)
            if not self.claims:
                raise VerifyError(
                    f"{self.tree.words}: nothing there says what it should hold: no repodata, no checksums\n"
                    f"{format_grouped(self.findings.found)}{_format_remarks(self.remarks)}".rstrip(),
                    hint="give the directory or address of a release, of a tier, or of an installation tree",
                )
            self._tell_unsummed()
            self._check_signatures(names or {}, judge)
            self._read_claimed(names or {})
            self._judge_unclaimed(names or {})
        except ServerUnreachableError as error:
            words = str(error).splitlines()[0]
            self.findings.add("the server is not asked any more", f"{words}; {self.files} files were read before")
        if hosts := sorted(getattr(getattr(self.tree, "fetcher", None), "elsewhere", ())):
            self.remarks.append(f"the server sent us on to {', '.join(hosts)}")

    def _gather_claims(self, names: Mapping[str, int], likely: Sequence[Sequence[str]]) -> None:
        """Learn what the record says, and what the tree says of itself."""
        for claim in self.recorded.claims() if self.recorded else ():
            self.claims.setdefault(claim.path, []).append(claim)
        known = {*names, *self.claims}
        sources = sorted(path for path in known if claims.makes_claims(path))
        for path in progress.track_progress(sources, len(sources), "reading metadata"):
            self._learn_claims(path, is_known=True)
        for group in likely if not known else ():
            if not self.metadata:
                for path in group:
                    self._learn_claims(path, is_known=False)
        tops = {path.removesuffix(REPOMD) for path in self.metadata if f"/{path}".endswith(f"/{REPOMD}")}
        tops |= {top[: -len(name) - 1] for top in tops for name in PLACES if name and f"/{top}".endswith(f"/{name}/")}
        for path in sorted({f"{top}{TREEINFO}" for top in tops} - {*self.metadata, *known}):  # servers hide its name
            self._learn_claims(path, is_known=False)

    def _learn_claims(self, path: str, *, is_known: bool) -> None:
        """Learn what one file of the tree says of others; is_known tells whether it must be there."""
        outside: set[str] = set()
        try:
            for claim in claims.claims_of_file(path, self.tree.fetch_copy):
                if claims.is_outside(claim.path):
                    outside.add(claim.path)
                else:
                    self.claims.setdefault(claim.path, []).append(claim)
            self.metadata.append(path)
        except claims.UnknownFormatError as error:
            self.remarks.append(str(error).splitlines()[0])
        except ServerUnreachableError:
            raise
        except SmeError as error:
            is_absent = isinstance(error, HttpStatusError) and error.is_absent
            if is_known and path not in self.claims and not is_absent:  # else it is told of when it is read itself
                self.findings.add("cannot be used as metadata", str(error).splitlines()[0])
            elif is_known and not is_absent:
                progress.log_line(str(error).splitlines()[0])
        if outside:
            self.remarks.append(
                f"{path} names {format_count(len(outside), 'file')} elsewhere, not looked at: {min(outside)}"
            )

    def _tell_unsummed(self) -> None:
        """Note the files that can be held against a size at most."""
        paths = sorted(path for path, said in self.claims.items() if not _wanted_kinds(said))
        if paths:
            self.remarks.append(f"of {progress.join_names(paths, 1)} nobody says a checksum that can be computed here")

    def _read_claimed(self, names: Mapping[str, int]) -> None:
        """Read every file of which something is said, once, and hold it against all of that."""
        wanted = [
            WantedFile(path, _wanted_kinds(said), _claimed_size(said)) for path, said in sorted(self.claims.items())
        ]
        total = sum(names.get(file.path, 0) or file.size or 0 for file in wanted)
        done = 0
        with progress.progress_meter(f"reading {format_count(len(wanted), 'file')} back") as show:

            def advance(count: int) -> None:
                nonlocal done
                done += count
                show(done, max(total, done))

            for number, (file, read) in enumerate(read_in_order(self.tree, wanted, advance), 1):
                self._judge_file(file.path, read)
                if number * 10 // len(wanted) != (number - 1) * 10 // len(wanted):
                    progress.log_line(f"{number} of {len(wanted)} files, {format_size(self.size)}")

    def _judge_file(self, path: str, file: ReadFile) -> None:
        """Hold one file against what is said of it; the first that it does not fit is told."""
        first = self.claims[path][0]
        by_record = self.recorded is not None and first.by == self.recorded.record.name
        if file.absent:
            if not _may_be_absent(self.claims[path]):
                self.findings.add("is not there", path if by_record else f"{path}, which {first.by} names")
            return
        if file.fault:
            self.findings.add("cannot be read", f"{path}: {file.fault}")
            return
        self.files, self.size = self.files + 1, self.size + file.size
        for claim in self.claims[path]:
            if claim.size is not None and claim.size != file.size:
                self.findings.add("has another size", f"{path}: {file.size} bytes, {claim.size} by {claim.by}")
                return
            if claim.kind in file.digests and file.digests[claim.kind] != claim.checksum.lower():
                reason = "has other bytes than were published" if by_record and claim is first else OTHER_CHECKSUM
                self.findings.add(reason, path if by_record and claim is first else f"{path}, by {claim.by}")
                return

    def _judge_unclaimed(self, names: Mapping[str, int]) -> None:
        """Note what is there and nobody speaks of: what came since a publish, and packages that no yum sees."""
        tops = tuple(path.removesuffix(REPOMD) for path in self.metadata if path.endswith(REPOMD))
        by = self.recorded.record.name if self.recorded else ""
        published = {path for path, said in self.claims.items() if said[0].by == by}
        silent = 0
        for path in sorted(names.keys() - published):
            if self.recorded and not self.recorded.is_live(path):
                self.findings.add("came since it was published", path)
            elif path in self.claims or path in self.metadata:
                continue
            elif path.endswith(".rpm") and path.startswith(tops) and tops:
                self.findings.add("is a package that no repodata names", path)
            elif path.endswith(".iso") and isinstance(self.tree, DirectoryTree):
                self._check_media_sum(path)
            else:
                silent += 1
        if silent:
            self.remarks.append(f"of {format_count(silent, 'file')} nothing says what they should be")

    def _check_media_sum(self, path: str) -> None:
        """Hold an ISO that no checksum file names against the MD5 that is implanted in it, if one is."""
        try:
            place = self.tree.fetch_copy(path)
            implanted = media_check.read_implanted_md5(place)
            good = media_check.compute_media_sums(place)[0] == implanted[0]
            self.findings.check(good, "is not what its implanted MD5 says", path)
        except SmeError as error:
            self.remarks.append(str(error).splitlines()[0])

    def _check_signatures(self, names: Mapping[str, int], judge: Callable[[Path, Path], tuple[str, str]]) -> None:
        """Hold every signed checksum file and repomd.xml against its signature."""
        for path in sorted({*names, *self.claims}):
            data = path.removesuffix(SIGNED)
            if data == path or data not in self.metadata:
                continue
            try:
                signature = self.tree.fetch_copy(path)
                claims.refuse_large_list(path, signature)
                verdict, words = judge(self.tree.fetch_copy(data), signature)
            except ServerUnreachableError:
                raise
            except SmeError as error:
                verdict, words = UNKNOWN, str(error).splitlines()[0]
            if verdict == BAD:
                self.findings.add("has no good signature", f"{data}: {words}")
            elif verdict == UNKNOWN:
                self.remarks.append(f"{path} could not be judged: {words}")
            else:
                progress.log_line(f"{data}: {words}")


def _wanted_kinds(said: Iterable[FileClaim]) -> tuple[str, ...]:
    """Return the algorithms that are needed to judge what is said of a file."""
    return tuple(sorted({claim.kind for claim in said if claim.kind}))


def _claimed_size(said: Iterable[FileClaim]) -> int | None:
    """Return the bytes that a file must have, None if nobody says so."""
    return next((claim.size for claim in said if claim.size is not None), None)


def _may_be_absent(said: Iterable[FileClaim]) -> bool:
    """Return whether only .treeinfo names a file, and it is the network install image: no DVD has what it lists."""
    return all(claim.by.endswith(TREEINFO) and claim.path.endswith(NETINSTALL_IMAGE) for claim in said)


def judge_published_signature(rel: Release, data: Path, signature: Path) -> tuple[str, str]:
    """Return what a signature of a file is, GOOD, BAD or UNKNOWN, and words: whose, or why not.

    It counts if the key of [signing] made it, or a pinned key. Raises SmeError if that cannot be found out.
    """
    if rel.signing.configured:
        owner = gpg.load_signing_certificate(rel.signing, rel.is_practice)
        if gpg.is_good_signature(data, signature, owner):
            return GOOD, f"signed by {owner.fingerprint}"
    try:
        if gpgv.is_clearsigned(read_file_bytes(signature)):
            text, fingerprint = gpgv.verify_clearsigned(signature, rel.keys)
            same = text.split() == read_file_bytes(data).split()
            return (GOOD, f"signed by {fingerprint}") if same else (BAD, "another text was signed")
        return GOOD, f"signed by {gpgv.verify_detached(data, signature, rel.keys)}"
    except ContentError as error:
        is_foreign = isinstance(error, gpgv.ForeignKeyError)
        words = str(error).splitlines()[0].partition(": ")[2]
        return (UNKNOWN if is_foreign and not rel.signing.configured else BAD), words
