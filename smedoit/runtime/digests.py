# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of files, remembered by their stamps: what has not changed is not read again.

A stamp knows a file by its inode, whatever it is called: a hard link in another release's
tree is the same file, and is not read again either.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path

from smedoit.runtime import files, foreign, progress
from smedoit.runtime.cache import FactCache

DIGESTS, CTIME = "digests", "ctime"  # the kind of fact, and what stands in one beside digests
PROOFS = ("sha256", "md5", "xxh3")  # digests of a whole file, the one that is hardest to forge first
ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")  # in metadata; hashlib has some without a length
BLOCK = 1024  # bytes at the beginning of a file that the rolling sum covers; no part may be shorter

# The table of jigdo's own rolling sum. Its author, Richard Atterer, claims no copyright for the numbers.
TABLE: tuple[int, ...] = struct.unpack(
    ">256I",
    bytes.fromhex("""
        51d65c0f 083cd94b 77f73dd8 a0187d36 29803d07 7ea8ac0e ea4c16c9 fc576443 6213df29 1c012392 b38946ae 2e20ca31
        e4dc532f cb281c47 8508b6a5 b93c210d ef02b5f3 66548c74 9ae2deab 3b59f472 4e546447 45232d1f 0ac0a4b1 6c4c264b
        5d24ce84 0f2752cc a35c7ac7 3e31af51 79675a59 581f0e81 49053122 7339c9d8 f9833565 a3dbe5b3 cc06eeb9 92d0671c
        3eb220a7 64864eae ca100872 c50977a1 d90378e1 7a36cab9 15c15f4b 8b9ef749 cc1432dc 1ec578ed 27e6e092 bb06db8f
        67f661ac 8dd1a3db 2a0ca16b b229ab84 127a3337 347d846f e1ea4b50 008dbb91 414c1426 d2be76f0 08789a39 b4d93e30
        61667760 8871bee9 ab7da12d e3c58620 e9fdfbbe 64fb04f7 8cc5bbf0 f5272d30 8f161b50 11122b05 7695e72e a1c5d169
        1bfd0e20 ef7e6169 f652d08e a9d0f139 2f70aa04 ae2c7d6d a3cb9241 3ae7d364 348788f8 f483b8f1 55a011da 189719dc
        b0c5d723 8b344e33 300d46eb d44fe34f 1a2016c1 66ce4cd7 a45ea5e3 55cb708a bce430df b01ae6e0 3551163b 2c5b157a
        574c4209 430fd0e4 3387e4a5 ee1d7451 a9635623 873ab89b b96bc6aa 59898937 e646c6e7 b79f8792 3f3235d8 ef1b5acf
        d975b22b 427acce6 e47a2411 75f8c1e8 a63f799d 53886ad8 9b2d6d32 ea822016 cdee2254 d98bcd98 2933a544 961f379f
        49219792 c61c360f 77cc0c64 7b872046 b91c7c12 7577154b 196573be f788813f 41e2e56a ec3cd244 8c7401f1 c2e805fe
        e8872fbe 9e2faf7d 6766456b 888e2197 28535c6d 2ce45f3f 24261d2a d6faab8b 7a7b42b8 15f0f6fa fe1711df 7e5685a6
        00930268 74755331 1998912c 7b60498b 501a5786 92ace0f6 1d9752fe 5a731add 5b3b44fc 473673f9 a42c0321 d82f9f18
        b4b225da fc89ece2 072e1130 5772aae3 29010857 542c970c 94f67fe5 71209e9b db97ea39 2689b41b ae815804 fc5e2651
        d4521674 48ed979a 2f617da3 c350353d c3accd94 bd8d313a c61a8e77 f34940a4 8d2c6b0f 0f0e7225 39e183db d19ebba9
        6a0f37b9 d18922f3 106420c5 aa5a640b 7cf0d273 cf3238a7 3b33204f 476be7bb 09d23bca be84b2f7 b7a3bace 2528cee1
        3dcaa1dd 900ad31a f21dea6d 9ce51463 f1540bba 0fab1bdd 89cfb79a 01a2a6e6 6f85d67c d1669ec4 355db722 00ebd5c4
        926eb385 69ead869 0da2b122 402779fe daed92d0 57e9aabb 3df64854 fcc774b5 2e1740ed a615e024 f7bac938 377dfd1a
        d0559d66 25499be8 2d8f2006 faa9e486 95e980e7 82aeba67 5a7f2561 bc60dff6 6c8739a2 7ec59a8b 9998f265 dfe37e5e
        b47cee1e 4dd8bc9e 35c57e09 07850b63 06eadbcb 6c1f2956 01685c2c f5725eef f13b98b5 aab739c2 200b1da2 a716b98b
        d9ee3058 76acf20b 2f259e04 ed11658b 1532b331 0ab43204 f0beb023 b1685483 58cbdc4f 079384d3 049b141c c38184b9
        af551d9a 66222560 059deeca 535f99e2
    """),
)


def rsync64_sum(data: bytes) -> int:
    """Return jigdo's rolling sum of data: 32 bits of plain sum, and above them 32 of the sum of all sums."""
    sums = list(accumulate(map(TABLE.__getitem__, data)))
    return (sum(sums) & 0xFFFFFFFF) << 32 | (sums[-1] & 0xFFFFFFFF) if sums else 0


class DigestCache:
    """Digests of files in the cache of facts; losing them costs a reading, nothing else.

    A file is found by its size, mtime and inode. Where its ctime is another one than before, it is read once
    more: if its digest is what it was, only a link was made or a mode changed, and all that is known of it holds.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known: dict[str, dict[str, str]] = {}  # of those asked for so far: kind -> digest, and CTIME
        self.learned: dict[str, Path] = {}
        self.linked: list[tuple[Path, files.FileStamp, files.FileStamp]] = []

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of a file. Raises FileError."""
        return self.of(path, "sha256")["sha256"]

    def of(self, path: Path, *kinds: str) -> dict[str, str]:
        """Return the digests of a file, by kind: some of READERS. Raises FileError."""
        return self.of_each({path: kinds})[path]

    def of_all(self, paths: Iterable[Path], *kinds: str) -> dict[Path, dict[str, str]]:
        """Return the same kinds of digest of many files. Raises FileError."""
        return self.of_each(dict.fromkeys(paths, kinds))

    def of_each(self, wanted: Mapping[Path, tuple[str, ...]]) -> dict[Path, dict[str, str]]:
        """Return the digests of many files, of each the kinds wanted; as many files at once as there are processors.

        Raises FileError.
        """
        stamps = self._look(wanted)
        fresh: dict[tuple[str, str], Path] = {}  # by file and kind: a hard link need not be read again
        for path, kinds in wanted.items():
            key = _stamp_key(stamps[path])
            fresh |= {(key, kind): path for kind in kinds if kind not in self.known[key]}
        for (_, kind), path, digest in _hash_files(fresh):
            self.learn(path, stamps[path], **{kind: digest})
        found = {path: self.known[_stamp_key(stamp)] for path, stamp in stamps.items()}
        return {path: {kind: found[path][kind] for kind in kinds} for path, kinds in wanted.items()}

    def known_digests(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Return the SHA-256 of those files of which one is known; only for another ctime they are read.

        Raises FileError.
        """
        found = {path: self.known[_stamp_key(stamp)] for path, stamp in self._look(paths).items()}
        return {path: entry["sha256"] for path, entry in found.items() if "sha256" in entry}

    def digests_at(self, stamps: Mapping[str, files.FileStamp], kind: str) -> dict[str, str]:
        """Return the digests of those files of which one is known at this very stamp; no file is looked at."""
        self._load(_stamp_key(stamp) for stamp in stamps.values())
        found = {path: self.known[_stamp_key(stamp)] for path, stamp in stamps.items()}
        return {
            path: entry[kind]
            for path, entry in found.items()
            if kind in entry and entry[CTIME] == str(stamps[path].ctime_ns)
        }

    def learn(self, path: Path, stamp: files.FileStamp | None = None, **found: str) -> None:
        """Remember digests, by kind, that somebody else has computed. Raises FileError.

        stamp  of the file when they were computed, if that may be a while ago
        """
        stamp = stamp or read_stamp(path)
        key, entry = _stamp_key(stamp), {**found, CTIME: str(stamp.ctime_ns)}
        self.known[key] = _merge_entries(self.known.get(key, {}), entry)
        self.learned[key] = path

    def follow_link(self, path: Path, before: files.FileStamp) -> None:
        """Take it for the same file after we have linked it ourselves; before is its stamp just before that.

        Else every package would have to be read again for having been linked into the tree. Raises FileError.
        """
        self.linked.append((path, before, read_stamp(path)))

    def save(self) -> None:
        """Write down what was learned, beside what others learned of the same files meanwhile."""
        self._load([_stamp_key(before) for _, before, _ in self.linked])
        self._follow_links()
        if self.learned:
            with FactCache(self.file) as facts:
                theirs = _read_entries(facts, self.learned)
                for key, path in self.learned.items():
                    entry = _merge_entries(theirs.get(key, {}), self.known[key])
                    facts.put(DIGESTS, key, path, json.dumps(entry, separators=(",", ":")).encode())
            self.learned.clear()

    def _look(self, paths: Iterable[Path]) -> dict[Path, files.FileStamp]:
        """Return the stamps of files, after making sure that what is known of them still holds. Raises FileError."""
        stamps = {path: read_stamp(path) for path in paths}
        self._load(map(_stamp_key, stamps.values()))
        self._follow_links()
        doubtful: dict[tuple[str, str], Path] = {}
        for path, stamp in stamps.items():
            entry = self.known[_stamp_key(stamp)]
            if entry and entry[CTIME] != str(stamp.ctime_ns):
                doubtful[_stamp_key(stamp), _proof_of(entry)] = path
        for (_, kind), path, digest in _hash_files(doubtful):
            self.learn(path, stamps[path], **{kind: digest})
        return stamps

    def _load(self, keys: Iterable[str]) -> None:
        """Have what the cache knows under keys."""
        new = [key for key in dict.fromkeys(keys) if key not in self.known]
        if new:
            with FactCache(self.file) as facts:
                self.known |= {**{key: {} for key in new}, **_read_entries(facts, new)}

    def _follow_links(self) -> None:
        """Give the entries of files that we linked their new ctime, where the one before was theirs."""
        waiting, self.linked = self.linked, []
        for path, before, after in waiting:
            key = _stamp_key(before)
            if key not in self.known:
                self.linked.append((path, before, after))
            elif key == _stamp_key(after) and self.known[key].get(CTIME) == str(before.ctime_ns):
                self.known[key][CTIME] = str(after.ctime_ns)
                self.learned.setdefault(key, path)


def _merge_entries(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Return what is known of a file, in all; the old counts only if it is of the same content."""
    proof = _proof_of(old)
    same = old.get(CTIME) == new[CTIME] or (proof in old and old[proof] == new.get(proof))
    return {**(old if same else {}), **new}


def _proof_of(entry: Mapping[str, str]) -> str:
    """Return the kind of digest that shows whether an entry still holds: the best of those that are known."""
    return next((kind for kind in PROOFS if kind in entry), PROOFS[0])


def _read_entries(facts: FactCache, keys: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what the cache knows under keys; a value that cannot be meant is not known."""
    found: dict[str, dict[str, str]] = {}
    for key, value in facts.get_many(DIGESTS, keys).items():
        with contextlib.suppress(ValueError, AttributeError):
            entry = {str(kind): str(digest) for kind, digest in foreign.parse_json(value).items()}
            found |= {key: entry} if CTIME in entry else {}
    return found


def _hash_files(wanted: Mapping[tuple[str, str], Path]) -> Iterator[tuple[tuple[str, str], Path, str]]:
    """Yield key, path and digest for every path, read as the kind says that is the second part of its key."""
    from concurrent.futures import ThreadPoolExecutor

    if wanted:
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing leaves the interpreter free for the others
            read = pool.map(lambda item: READERS[item[0][1]](item[1]), wanted.items())
            for (key, path), digest in zip(
                wanted.items(), progress.track_progress(read, len(wanted), "hashing files"), strict=True
            ):
                yield key, path, digest


def read_stamp(path: Path) -> files.FileStamp:
    """Return the stamp of a file. Raises FileError."""
    with files.wrap_os_errors(path, "read"):
        return files.stamp_file(path)


def _stamp_key(stamp: files.FileStamp) -> str:
    """Return what a file is found by: all of its stamp but the ctime."""
    return " ".join(map(str, stamp.without_ctime))


def algorithm_name(kind: str) -> str:
    """Return what hashlib calls an algorithm of metadata, "" for one that nobody makes metadata with."""
    name = {"sha": "sha1"}.get(kind, kind)
    return name if name in ALGORITHMS else ""


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file. Raises FileError."""
    return _hash_file(path, hashlib.sha256())


def md5_file(path: Path) -> str:
    """Return the MD5 of a file, for jigdo and old mirrors; it proves nothing. Raises FileError."""
    return _hash_file(path, hashlib.md5(usedforsecurity=False))


def _hash_file(path: Path, state: hashlib._Hash) -> str:
    """Return what state makes of a file, in hexadecimal. Raises FileError."""
    with files.wrap_os_errors(path, "read"), files.open_regular_file(path) as file:
        while block := file.read(files.BLOCK):
            state.update(block)
    return state.hexdigest()


def _jigdo_head_sum(path: Path) -> str:
    """Return jigdo's rolling sum of the first bytes of a file, in hexadecimal. Raises FileError."""
    with files.wrap_os_errors(path, "read"), files.open_regular_file(path) as file:
        return f"{rsync64_sum(file.read(BLOCK)):016x}"


def _xxh3_file(path: Path) -> str:
    """Return the xxh3 of a file, which is quick, and stops nobody who wants another one. Raises FileError."""
    with files.wrap_os_errors(path, "read"):
        return files.digest_file(path)


READERS: Mapping[str, Callable[[Path], str]] = {
    "sha256": sha256_file,
    "md5": md5_file,
    "xxh3": _xxh3_file,
    "rsync64": _jigdo_head_sum,
}
