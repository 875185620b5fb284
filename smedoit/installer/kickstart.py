# SPDX-License-Identifier: GPL-3.0-or-later
"""Kickstart files as anaconda reads them with pykickstart: what it would refuse, and what else they ask for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import USUAL
from smedoit.installer.kickstart_commands import KickstartCommand, command_fault, nearest_hint
from smedoit.installer.kickstart_syntaxes import find_syntax

SCRIPTS = ("%pre", "%pre-install", "%post", "%traceback", "%onerror")
DEEPEST, MOST_INCLUDES = 10, 100  # files within each other, and in all
SHOWN = 60  # characters of a word that a sentence repeats
NO_OPTION = re.compile(r"has no option (--[\w-]+)")
NETWORK = re.compile(r"(?i)(?:https?|ftp|nfs):")
WIDE = (b"\xff\xfe", b"\xfe\xff")
BOM = "\udcef\udcbb\udcbf"
KICKSTART_NAMES = ("*.ks", "ks.cfg", "ks-*.cfg", "*-ks.cfg", "*_ks.cfg")
Include = Callable[[str, str], "tuple[str, bytes] | None"]


@dataclass(frozen=True)
class KickstartLine:
    """A line of a kickstart file: the file, as it is called in sentences, and the number."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}"


@dataclass
class Kickstart:
    """What a kickstart file says, with what it includes.

    faults    at which the installer would end, as sentences
    remarks   what it takes, and nobody wanted
    includes  (line, path) of files that it includes, and that could not be read
    packages  (line, name) of packages; a leading "-" keeps one out
    groups    (line, name) of groups, likewise
    streams   (line, NAME:STREAM) of module streams
    remote    (line, what it says) of commands that install from elsewhere
    added     names of packages that its commands make the installer add
    is_patient  whether what is not there is passed over
    """

    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    includes: list[tuple[KickstartLine, str]] = field(default_factory=list)
    packages: list[tuple[KickstartLine, str]] = field(default_factory=list)
    groups: list[tuple[KickstartLine, str]] = field(default_factory=list)
    streams: list[tuple[KickstartLine, str]] = field(default_factory=list)
    environments: list[tuple[KickstartLine, str]] = field(default_factory=list)
    remote: list[tuple[KickstartLine, str]] = field(default_factory=list)
    added: dict[str, KickstartLine] = field(default_factory=dict)
    has_pre: bool = False
    is_patient: bool = False


def is_kickstart(path: str) -> bool:
    """Return whether a file is a kickstart file, by its name."""
    name = PurePosixPath(path).name
    return any(fnmatchcase(name, pattern) for pattern in KICKSTART_NAMES)


def no_include(_file: str, _path: str) -> None:
    """Find none of the files that a kickstart file includes."""


def parse_kickstart(data: bytes, file: str, find_include: Include = no_include, base: Base = USUAL) -> Kickstart:
    """Return what a kickstart file says, by the rules of pykickstart for a base.

    file          what sentences call it
    find_include  (file that includes, path) -> name and content of what is included; None if it is not there
    """
    return _Parser(file, data, find_include, base).parse()


def parse_kickstarts(
    contents: Mapping[str, bytes], find_include: Include, base: Base = USUAL
) -> Mapping[str, Kickstart]:
    """Return file -> what it says, without those that another one includes: they are read within that one.

    Of files that include each other none is read within another, so each of them stays.
    """
    parsed, inner = dict[str, Kickstart](), dict[str, set[str]]()
    for outer, data in contents.items():
        found = inner[outer] = set[str]()

        def noted(file: str, path: str, found: set[str] = found) -> tuple[str, bytes] | None:
            included = find_include(file, path)
            found.update(included[:1] if included else ())
            return included

        parsed[outer] = parse_kickstart(data, outer, noted, base)
    return {
        file: said
        for file, said in parsed.items()
        if not any(file in names and other not in inner[file] for other, names in inner.items())
    }


class _Parser:
    """The state machine of pykickstart: commands, and sections from %NAME to %end."""

    def __init__(self, file: str, data: bytes, find_include: Include, base: Base) -> None:
        self._find_include, self._found = find_include, Kickstart()
        self._base, self._syntax = base, find_syntax(base.kickstart)
        self._stack: list[tuple[str, Iterator[tuple[int, str]]]] = [(file, _numbered_lines(data))]
        self._section, self._opened = "", KickstartLine(file, 1)
        self._data, self._is_wide = data, data.startswith(WIDE)
        self._included, self._is_windows = 0, False

    def parse(self) -> Kickstart:
        """Return what the file says."""
        if self._is_wide:
            reads = "UTF-8" if self._syntax.is_text else "single bytes"
            self._refuse(self._opened, f"is UTF-16, and anaconda reads {reads}: save the file as UTF-8")
            return self._found
        self._check_letters(self._opened.file, self._data)
        while self._stack:
            file, lines = self._stack[-1]
            for number, line in lines:
                self._read_line(KickstartLine(file, number), line)
                break
            else:
                self._stack.pop()
        if self._section:
            self._refuse(self._opened, f"section {self._section} has no %end")
        return self._found

    def _check_letters(self, file: str, data: bytes) -> None:
        """Refuse a file that is not UTF-8 where anaconda reads no other."""
        if not self._syntax.is_text:
            return
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            where = KickstartLine(file, data.count(b"\n", 0, error.start) + 1)
            self._refuse(where, "is not UTF-8, and anaconda reads nothing else: save the file as UTF-8")

    def _refuse(self, where: KickstartLine, why: str) -> None:
        self._found.faults.append(f"{where}: {why}")

    def _read_line(self, where: KickstartLine, line: str) -> None:
        """Read one line: a command, the head of a section, or a line within one."""
        is_script = self._section in SCRIPTS
        if not is_script and (not line.strip() or line.lstrip().startswith("#")):
            return
        first = line.split()[0] if line.strip() else ""
        if self._section and not (first in ("%end", "%include") or first in self._syntax.sections):
            self._read_section_line(where, line)
            return
        words = self._split(where, line, comments=not self._section)
        if not words:
            return
        if not words[0]:
            self._refuse(where, "begins with an empty word")
        elif words[0] == "%include":
            self._include(where, words[1:])
        elif self._section and words[0] == "%end":
            self._section = ""
        elif words[0].startswith("%"):
            self._open_section(where, words)
        else:
            self._read_command(where, words)

    def _split(self, where: KickstartLine, line: str, comments: bool) -> list[str]:
        """Return the words of a line; none if its quotes do not close."""
        try:
            return shlex.split(line, comments=comments)
        except ValueError as error:
            self._refuse(where, f"{str(error).lower()}: {_shown(line)}")
            return []

    def _include(self, where: KickstartLine, words: list[str]) -> None:
        """Go on in an included file, and note it if it is not there."""
        if not words or not words[0]:
            self._refuse(where, "%include names no file")
            return
        self._included += 1
        found = self._find_include(where.file, words[0])
        if found is None:
            self._found.includes.append((where, words[0]))
            return
        name, data = found
        if any(name == outer for outer, _ in self._stack):
            self._refuse(where, f"%include {_shown(words[0])} goes in a circle")
        elif len(self._stack) > DEEPEST or self._included > MOST_INCLUDES:
            self._refuse(where, f"%include {_shown(words[0])} goes too deep, or is one of too many")
        else:
            self._check_letters(name, data)
            self._stack.append((name, _numbered_lines(data)))

    def _open_section(self, where: KickstartLine, words: list[str]) -> None:
        """Begin a section; the one before must have ended."""
        name = words[0]
        if self._section:
            self._refuse(self._opened, f"section {self._section} has no %end before {where.file}, line {where.number}")
        if name == "%ksappend":
            return
        sections = self._syntax.sections
        if name not in sections and name in self._syntax.removed:
            self._refuse(where, f"{name} is no section on {self._base.words}: {self._instead(name)}")
            self._section, self._opened = name, where
            return
        if name not in sections:
            self._refuse(where, f"{_shown(name)} is no section{nearest_hint(name, sections)}")
            return
        if fault := command_fault(sections[name], words[1:]):
            self._refuse(where, f"{name} {self._explained(fault)}")
        if name == "%packages" and "--default" in words and {"--nobase", "--nocore"}.intersection(words):
            self._refuse(where, "%packages cannot have --default together with --nobase or --nocore")
        self._found.has_pre |= name in ("%pre", "%pre-install")
        self._found.is_patient |= name == "%packages" and "--ignoremissing" in words
        self._section, self._opened = name, where

    def _read_section_line(self, where: KickstartLine, line: str) -> None:
        """Read a line within a section."""
        if self._section == "%packages":
            self._read_package(where, line.partition("#")[0].strip())
        elif self._section == "%anaconda":
            words = self._split(where, line, comments=True)
            if words:
                self._check_command(where, words, self._syntax.anaconda, "no command of %anaconda")
        elif self._section in SCRIPTS and line.endswith("\r") and not self._is_windows:
            self._is_windows = True
            self._found.remarks.append(f"{where}: ends as in Windows, and a shell takes that for a letter")

    def _read_package(self, where: KickstartLine, text: str) -> None:
        """Read a line of %packages: a package, a group, an environment, or one that stays away."""
        if not text:
            return
        sign = "-" if text.startswith("-") else ""
        name = text[len(sign) :]
        if not name:
            self._refuse(where, "a - without a name")
        elif name.startswith("@^"):
            if not sign:
                self._found.environments.append((where, name[2:]))
        elif name.startswith("@"):
            words = [name[1:]] if sign else name[1:].split()
            if fault := "" if sign else command_fault(self._syntax.group, words):
                self._refuse(where, f"group {fault}")
            plain = " ".join(word for word in words if not word.startswith("--"))
            if self._base.platform and ":" in plain:
                self._found.streams.append((where, sign + plain.strip()))
            else:
                self._found.groups.append((where, sign + plain.strip()))
        else:
            self._found.packages.append((where, sign + name))

    def _read_command(self, where: KickstartLine, words: list[str]) -> None:
        """Read a command outside of sections."""
        if words[0].startswith(BOM):
            self._refuse(where, "begins with a byte order mark: save the file as UTF-8 without one")
            return
        self._check_command(where, words, self._syntax.commands, "no command of anaconda's")
        if package := self._syntax.added.get(words[0]):
            self._found.added.setdefault(package, where)
        given = {f"{words[0]} {word.partition('=')[0]}" for word in words[1:]}
        for said in sorted({words[0], *given} & set(self._syntax.deprecated)):
            write = self._syntax.deprecated[said]
            advice = f"write {write}" if write else "leave it out"
            self._found.remarks.append(f"{where}: {said} does nothing on {self._base.words}: {advice}")
        if words[0] == "nfs" or (words[0] in ("url", "repo", "liveimg") and any(map(_is_remote, words))):
            self._found.remote.append((where, _shown(" ".join(words))))

    def _check_command(
        self, where: KickstartLine, words: list[str], known: Mapping[str, KickstartCommand], kind: str
    ) -> None:
        """Note a command that is not known, or not as it must be."""
        name = words[0]
        if name not in known and name in self._syntax.removed:
            self._refuse(where, f"{name} is {kind} on {self._base.words}: {self._instead(name)}")
        elif name not in known:
            self._refuse(where, f"{_shown(name)} is {kind}{nearest_hint(name, known)}")
        elif fault := command_fault(known[name], words[1:]):
            self._refuse(where, f"{name} {self._explained(fault)}")

    def _explained(self, fault: str) -> str:
        """Return a fault, with what to write for an option that was once taken."""
        found = NO_OPTION.match(fault)
        if found and found[1] in self._syntax.removed:
            return f"{found[0]} on {self._base.words}: {self._instead(found[1])}"
        return fault

    def _instead(self, removed: str) -> str:
        """Return what to do about a command or an option that is refused now."""
        write = self._syntax.removed[removed]
        return f"write {write}" if write else "leave it out"


def _numbered_lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield number and text of every line; of its end, a carriage return before a line feed is kept.

    Letters beyond ASCII are no blanks, as for the installer's Python 2.
    """
    text = data.decode("ascii", "surrogateescape")
    return iter(enumerate((line.removesuffix("\n") for line in re.split(r"(?<=\n)|\r(?!\n)", text)), 1))


def _is_remote(word: str) -> bool:
    """Return whether a word of a command names a place on the network."""
    return bool(NETWORK.match(word.partition("=")[2] or word))


def _shown(text: str) -> str:
    """Return what a sentence repeats of a line."""
    text = text.strip().encode("ascii", "surrogateescape").decode("utf-8", "replace")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
