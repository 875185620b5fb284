# SPDX-License-Identifier: GPL-3.0-or-later
"""Clean exports of CVS and git, and local edits of working copies."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.config.inputs import ExportSource
from smedoit.config.network import NetworkSettings
from smedoit.config.schema import InvalidValueError
from smedoit.content import revisions
from smedoit.errors import ContentError, Findings, NetworkError, format_grouped
from smedoit.runtime import files
from smedoit.runtime.process import ProgramError, run_program

# In the mirror these count before any .gitattributes: an export is the bytes that were committed.
ATTRIBUTES = "* -text -ident -filter -working-tree-encoding -export-subst -export-ignore\n"
HEAD = "refs/smedoit/head"
CHECKED_OUT, MODULE = ".smedoit-cvs", "module"  # where cvs works, and what it calls there what it was asked for
KEPT = "the existing export is kept"
LETTERS = {"M": "changed", "A": "added", "R": "removed", "D": "removed", "?": "unknown to the repository", "!": "gone"}

# What the programs say, and what it means. The first that is found counts.
REASONS: Sequence[tuple[str, str]] = (
    ("cannot find module", "has no such module"),
    ("no such tag", "has no such tag"),
    ("no such repository", "has no repository there"),
    ("command not found", "has no git or cvs on its host"),
    ("is not a git command", "has an address of a kind that git does not know"),
    ("host key verification failed", "is on a host whose key known_hosts does not have"),
    ("connection refused", "connection refused"),
    ("failed to connect", "cannot be reached"),
    ("unknown host", "no such host is known"),
    ("name or service not known", "no such host is known"),
    ("could not resolve host", "no such host is known"),
    ("temporary failure in name resolution", "no such host is known"),
    ("timed out", "does not answer in time"),
    ("no such user", "refuses this user"),
    ("authorization failed", "refuses this user or password"),
    ("authentication failed", "refuses this user or password"),
    ("could not read username", "asks for a user and a password"),
    ("permission denied", "refuses access"),
    ("does not appear to be a git repository", "has no repository there"),
    ("repository not found", "has no repository there"),
    ("not found", "has no repository there"),
    ("end of file from server", "closes the connection: has it no such repository?"),
    ("no space left", "there is no room on the disk"),
)
# What git says after every failure: advice, and no reason.
ADVICE = ("please make sure you have the correct access", "and the repository exists", "could not read from remote")


def export_source(source: ExportSource, target: Path, mirror: Path, network: NetworkSettings) -> dict[str, Any]:
    """Fill target, an empty directory, with an export; return which revision it is.

    mirror  where a clone of git is kept between runs

    Raises NetworkError, ContentError; target may then hold a part.
    """
    takers: dict[str, Callable[[ExportSource, Path, Path, NetworkSettings], dict[str, Any]]] = {
        "cvs": _export_cvs,
        "git": _export_git,
        "directory": _export_directory,
    }
    revision = takers[source.kind](source, target, mirror, network)
    for directory, names, _ in os.walk(target):
        for name in {*names} & {*files.VCS_DIRECTORIES}:  # also where they were committed
            names.remove(name)
            _remove_tree(Path(directory, name))
    return revision


def _remove_tree(path: Path) -> None:
    """Remove a directory, or the link in its place."""
    if path.is_symlink():
        files.remove_file(path)
    else:
        files.remove_directory(path)


def _refuse_offline(source: ExportSource, network: NetworkSettings) -> None:
    """Raise NetworkError if the source is somewhere else and this run must not go there."""
    if network.offline and not source.is_local:
        raise NetworkError(
            f"{source}: must be fetched, but this run is offline",
            hint="run doit content without offline=1, and without offline = true in release.toml",
        )


def _export_error(source: ExportSource, error: ProgramError) -> NetworkError:
    """Return the error for a program that failed, in a sentence."""
    said = explain_vcs_error(error.said) or f"code {error.code}"
    return NetworkError(f"{source}: {said}", hint=f"correct the source in release.toml, or try again later; {KEPT}")


def _export_directory(source: ExportSource, target: Path, _mirror: Path, _network: NetworkSettings) -> dict[str, Any]:
    """Copy the files of a directory, without what version control keeps beside them."""
    root = Path(source.url)
    if not root.is_dir():
        raise ContentError(f"{root}: is not there", hint=f"correct the source in release.toml; {KEPT}")
    files.make_directory(target)
    for relative, entry in files.walk_files(root):
        file = files.resolve_file_below(root, relative)
        with files.replacing_file(target / relative, 0o755 if os.access(file, os.X_OK) else files.FILE_MODE) as beside:
            shutil.copyfile(entry.path, beside)
    return revisions.checkout_revision(root, root)


# CVS


def _export_cvs(source: ExportSource, target: Path, _mirror: Path, network: NetworkSettings) -> dict[str, Any]:
    """Check a module out, note the revision of each file, and take away what CVS keeps beside them.

    cvs export would do less: it forgets the revisions before anybody can note them.
    """
    _refuse_offline(source, network)
    apart = target / CHECKED_OUT  # the server names directories of the one that cvs runs in: nothing else is there
    files.make_directory(apart)
    at = ["-r", source.tag or source.branch] if source.tag or source.branch else []
    at += ["-D", source.moment] if source.moment else []
    command = ["cvs", "-f", "-Q", "-z3", "-d", source.url, "checkout", "-P", *at, "-d", MODULE, source.module]
    try:
        run_program(command, cwd=apart, env=_cvs_environment(), package="cvs")
    except ProgramError as error:
        raise _export_error(source, error) from None
    if not (apart / MODULE / "CVS").is_dir():
        raise NetworkError(f"{source}: no files at that tag or date", hint=f"correct release.toml; {KEPT}")
    for name in sorted(os.listdir(apart / MODULE)):
        files.move_path(apart / MODULE / name, target / name)
    files.remove_directory(apart)
    return {**revisions.read_cvs_checkout(target), "repository": f"{source.url} {source.module}"}


def _cvs_environment() -> dict[str, str]:
    """Return what cvs needs besides: ssh for :ext:, unless CVS_RSH is set."""
    return {"CVS_RSH": os.environ.get("CVS_RSH", "ssh")}


# git


def _export_git(source: ExportSource, target: Path, mirror: Path, network: NetworkSettings) -> dict[str, Any]:
    """Write the files of one commit; a commit that the mirror has needs no network."""
    commit = _resolve_commit(source, mirror) if source.revision and mirror.is_dir() else ""
    if not commit:
        _refuse_offline(source, network)
        _update_mirror(source, mirror)
        commit = _resolve_commit(source, mirror)
    if not commit:
        name = source.revision or source.tag or source.branch or source.moment
        raise NetworkError(f"{source}: has no revision {name}", hint=f"correct it in release.toml; {KEPT}")
    _extract_commit(source, commit, target, mirror)
    return {"kind": "git", "commit": commit, "repository": source.url}


def _run_git(mirror: Path, *arguments: str | Path, more: dict[str, str] | None = None) -> str:
    """Run git on a mirror; it never asks for a password. Raises ProgramError."""
    env = {"GIT_TERMINAL_PROMPT": "0", "GIT_DIR": os.fspath(mirror), **(more or {})}
    return run_program([*revisions.GIT, *arguments], env=env, package="git")


def _update_mirror(source: ExportSource, mirror: Path) -> None:
    """Bring all branches and tags of a repository into the mirror."""
    try:
        files.make_directory(mirror.parent)
        _run_git(mirror, "init", "-q", "--bare", mirror)
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", f"+HEAD:{HEAD}")
        _run_git(mirror, "fetch", "-q", "--prune", "--no-tags", "--", source.url, *refs)
    except ProgramError as error:
        raise _export_error(source, error) from None


def _resolve_commit(source: ExportSource, mirror: Path) -> str:
    """Return the commit that a source means, "" if the mirror has none."""
    branch = f"refs/heads/{source.branch}" if source.branch else HEAD
    name = source.revision or (f"refs/tags/{source.tag}" if source.tag else branch)
    try:
        if source.moment:
            return _run_git(mirror, "rev-list", "-1", f"--before={source.moment}", branch, "--").strip()
        return _run_git(mirror, "rev-parse", "--verify", "-q", "--end-of-options", f"{name}^{{commit}}").strip()
    except ProgramError:
        return ""


def _extract_commit(source: ExportSource, commit: str, target: Path, mirror: Path) -> None:
    """Write the files of a commit, or of one directory of it."""
    files.make_directory(target)
    index = mirror / "smedoit-index"
    files.remove_file(index)
    files.write_file(mirror / "info/attributes", ATTRIBUTES)
    more = {"GIT_INDEX_FILE": os.fspath(index), "GIT_WORK_TREE": os.fspath(target)}
    try:
        _run_git(mirror, "read-tree", f"{commit}:{source.module}", more=more)
    except ProgramError:
        raise NetworkError(
            f"{source}: has no directory {source.module} in {commit}", hint=f"correct it in release.toml; {KEPT}"
        ) from None
    run_program(
        [*revisions.GIT, "checkout-index", "-a", "-f"],
        cwd=target,
        env={"GIT_DIR": os.fspath(mirror), **more},
        package="git",
    )
    files.remove_file(index)
    _verify_committed_bytes(source, commit, target, mirror)


def _verify_committed_bytes(source: ExportSource, commit: str, target: Path, mirror: Path) -> None:
    """Raise ContentError for files of an export that are not what the commit has, by git's own digests."""
    said = _run_git(mirror, "ls-tree", "-r", "-z", "--full-tree", f"{commit}:{source.module}")
    findings = Findings()
    for mode, kind, digest, name in map(_parse_tree_entry, filter(None, said.split("\0"))):
        if kind == "commit":
            findings.add("is a submodule, which no export brings", name)
        else:
            findings.check(_blob_digest(target / name, mode, len(digest)) == digest, "is not what was committed", name)
    if findings.found:
        raise ContentError(
            f"{source}: the export is not commit {commit[:12]}\n{format_grouped(findings.found)}",
            hint=f"commit plain files; {KEPT}",
        )


def _parse_tree_entry(entry: str) -> tuple[str, str, str, str]:
    """Return mode, kind, digest and name of an entry that git ls-tree prints."""
    facts, _, name = entry.partition("\t")
    mode, kind, digest = facts.split()
    return mode, kind, digest, name


def _blob_digest(path: Path, mode: str, length: int) -> str:
    """Return git's digest of a file or link as long as another one, "" if there is none of that kind."""
    is_link = mode == "120000"
    if path.is_symlink() != is_link or not os.path.lexists(path):
        return ""
    data = os.fsencode(os.readlink(path)) if is_link else files.read_file_bytes(path)
    state = hashlib.sha1(usedforsecurity=False) if length == 40 else hashlib.sha256()
    state.update(f"blob {len(data)}\0".encode() + data)
    return state.hexdigest()


# Working copies


def is_working_copy(path: Path) -> bool:
    """Return whether a directory is a working copy, which doit leaves alone."""
    return (path / "CVS").is_dir() or (path / ".git").exists()


def local_edits(path: Path, network: NetworkSettings) -> list[str]:
    """Return a summary of what differs in a working copy from its repository. Raises ContentError for conflicts."""
    lines = _git_status(path) if (path / ".git").exists() else _cvs_status(path, network)
    conflicts = [name for letter, name in lines if letter == "C"]
    if conflicts:
        raise ContentError(
            f"{path}: has conflicts in {', '.join(conflicts)}",
            hint="resolve them in the working copy, then run doit again; nothing was changed",
        )
    return [f"{LETTERS[letter]}: {name}" for letter, name in lines if letter in LETTERS]


def _git_status(path: Path) -> list[tuple[str, str]]:
    """Return (letter, name) of every file that git finds different; C is a conflict."""
    said = run_program([*revisions.GIT, "-C", path, "status", "--porcelain", "-z"], package="git")
    pairs = [(entry[:2], entry[3:]) for entry in said.split("\0") if entry[2:3] == " "]
    return [("C" if "U" in state or state in ("AA", "DD") else state.strip()[0], name) for state, name in pairs]


def _cvs_status(path: Path, network: NetworkSettings) -> list[tuple[str, str]]:
    """Return (letter, name) of every file that CVS finds different; nothing if its server may not be asked."""
    here = _working_copy_source(path)
    _refuse_offline(here, network)
    try:
        said = run_program(  # with -d, for each directory within could name another one, and a program to reach it by
            ["cvs", "-f", "-n", "-q", "-d", here.url, "update"],
            cwd=path,
            env=_cvs_environment(),
            package="cvs",
            ok_codes=(0, 1),
        )
    except ProgramError as error:
        raise _export_error(here, error) from None
    return [(line[0], line[2:]) for line in said.splitlines() if line[1:2] == " "]


def _working_copy_source(path: Path) -> ExportSource:
    """Return what a working copy of CVS says that it is of. Raises ContentError for what no CVSROOT is."""
    root = files.read_file_text(path / "CVS/Root").strip()
    try:
        return ExportSource("cvs", root, "here")
    except InvalidValueError as refused:
        raise ContentError(
            f"{path}/CVS/Root: {root!r}: {refused.reason}", hint="check the working copy out again"
        ) from None


def explain_vcs_error(said: str) -> str:
    """Return the reason in what a failed program printed, and the line that says so; "" if it printed nothing.

    For an unknown reason that is the last line, and advice is none.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for sign, reason in REASONS:
        for line in lines:
            if sign in line.lower():
                return f"{reason} ({line.removeprefix('fatal: ')})"
    telling = [line for line in lines if not line.lower().removeprefix("fatal: ").startswith(ADVICE)]
    return "".join(telling[-1:] or lines[:1]).removeprefix("fatal: ")


def changed_files(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the files that two sets of digests do not agree on, sorted."""
    return sorted(path for path in {*before, *now} if before.get(path) != now.get(path))
