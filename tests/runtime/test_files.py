# SPDX-License-Identifier: GPL-3.0-or-later
"""test_files"""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.errors import FileError
from smedoit.runtime import process, progress, run_lock
from smedoit.runtime.files import (
    BESIDE,
    copy_file,
    digest_file,
    link_file,
    read_file_bytes,
    read_file_text,
    recover_directory,
    remove_file,
    replacing_file,
    resolve_file_below,
    stamp_file,
    walk_files,
    write_file,
)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


# Writing


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    write_file(tmp_path / "a/b/file", b"data")
    assert (tmp_path / "a/b/file").read_bytes() == b"data"


def test_nothing_else_is_left_beside_it(tmp_path: Path) -> None:
    write_file(tmp_path / "file", "text")
    assert files(tmp_path) == ["file"]


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_its_mode_is_ours_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_file(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


@given(st.binary(max_size=40))
def test_any_bytes_survive_as_text(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    write_file(path, data)
    write_file(path, read_file_text(path))
    assert path.read_bytes() == data


def test_a_failed_writing_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"old")
    with pytest.raises(ZeroDivisionError), replacing_file(tmp_path / "file") as beside:
        beside.write_bytes(b"half")
        raise ZeroDivisionError
    assert (files(tmp_path), (tmp_path / "file").read_bytes()) == (["file"], b"old")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interruption_leaves_the_old_file_and_nothing_beside(tmp_path: Path, stop: type[BaseException]) -> None:
    write_file(tmp_path / "file", b"old")
    with pytest.raises(stop), replacing_file(tmp_path / "file") as beside:
        beside.write_bytes(b"half")
        raise stop
    assert (files(tmp_path), (tmp_path / "file").read_bytes()) == (["file"], b"old")


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"old")
    program = (
        "import signal, sys; from pathlib import Path; from smedoit.runtime import files\n"
        "with files.replacing_file(Path(sys.argv[1])) as beside:\n"
        "    beside.write_bytes(b'half'); print('now', flush=True); signal.pause()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, tmp_path / "file"], stdout=subprocess.PIPE)
    assert child.stdout
    assert child.stdout.readline() == b"now\n"
    child.kill()
    child.communicate()
    assert (tmp_path / "file").read_bytes() == b"old"
    write_file(tmp_path / "file", b"new")
    assert (files(tmp_path), (tmp_path / "file").read_bytes()) == (["file"], b"new")


def test_a_reader_keeps_the_old_content_while_the_new_is_written(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"old")
    with (tmp_path / "file").open("rb") as reader:
        write_file(tmp_path / "file", b"new")
        assert reader.read() == b"old"


def test_a_hard_link_elsewhere_keeps_its_content(tmp_path: Path) -> None:
    write_file(tmp_path / "source", b"old")
    os.link(tmp_path / "source", tmp_path / "file")
    write_file(tmp_path / "file", b"new")
    assert (tmp_path / "source").read_bytes() == b"old"


def test_a_durable_file_is_synced_before_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("sync"), fsync(fd))[1])
    monkeypatch.setattr(os, "replace", lambda *names: (order.append("rename"), replace(*names))[1])
    write_file(tmp_path / "file", b"")
    assert order[:2] == ["sync", "rename"]


# What cannot be written or read, in words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space left on device\n  hint: free some room"),
        (errno.EDQUOT, "quota exceeded\n  hint: the quota is used up"),
        (errno.EROFS, "read-only file system\n  hint: that file system is read-only"),
        (errno.EACCES, "permission denied\n  hint: let your user write there"),
        (errno.EFBIG, "file too large\n  hint: that file system cannot hold"),
        (errno.EIO, "input/output error"),
    ],
)
def test_what_the_system_refuses_is_said_in_its_words_with_a_way_on(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(FileError) as caught, replacing_file(tmp_path / "file"):
        raise OSError(number, os.strerror(number))
    assert (
        str(caught.value)
        .lower()
        .replace("disk quota", "quota")
        .startswith(f"{tmp_path}/file: cannot be written, {words}".lower())
    )
    assert files(tmp_path) == []


def test_the_sentence_names_the_file_and_not_its_place_beside(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(FileError) as caught:
        write_file(tmp_path / "file", b"")
    assert str(caught.value).startswith(f"{tmp_path}/file: cannot be written, is a directory")
    assert BESIDE not in str(caught.value)


def test_a_file_in_a_directorys_place_is_a_sentence(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"")
    with pytest.raises(FileError, match="cannot be written"):
        write_file(tmp_path / "a/b", b"")


def test_an_absent_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="none: cannot be read, no such file or directory\n  hint: put it in place"):
        read_file_bytes(tmp_path / "none")


def test_copying_an_absent_file_names_that_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="none: cannot be copied, no such file"):
        copy_file(tmp_path / "none", tmp_path / "target")
    assert files(tmp_path) == []


# Copies and links


def test_a_copy_has_the_content_and_our_mode(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"data", mode=0o600)
    copy_file(tmp_path / "a", tmp_path / "b")
    assert ((tmp_path / "b").read_bytes(), stat.S_IMODE((tmp_path / "b").stat().st_mode)) == (b"data", 0o644)


def test_a_link_is_the_same_file(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"data")
    link_file(tmp_path / "a", tmp_path / "deep/b")
    assert os.path.samefile(tmp_path / "a", tmp_path / "deep/b")


def test_a_link_replaces_what_was_there(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"new")
    write_file(tmp_path / "b", b"old")
    link_file(tmp_path / "a", tmp_path / "b")
    assert (files(tmp_path), (tmp_path / "b").read_bytes()) == (["a", "b"], b"new")


def test_linking_again_leaves_nothing_beside(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"")
    for _ in range(2):
        link_file(tmp_path / "a", tmp_path / "b")
    assert files(tmp_path) == ["a", "b"]


def test_a_symlink_is_linked_as_the_file_behind_it(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"data")
    (tmp_path / "symlink").symlink_to("a")
    link_file(tmp_path / "symlink", tmp_path / "b")
    assert not (tmp_path / "b").is_symlink()
    assert os.path.samefile(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_where_no_link_can_be_it_is_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    write_file(tmp_path / "a", b"data")
    monkeypatch.setattr(os, "link", refuse)
    link_file(tmp_path / "a", tmp_path / "b")
    assert (files(tmp_path), (tmp_path / "b").read_bytes()) == (["a", "b"], b"data")


def test_linking_an_absent_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be linked, no such file"):
        link_file(tmp_path / "none", tmp_path / "b")


def test_removing_what_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    remove_file(tmp_path / "none")


# Knowing a file again


def test_a_stamp_changes_with_size_time_and_inode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    stamps = [stamp_file(path)]
    os.utime(path, ns=(1, 1))
    stamps.append(stamp_file(path))
    path.write_bytes(b"12")
    os.utime(path, ns=(1, 1))
    stamps.append(stamp_file(path))
    copy_file(path, tmp_path / "other")
    os.utime(tmp_path / "other", ns=(1, 1))
    stamps.append(stamp_file(tmp_path / "other"))
    assert len(set(stamps)) == 4


def test_a_digest_depends_on_the_content_alone(tmp_path: Path) -> None:
    for name, data in (("a", b"x" * 3000000), ("b", b"x" * 3000000), ("c", b"x" * 2999999 + b"y")):
        (tmp_path / name).write_bytes(data)
    digests = [digest_file(tmp_path / name) for name in "abc"]
    assert digests[0] == digests[1] != digests[2]


# Walking


def test_a_walk_is_sorted_by_the_whole_path(tmp_path: Path) -> None:
    for name in ("b", "a/z", "a.txt", "a/b/c", "B"):
        write_file(tmp_path / name, b"")
    assert [relative for relative, _ in walk_files(tmp_path)] == ["B", "a.txt", "a/b/c", "a/z", "b"]


@pytest.mark.parametrize(
    "name", ["CVS/Root", ".git/HEAD", "a/CVS/Entries", ".svn/entries", "a/.cvsignore", "x.smedoit-new"]
)
def test_what_is_nobodys_content_does_not_come_out(tmp_path: Path, name: str) -> None:
    write_file(tmp_path / "a/file", b"")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    assert [relative for relative, _ in walk_files(tmp_path)] == ["a/file"]


def test_a_linked_directory_comes_out_and_is_not_entered(tmp_path: Path) -> None:
    write_file(tmp_path / "a/file", b"")
    (tmp_path / "b").symlink_to("a")
    assert [relative for relative, _ in walk_files(tmp_path)] == ["a/file", "b"]


def test_odd_names_come_out_whole(tmp_path: Path) -> None:
    names = sorted([b"two words", b"new\nline", b"\xff\xfe", "é".encode()])
    for name in names:
        (tmp_path / os.fsdecode(name)).touch()
    assert sorted(os.fsencode(relative) for relative, _ in walk_files(tmp_path)) == names


# Links that lead astray


def test_a_link_within_the_root_is_fine(tmp_path: Path) -> None:
    write_file(tmp_path / "a/file", b"")
    (tmp_path / "link").symlink_to("a/file")
    assert resolve_file_below(tmp_path, "link") == tmp_path / "link"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere", "is a dangling link"),
        ("link", "is a dangling link"),
        ("../outside", "leads out of"),
        ("/etc/passwd", "leads out of"),
        ("a", "is not a regular file"),
    ],
)
def test_a_link_that_leads_astray_is_refused_by_its_name(tmp_path: Path, target: str, words: str) -> None:
    root = tmp_path / "root"
    write_file(root / "a/file", b"")
    write_file(tmp_path / "outside", b"")
    (root / "link").symlink_to(target)
    with pytest.raises(FileError) as caught:
        resolve_file_below(root, "link")
    assert str(caught.value).startswith(f"{root}/link: {words}")
    assert "hint:" in str(caught.value)


def test_a_root_that_is_a_link_itself_is_no_trouble(tmp_path: Path) -> None:
    write_file(tmp_path / "real/file", b"")
    (tmp_path / "root").symlink_to("real")
    assert resolve_file_below(tmp_path / "root", "file")


def test_a_root_whose_name_only_begins_alike_is_outside(tmp_path: Path) -> None:
    write_file(tmp_path / "root-2/file", b"")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/link").symlink_to("../root-2/file")
    with pytest.raises(FileError, match="leads out of"):
        resolve_file_below(tmp_path / "root", "link")


def test_files_that_may_be_lost_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    write_file(tmp_path / "1", b"x", durable=False)
    assert waited == []
    write_file(tmp_path / "2", b"x")
    assert waited


def test_two_processes_may_write_what_can_be_lost_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from smedoit.runtime.files import write_file\n"
        "for number in range(300): write_file(Path(sys.argv[1]), str(number), durable=False)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cache.json")]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["cache.json"]


def test_logs_and_locks_never_go_through_a_link(tmp_path: Path) -> None:
    precious, link = tmp_path / "precious", tmp_path / "logs/link"
    write_file(precious, b"precious")
    link.parent.mkdir()
    for target in (precious, tmp_path / "not there yet"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        for work in (
            lambda: progress.open_task_log(link).__enter__(),
            lambda: process.run_program(["true"], log=link),
            lambda: run_lock.lock_file_alone(link, lambda _: FileError("held")),
        ):
            with pytest.raises(FileError, match=r"logs/link: cannot be written.*\n  hint: a link stands in its place"):
                work()
    assert precious.read_bytes() == b"precious" and sorted(os.listdir(tmp_path)) == ["logs", "precious"]


@pytest.mark.parametrize("kind", ["link", "file"])
def test_only_a_directory_comes_back_after_an_interrupted_replacement(tmp_path: Path, kind: str) -> None:
    old = tmp_path / ".content.old"
    old.symlink_to("/etc") if kind == "link" else old.touch()
    with pytest.raises(FileError, match=r"\.content\.old: is not the directory that was replaced"):
        recover_directory(tmp_path / "content")
    assert not os.path.lexists(tmp_path / "content")
