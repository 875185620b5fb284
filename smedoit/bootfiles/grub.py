# SPDX-License-Identifier: GPL-3.0-or-later
"""grub.cfg as GRUB reads it: words, commands and blocks. Source: GRUB 2.02, grub-core/script/yylex.l, parser.y

Variables stay as they stand: what they hold is known only where GRUB runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from smedoit.bootfiles.entries import MOST_MENUS, BootEntry, LoadMenu, MenuWord, menu_path
from smedoit.runtime import foreign

KERNELS = ("linux", "linuxefi", "linux16")
INITRDS = ("initrd", "initrdefi", "initrd16")
LEADS_ELSEWHERE = (
    *("chainloader", "configfile", "source", ".", "exit", "reboot", "halt", "fwsetup", "normal", "multiboot"),
    *("multiboot2", "boot", "kernel", "ntldr", "freedos", "xen_hypervisor", "legacy_configfile", "appleloader"),
)
MENUS = ("menuentry", "submenu")
PLAIN, SPACE = re.compile(r"[^{}|&$;<> \t\r\n'\"\\]+"), re.compile(r"(?:[ \t\r]|\\\r?\n)+")
VARIABLE = re.compile(r"\$(?:\{[^{}\n]*\}|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[?*@#])?")
LEADING = ("if", "elif", "while", "until", "then", "else", "do", "!", "time")  # a command may follow on the line
CLOSERS = {"fi": "if", "done": "do"}
PREFIX = re.compile(r"^\$(?:prefix|\{prefix\})(?=/)")


@dataclass(frozen=True)
class GrubWord:
    """A word as GRUB sees it, without its quotes, and where it stands in the text with them."""

    text: str
    start: int
    end: int
    quoted: bool = False


@dataclass
class GrubCommand:
    """A command, and what stands in the braces behind it; None without braces.

    depends  whether an if or a loop decides that it runs
    """

    line: int
    words: list[GrubWord]
    body: list[GrubCommand] | None = None
    depends: bool = False

    @property
    def name(self) -> str:
        """What it runs, "" for an empty line."""
        return self.words[0].text if self.words else ""

    @property
    def given(self) -> list[str]:
        """Its words behind the name."""
        return [word.text for word in self.words[1:]]


@dataclass
class GrubScript:
    """One grub.cfg.

    faults  (line, what is wrong): quotes, braces, if and fi that do not match
    """

    commands: list[GrubCommand] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def walk(self) -> Iterator[GrubCommand]:
        """Yield every command, those in braces behind that before the braces."""
        waiting = list(reversed(self.commands))
        while waiting:
            command = waiting.pop()
            yield command
            waiting += reversed(command.body or [])


def parse_grub_script(text: str) -> GrubScript:
    """Return the commands of a grub.cfg."""
    reader = _ScriptReader(text)
    if text.startswith("\ufeff"):
        reader.faults.append((1, "begins with a byte order mark, which GRUB takes for a command: save it without"))
    if "\0" in text:
        reader.faults.append((1, "is no text in ASCII or UTF-8"))
    reader.read()
    return GrubScript(reader.top, reader.faults)


class _ScriptReader:
    """Reads a grub.cfg from its beginning to its end, with the blocks that are open."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.line = text, 0, 1
        self.top: list[GrubCommand] = []
        self.faults: list[tuple[int, str]] = []
        self.blocks: list[tuple[int, list[GrubCommand], list[tuple[str, int]]]] = [(0, self.top, [])]
        self.words: list[GrubWord] = []
        self.first_line = 1

    def read(self) -> None:
        """Read all of it."""
        while self.at < len(self.text):
            self.step()
        self.end_command()
        while len(self.blocks) > 1:
            line = self.close_block()
            self.faults.append((line, "{ is not closed by a }"))
        self.report_keywords()

    def step(self) -> None:
        """Read one word, or what separates words."""
        if space := SPACE.match(self.text, self.at):
            self.line += space.group().count("\n")
            self.at = space.end()
            return
        letter = self.text[self.at]
        if letter == "#":
            self.at = self.line_end()
        elif letter in "\n;|&":
            self.at += 1
            self.end_command()
            self.line += letter == "\n"
        elif letter == "{":
            self.at += 1
            self.open_block()
        elif letter == "}":
            self.at += 1
            self.end_command()
            if len(self.blocks) > 1:
                self.close_block()
            else:
                self.faults.append((self.line, "} closes no {"))
        else:
            if not self.words:
                self.first_line = self.line
            self.words.append(self.read_word())

    def read_word(self) -> GrubWord:
        """Return the word that begins here."""
        start, parts, quoted = self.at, list[str](), False
        while self.at < len(self.text):
            letter = self.text[self.at]
            if found := PLAIN.match(self.text, self.at) or VARIABLE.match(self.text, self.at):
                parts.append(found.group())
                self.at = found.end()
            elif letter in "'\"":
                quoted = True
                parts.append(self.read_quoted(letter))
            elif letter == "\\" and not SPACE.match(self.text, self.at):
                parts.append(self.read_escaped())
            elif letter in "<>":
                parts.append(letter)
                self.at += 1
            else:
                break
        return GrubWord("".join(parts), start, self.at, quoted)

    def line_end(self) -> int:
        """Return where the line ends."""
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def read_escaped(self) -> str:
        """Return what a backslash stands for; before x and two digits it stays, as Red Hat's GRUB has it."""
        two = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        return f"\\{two}" if two == "x" else two

    def read_quoted(self, quote: str) -> str:
        """Return what stands between quotes; without an end, all that is left of the line."""
        pattern = r"'([^']*)'" if quote == "'" else r'"((?:[^"\\]|\\.)*)"'
        found = re.compile(pattern, re.DOTALL).match(self.text, self.at)
        if not found:
            self.faults.append((self.line, f"{quote} is not closed"))
            end = self.line_end()
            inside, self.at = self.text[self.at + 1 : end], end
            return inside
        self.at = found.end()
        self.line += found.group().count("\n")
        return found.group(1) if quote == "'" else re.sub(r'\\([$"\\\n])', r"\1", found.group(1))

    def end_command(self) -> None:
        """Put the words since the last end into a command."""
        words, self.words = self.words, []
        while words and not words[0].quoted and (words[0].text in LEADING or words[0].text in CLOSERS):
            self.count_keyword(words.pop(0).text)
        if words:
            if words[0].text in ("for", "select") and not words[0].quoted:
                return
            inside = self.blocks[-1]
            depends = any(keyword in ("then", "else", "do") for keyword, _ in inside[2])
            inside[1].append(GrubCommand(self.first_line, words, depends=depends))

    def count_keyword(self, keyword: str) -> None:
        """Keep what is open of if and loops."""
        opened = self.blocks[-1][2]
        if keyword in ("if", "do"):
            opened.append((keyword, self.first_line))
        elif keyword in ("then", "else", "elif"):
            if opened and opened[-1][0] in ("if", "then", "else", "elif"):
                opened[-1] = (keyword, opened[-1][1])
            else:
                self.faults.append((self.first_line, f"{keyword} belongs to no if"))
        elif keyword in CLOSERS:
            kinds = ("if", "then", "else", "elif") if keyword == "fi" else ("do",)
            if opened and opened[-1][0] in kinds:
                opened.pop()
            else:
                self.faults.append((self.first_line, f"{keyword} belongs to no {CLOSERS[keyword]}"))

    def report_keywords(self) -> None:
        """Report what was opened in this block and is still open."""
        for keyword, line in self.blocks[-1][2]:
            self.faults.append((line, "do has no done" if keyword == "do" else "if has no fi"))

    def open_block(self) -> None:
        """Begin what stands in braces; it belongs to the command before it."""
        line = self.first_line if self.words else self.line
        depends = any(keyword in ("then", "else", "do") for keyword, _ in self.blocks[-1][2])
        command = GrubCommand(line, self.words, [], depends)
        self.words = []
        self.blocks[-1][1].append(command)
        self.blocks.append((self.line, command.body or [], []))
        command.body = self.blocks[-1][1]

    def close_block(self) -> int:
        """End what stands in braces; return the line where it began."""
        self.report_keywords()
        return self.blocks.pop()[0]


@dataclass
class GrubMenu:
    """A grub.cfg with all that it reads.

    scripts  file -> what it says
    """

    scripts: dict[str, GrubScript] = field(default_factory=dict)
    entries: list[BootEntry] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """What is wrong with the syntax, each with file and line."""
        found = [
            f"{file}, line {line}: {what}" for file, script in self.scripts.items() for line, what in script.faults
        ]
        named = [(file, one) for file, script in self.scripts.items() for one in script.walk() if one.given]
        found += [
            f"{file}, line {one.line}: {one.name} names {one.given[0]}, and GRUB wants a path with a slash"
            for file, one in named
            if one.name in (*KERNELS, *INITRDS) and one.given[0][:1] not in "/($"
        ]
        starts = ("menuentry", "submenu", "configfile", *KERNELS)
        if self.scripts and not any(one.name in starts for script in self.scripts.values() for one in script.walk()):
            found.append(f"{next(iter(self.scripts))}: has no menuentry, so GRUB would start nothing")
        return found


def read_grub_menu(file: str, load: LoadMenu) -> GrubMenu:
    """Return a menu of a medium, with the files that it reads by configfile and source."""
    menu, waiting = GrubMenu(), [file]
    while waiting and len(menu.scripts) < MOST_MENUS:
        name = waiting.pop(0)
        text = load(name)
        if name in menu.scripts or text is None:
            continue
        script = menu.scripts[name] = parse_grub_script(text)
        for command in script.walk():
            if command.name == "menuentry" and command.body is not None:
                menu.entries.append(read_grub_entry(command, name))
            if command.name in ("configfile", "source", ".") and command.given:
                path = resolve_grub_path(command.given[0], file)
                waiting += [path] if path else []
    return menu


def resolve_grub_path(word: str, file: str) -> str:
    """Return the path on the medium of what a grub.cfg names, "" if only GRUB could tell.

    $prefix is the directory of the first grub.cfg; ($root) is where search found the medium.
    """
    word = PREFIX.sub(lambda _: f"/{menu_path(file, '.')}", word)
    word = re.sub(r"^\(\$(?:root|\{root\})\)", "", word)
    return menu_path(file, word) if word.startswith("/") and "$" not in word else ""


def entry_title(command: GrubCommand) -> str:
    """Return the title of a menuentry or a submenu: its first word that is no option."""
    words = iter(command.words[1:])
    for word in words:
        if word.text.startswith("--") and not word.quoted:
            if "=" not in word.text and word.text != "--unrestricted":
                next(words, None)
        else:
            return word.text
    return ""


def entry_id(command: GrubCommand) -> str:
    """Return what --id says, "" without it."""
    given = command.given
    for number, word in enumerate(given):
        if word in ("--id", "$menuentry_id_option") and number + 1 < len(given):
            return given[number + 1]
        if word.startswith("--id="):
            return word[len("--id=") :]
    return ""


def read_grub_entry(command: GrubCommand, file: str) -> BootEntry:
    """Return the entry that a menuentry makes."""
    inside = list(GrubScript(command.body or []).walk())
    kernels = [one for one in inside if one.name in KERNELS and one.given]
    kernel = kernels[-1] if kernels else None
    return BootEntry(
        place=MenuWord(file, command.line, command.name, entry_title(command)),
        kernel=MenuWord(file, kernel.line, kernel.name, kernel.given[0]) if kernel else None,
        initrds=tuple(
            MenuWord(file, one.line, one.name, name) for one in inside if one.name in INITRDS for name in one.given
        ),
        arguments=tuple(MenuWord(file, kernel.line, kernel.name, word) for word in kernel.given[1:]) if kernel else (),
        started=any(one.name in LEADS_ELSEWHERE for one in inside),
    )


# default


def top_entries(menu: GrubMenu) -> list[GrubCommand]:
    """Return the menuentries and submenus of the first screen, in their order."""
    return [
        command
        for script in menu.scripts.values()
        for command in script.commands
        if command.name in MENUS and command.body is not None
    ]


def read_grub_default(menu: GrubMenu) -> MenuWord:
    """Return what the last default says; the first entry, "0", if none does or only GRUB knows."""
    found = MenuWord("", 0, "default", "0")
    for file, script in menu.scripts.items():
        for command in script.commands:
            said = command.given[0] if command.name == "set" and command.given else command.name
            if said.startswith("default=") and "$" not in said and "saved" not in said and not command.depends:
                found = MenuWord(file, command.line, "default", said.partition("=")[2])
    return found


def find_grub_entry(entries: list[GrubCommand], wanted: str) -> list[int]:
    """Return at which numbers an entry stands, one for each screen; nothing if there is none.

    wanted  a number, a title or an id; with > between them for an entry of a submenu
    """
    place: list[int] = []
    while wanted:
        head, deeper, rest = wanted, "", ""
        number = _entry_number(entries, head)
        if number is None:
            head, deeper, rest = wanted.partition(">")
            number = _entry_number(entries, head)
        if number is None:
            return []
        place.append(number)
        entries = [one for one in entries[number].body or [] if one.name in MENUS]
        wanted = rest if deeper else ""
    return place


def _entry_number(entries: list[GrubCommand], wanted: str) -> int | None:
    """Return the number of an entry by number, title or id, None if there is none."""
    number = foreign.parse_decimal(wanted)
    if number is not None:
        return number if number < len(entries) else None
    named = [n for n, one in enumerate(entries) if wanted in (entry_title(one), entry_id(one))]
    return named[0] if named else None


def default_faults(menu: GrubMenu) -> Iterator[str]:
    """Yield what is wrong with the default: it names no entry."""
    said, entries = read_grub_default(menu), top_entries(menu)
    if said.line and said.text and not find_grub_entry(entries, said.text):
        yield f"{said} names {said.text}, which no entry is; there are {len(entries)}, from 0"


# search


@dataclass(frozen=True)
class GrubSearch:
    """What a search looks for.

    kind    "label", "file" or "uuid"
    target  the word that names it, None if there is none
    sets    whether what it finds becomes a variable
    """

    command: GrubCommand
    kind: str
    target: GrubWord | None
    variable: str


SEARCH_KINDS = {
    **dict.fromkeys(("-l", "--label", "--fs-label"), "label"),
    **dict.fromkeys(("-f", "--file"), "file"),
    **dict.fromkeys(("-u", "--fs-uuid"), "uuid"),
}
COMMAND_KINDS = {"search": "file", "search.fs_label": "label", "search.file": "file", "search.fs_uuid": "uuid"}
HINTS = re.compile(r"-h|--hint(?:-\w+)?")


def parse_grub_search(command: GrubCommand) -> GrubSearch | None:
    """Return what a search command looks for, None if it is another command. -l is a flag, and the label a word."""
    if command.name not in COMMAND_KINDS:
        return None
    kind, variable, target = COMMAND_KINDS[command.name], "", None
    words = iter(command.words[1:])
    for word in words:
        if word.text in SEARCH_KINDS and not word.quoted:
            kind = SEARCH_KINDS[word.text]
        elif word.text.startswith("--set"):
            variable = word.text.partition("=")[2] or "root"
        elif word.text == "-s":
            variable = "root"
        elif HINTS.fullmatch(word.text):
            next(words, None)
        elif not word.text.startswith("-") or word.quoted:
            if target is None:
                target = word
            elif "." in command.name:
                variable = word.text
    return GrubSearch(command, kind, target, variable)


def find_searched_labels(text: str) -> list[GrubWord]:
    """Return every label that a grub.cfg searches for, where it stands; one that a variable holds is not known."""
    searches = (parse_grub_search(command) for command in parse_grub_script(text).walk())
    return sorted(
        (one.target for one in searches if one and one.kind == "label" and one.target and "$" not in one.target.text),
        key=lambda word: word.start,
    )


@dataclass(frozen=True)
class GrubRoot:
    """Where GRUB looks for a path without a device.

    command  what set it, None if nothing did: then it is where GRUB was started from, and on a USB stick that is
             efiboot.img
    found    whether that is the medium
    own      whether an entry set it for itself
    """

    command: GrubCommand | None = None
    found: bool = False
    own: bool = False


def track_grub_root(
    menu: GrubMenu, finds: Callable[[GrubSearch], bool], root: GrubRoot
) -> Iterator[tuple[str, GrubCommand, GrubRoot]]:
    """Yield every command with the file that it stands in, and where it would look for a path without a device.

    finds  whether a search finds the medium
    root   where it looks first
    """
    for file, script in menu.scripts.items():
        waiting = [(command, False) for command in reversed(script.commands)]
        outside: list[GrubRoot] = []
        while waiting:
            command, ends = waiting.pop()
            if ends:
                root = outside.pop()
                continue
            root = _next_root(command, root, finds, own=bool(outside))
            yield file, command, root
            if command.body is not None:
                if command.name in MENUS:
                    outside.append(root)
                    waiting.append((command, True))
                waiting += [(inner, False) for inner in reversed(command.body)]


def _next_root(command: GrubCommand, root: GrubRoot, finds: Callable[[GrubSearch], bool], *, own: bool) -> GrubRoot:
    """Return where GRUB looks after a command."""
    if search := parse_grub_search(command):
        return GrubRoot(command, finds(search), own) if search.variable == "root" else root
    said = command.given[0] if command.name == "set" and command.given else command.name
    if said.startswith("root="):
        return GrubRoot(command, "$" in said, own)
    return root
