# SPDX-License-Identifier: GPL-3.0-or-later
"""What a repository or an address brings along: no option, no program, and no other bytes than were committed."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from smedoit.config.inputs import CheckoutSettings, ExportSource, RsyncMirror
from smedoit.config.network import NetworkSettings
from smedoit.config.publish import PublishSettings
from smedoit.config.schema import InvalidValueError
from smedoit.content import checkout, export, revisions
from smedoit.errors import ContentError, SmeError
from smedoit.runtime.files import write_file
from tests.harness.tools import need
from tests.harness.versioncontrol import CvsRepository, GitRepository

ONLINE = NetworkSettings()
ATTRIBUTES = """\
crlf.txt text eol=crlf
auto.txt text=auto
id.txt ident
utf16.txt working-tree-encoding=UTF-16LE
filtered.txt filter=evil
lfs.bin filter=lfs diff=lfs merge=lfs -text
subst.txt export-subst
ignored.txt export-ignore
"""
FILES = {
    ".gitattributes": ATTRIBUTES, "crlf.txt": "one\ntwo\n", "auto.txt": "a\nb\n", "id.txt": "$Id$\n",
    "utf16.txt": "plain\n", "filtered.txt": "good\n", "lfs.bin": "bytes\n", "subst.txt": "$Format:%H$\n",
    "ignored.txt": "here\n", "deep/.gitattributes": "* text eol=crlf\n", "deep/file": "x\n",
}  # fmt: skip
CONFIG = '[filter "evil"]\n\tsmudge = sed s/good/evil/\n\tclean = cat\n[core]\n\teol = crlf\n\tautocrlf = true\n'


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    """A repository whose attributes change bytes, for somebody whose own configuration plays along."""
    made = GitRepository(tmp_path)
    write_file(tmp_path / "home/.gitconfig", CONFIG)
    plain = {name: text for name, text in FILES.items() if name != ".gitattributes"}
    made.commit(plain)  # before the attributes: the commit has just these bytes
    write_file(made.work / ".gitattributes", ATTRIBUTES)
    made.git("add", ".gitattributes")
    made.git("commit", "-q", "-m", "practice")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return made


def exported(git: GitRepository, place: Path, **said: str) -> Path:
    export.export_source(ExportSource("git", str(git.work), **said), place / "out", place / "mirror.git", ONLINE)
    return place / "out"


def test_an_export_is_the_bytes_of_the_commit_whatever_its_attributes_say(git: GitRepository, tmp_path: Path) -> None:
    out = exported(git, tmp_path)
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == sorted(FILES)
    for name in FILES:
        blob = subprocess.run(
            ["git", "-C", git.work, "cat-file", "blob", f"HEAD:{name}"], capture_output=True, check=True
        )
        assert (out / name).read_bytes() == blob.stdout, name


def test_what_would_be_other_bytes_is_refused(
    git: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ATTRIBUTES", "")
    with pytest.raises(ContentError) as caught:
        exported(git, tmp_path)
    for name in ("crlf.txt", "id.txt", "utf16.txt", "filtered.txt", "deep/file"):
        assert name in str(caught.value)
    assert "is not what was committed:" in str(caught.value)


def test_links_and_modes_are_what_was_committed(git: GitRepository, tmp_path: Path) -> None:
    (git.work / "link").symlink_to("deep/file")
    git.commit({"run": "#!/bin/sh\n"})
    (git.work / "run").chmod(0o755)
    git.commit({})
    out = exported(git, tmp_path)
    assert os.readlink(out / "link") == "deep/file" and os.access(out / "run", os.X_OK)


def test_a_submodule_is_told_and_not_left_out_in_silence(git: GitRepository, tmp_path: Path) -> None:
    git.git("update-index", "--add", "--cacheinfo", f"160000,{git.git('rev-parse', 'HEAD')},sub")
    git.git("commit", "-q", "-m", "practice")
    with pytest.raises(ContentError, match=r"is a submodule, which no export brings:\n    sub"):
        exported(git, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "-ohost:path", "-u@host:path", "user@-oProxyCommand=id:path", "user@host:-path", "ssh://-oProxyCommand=id/x",
        "ssh://user@-oProxyCommand=id/x", "ext::sh -c id", "ext::id", "fd::17", "--upload-pack=id", "-", "https://-x/y",
        "file://-x", "/x\n--help", "",
    ],
)  # fmt: skip
def test_an_address_of_git_is_never_an_option_or_a_program(url: str) -> None:
    source = ("git", url) if url else ("git", " ")
    with pytest.raises(InvalidValueError):
        ExportSource(*source)


@pytest.mark.parametrize(
    "url",
    [
        "-x", "--help", ":ext;CVS_RSH=id:host:/cvs", ":ext:-oProxyCommand=id:/cvs", ":ext:user@-oProxyCommand=id:/cvs",
        ":extssh;x:host:/cvs", ":pserver;proxy=x:host:/cvs", ":ext:host;id:/cvs", ":evil:host:/cvs", "/cvs\n",
    ],
)  # fmt: skip
def test_a_cvsroot_is_never_an_option_and_names_no_program(url: str) -> None:
    with pytest.raises(InvalidValueError):
        ExportSource("cvs", url, "module")


@pytest.mark.parametrize("key", ["module", "branch", "revision", "tag"])
@pytest.mark.parametrize("name", ["-x", "--help", "../x", "a/../b", "a b", "a\n", "a\0", "/x", "@-x"])
def test_a_revision_or_module_is_a_name(key: str, name: str) -> None:
    kind = ("git", "/x") if key != "module" else ("cvs", "/cvs")
    with pytest.raises(InvalidValueError):
        ExportSource(*kind, **{key: name})


REMOTES = ["-x:path", "-e id:path", "user@-oProxyCommand=id:path", "host:-x", "rsync://-x/y", "rsync://u@-x/y", "-"]


@pytest.mark.parametrize("address", REMOTES)
def test_an_address_of_rsync_is_never_an_option(tmp_path: Path, address: str) -> None:
    with pytest.raises(InvalidValueError):
        PublishSettings(remote=address)
    try:
        mirror = RsyncMirror("name", address, Path("copy")).anchored(tmp_path)
    except InvalidValueError:
        return
    assert not mirror.is_remote and mirror.source.startswith("/")  # a directory here


def test_no_program_of_a_working_copy_is_run_to_describe_it(git: GitRepository, tmp_path: Path) -> None:
    program = tmp_path / "evil"
    write_file(program, f"#!/bin/sh\ntouch {tmp_path}/ran\n", 0o755)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "diff.external"):
        git.git("config", key, str(program))
    for hook in ("post-index-change", "post-checkout", "reference-transaction"):
        write_file(git.work / ".git/hooks" / hook, program.read_bytes(), 0o755)
    (tmp_path / "ran").unlink(missing_ok=True)
    write_file(git.work / "crlf.txt", "changed\n")
    assert "changed: crlf.txt" in export.local_edits(git.work, ONLINE)
    assert revisions.checkout_revision(git.work, tmp_path)["changed"]
    exported(git, tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("root", [":ext;CVS_RSH={evil}:host:/cvs", "-x", ":fork;CVS_SERVER={evil}:/cvs", "", "\x1b[2J"])
def test_a_working_copy_of_cvs_that_names_a_program_is_refused(tmp_path: Path, root: str) -> None:
    cvs = CvsRepository(tmp_path)
    cvs.commit({"file": "text\n"})
    evil = tmp_path / "evil"
    write_file(evil, f"#!/bin/sh\ntouch {tmp_path}/ran\n", 0o755)
    write_file(cvs.work / "CVS/Root", root.format(evil=evil) + "\n")
    with pytest.raises(SmeError, match="CVS/Root"):
        export.local_edits(cvs.work, ONLINE)
    assert not (tmp_path / "ran").exists()


REQUESTS = """\
Valid-requests Root Valid-responses valid-requests Directory Entry Modified Unchanged Questionable Argument Argumentx \
Global_option expand-modules ci co update diff log add remove status rdiff tag import admin export history release noop
ok
"""


@contextmanager
def lying(directory: str) -> Iterator[str]:
    """Yield the CVSROOT of a pserver that answers every checkout with a file in a directory of its own choice."""
    answers = {
        "END AUTH REQUEST": "I LOVE YOU\n",
        "valid-requests": REQUESTS,
        "expand-modules": "Module-expansion module\nok\n",
        "co": f"Created {directory}/\n/cvs/module/file\n/file/1.1///\nu=rw,g=r,o=r\n5\nevil\nok\n",
    }
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection, connection.makefile("rwb") as stream:
                for line in stream:
                    stream.write(answers.get(line.decode().strip(), "").encode())
                    stream.flush()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f":pserver:anonymous@127.0.0.1:{listener.getsockname()[1]}/cvs"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize("directory", ["sme9", "sme9/CVS", ".sme10.old", "../x", "sme10/../../x", "module/../sme9"])
def test_a_server_of_cvs_puts_files_into_the_export_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, directory: str
) -> None:
    need("cvs")
    monkeypatch.setenv("HOME", str(tmp_path))
    write_file(tmp_path / "src/sme9/file", "ours\n")
    before = sorted(tmp_path.rglob("*"))
    with lying(directory) as root, pytest.raises(SmeError, match=r"^cvs :pserver:"):
        checkouts = [CheckoutSettings("content", tmp_path / "src/sme10", ExportSource("cvs", root, "module"))]
        checkout.export_checkouts(checkouts, tmp_path / "src/sme10", tmp_path / "mirrors", ONLINE)
    assert sorted(tmp_path.rglob("*")) == before and (tmp_path / "src/sme9/file").read_text() == "ours\n"


def test_a_directory_within_a_working_copy_of_cvs_names_no_other_server(tmp_path: Path) -> None:
    cvs = CvsRepository(tmp_path)
    cvs.commit({"deep/file": "text\n"})
    evil = tmp_path / "evil"
    write_file(evil, f"#!/bin/sh\ntouch {tmp_path}/ran\n", 0o755)
    write_file(cvs.work / "deep/CVS/Root", f":ext;CVS_RSH={evil}:host:{cvs.root}\n")
    export.local_edits(cvs.work, ONLINE)
    assert not (tmp_path / "ran").exists()
