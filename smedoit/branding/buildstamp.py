# SPDX-License-Identifier: GPL-3.0-or-later
""".buildstamp as the installer reads it: its lines as Python 2.7's ConfigParser, its values as anaconda.

Source: ConfigParser.py of Python 2.7; pyanaconda/product.py and packaging/__init__.py of anaconda 21.48.22.159
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

STAMP_NAME = ".buildstamp"
READ_PLACES = (STAMP_NAME, f"run/install/product/{STAMP_NAME}")  # in the installer; what the last one says wins
BLANK = " \t\n\r\x0b\x0c"  # what Python 2.7 strips from bytes; a no-break space is none
LINE = re.compile(r"[^\n]*\n|[^\n]+")
HEADING = re.compile(r"\[([^]]+)\]")
OPTION = re.compile(rf"(?P<key>[^:={BLANK}][^:=]*)[:=][{BLANK}]*(?P<value>.*)")
INSERT = re.compile(r"%(?:\((?P<key>[^)]*)\)s|(?P<percent>%)|)")
MOST_INSERTS, LONGEST = 10, 65536  # references in references, as ConfigParser counts; what they may grow to
MAIN, DEFAULTS = "Main", "DEFAULT"
BOOLEANS = ("1", "yes", "true", "on", "0", "no", "false", "off")
# What anaconda asks for, in small letters -> its spelling, and its value where no file has it
ASKED = {
    "bugurl": ("BugURL", "your distribution provided bug reporting tool"),
    "isfinal": ("IsFinal", "false"),
    "arch": ("Arch", "x86_64"),
    "product": ("Product", "anaconda"),
    "uuid": ("UUID", ""),
    "version": ("Version", "bluesky"),
}


@dataclass(frozen=True)
class IniLine:
    """A line as Python 2.7's ConfigParser takes it.

    text     the line with its end
    section  where it stands, or what it begins; "" before the first section
    key      the option that it sets or goes on with, in small letters; "" for none
    value    what it says of that option
    kind     "heading", "option", "continuation", "comment", or "garbage": the reader gives up
    """

    text: str
    kind: str
    section: str
    key: str = ""
    value: str = ""


@dataclass(frozen=True)
class _StampValue:
    """A value of [Main], and where it stands; no place for one of anaconda's own."""

    text: str
    place: str = ""


def read_ini_lines(text: str) -> Iterator[IniLine]:
    """Yield the lines of an INI text; only a line feed ends one."""
    section = key = ""
    for line in LINE.findall(text):
        if not line.strip(BLANK) or line[0] in "#;" or re.match(rf"[rR][eE][mM](?:[{BLANK}]|$)", line):
            yield IniLine(line, "comment", section)
        elif line[0] in BLANK and key:
            yield IniLine(line, "continuation", section, key, line.strip(BLANK))
        elif heading := HEADING.match(line):
            section, key = heading[1], ""
            yield IniLine(line, "heading", section)
        elif section and (option := OPTION.match(line)):
            key = option["key"].rstrip(BLANK).lower()
            yield IniLine(line, "option", section, key, _option_value(option["value"]))
        else:
            yield IniLine(line, "garbage", section)


def _option_value(text: str) -> str:
    """Return the value that a line gives: a semicolon behind a blank begins a comment, but only the first one."""
    at = text.find(";")
    if at >= 0 and text[at - 1] in BLANK:  # at 0 the last character is asked, as ConfigParser does
        text = text[:at]
    text = text.strip(BLANK)
    return "" if text == '""' else text


def set_main_keys(text: str, values: Mapping[str, str]) -> str:
    """Return .buildstamp with these keys in every [Main] that sets them, the others at the top of the first one."""
    lines = list(read_ini_lines(text))
    names = {key.lower(): key for key in values}
    present = {line.key for line in lines if line.section == MAIN}
    added = "".join(f"{key}={value}\n" for key, value in reversed([*values.items()]) if key.lower() not in present)
    written = []
    for line in lines:
        is_ours = line.section == MAIN and line.key in names
        if line.kind == "heading" and line.section == MAIN and added:
            ended = line.text if line.text.endswith("\n") else f"{line.text}\n"
            end = "\r\n" if ended.endswith("\r\n") else "\n"
            written.append(ended + added.replace("\n", end))
            added = ""
        elif not is_ours:
            written.append(line.text)
        elif line.kind == "option":
            name, end = names[line.key], line.text[len(line.text.rstrip("\r\n")) :]
            written.append(f"{name}={values[name]}{end}")
    return "".join(written)


def find_stamp_faults(stamps: Mapping[str, str], ours: Mapping[str, str] | None = None) -> list[str]:
    """Return what the installer would end at, or misread, as sentences that name file and line.

    stamps  name -> text, in the order in which the installer reads them
    ours    values that rendering will set, whatever the files say
    """
    found = [fault for name, text in stamps.items() for fault in _find_line_faults(name, text)]
    if found:
        return found
    main = {key: _StampValue(value) for key, (_, value) in ASKED.items()}
    defaults: dict[str, _StampValue] = {}
    for name, text in stamps.items():
        main |= _section_values(name, text, MAIN)
        defaults |= _section_values(name, text, DEFAULTS)
    rendered = {key.lower(): _StampValue(value) for key, value in (ours or {}).items()}
    return _find_value_faults({**defaults, **main, **rendered})


def _find_line_faults(name: str, text: str) -> Iterator[str]:
    """Yield what is wrong with the text as such, and every line that ConfigParser takes for nothing."""
    if text.startswith(("\udcff\udcfe", "\udcfe\udcff")) or "\0" in text:
        yield f"{name}: is UTF-16, or no text; save it as plain ASCII"
        return
    if text.startswith("\ufeff"):
        yield f"{name}, line 1: begins with a byte order mark (BOM), which hides [Main]; save it as UTF-8 without one"
        return
    lines = list(read_ini_lines(text))
    if not any(line.section == MAIN for line in lines):
        yield f"{name}: has no [{MAIN}], so the installer takes nothing from it; start it with a line [{MAIN}]"
        return
    for number, line in enumerate(lines, 1):
        if "\r" in line.text.rstrip("\r\n") or line.text.endswith("\r"):
            yield f"{name}, line {number}: ends in a carriage return alone (CR); end lines with a line feed"
        elif line.kind == "garbage":
            why = "is neither KEY=VALUE nor a comment" if line.section else "stands before the first [section]"
            yield f"{name}, line {number}: {line.text.strip(BLANK)[:60]!r} {why}"
            if not line.section:
                return


def _section_values(name: str, text: str, section: str) -> dict[str, _StampValue]:
    """Return what a file says in all sections of one name; a later line wins."""
    found: dict[str, _StampValue] = {}
    for number, line in enumerate(read_ini_lines(text), 1):
        if line.section != section or not line.key:
            continue
        if line.kind == "option":
            found[line.key] = _StampValue(line.value, f"{name}, line {number}: ")
        elif line.kind == "continuation":
            found[line.key] = replace(found[line.key], text=f"{found[line.key].text}\n{line.value}")
    return found


def _find_value_faults(values: Mapping[str, _StampValue]) -> list[str]:
    """Return which of the values that anaconda asks for it cannot use."""
    found, taken = [], {}
    for key, (shown, _) in ASKED.items():
        place = values[key].place
        try:
            taken[key] = _fill_references(values[key].text, values)
        except ValueError as error:
            found.append(f"{place}{shown}={values[key].text}: {error}")
            continue
        if key in ("product", "version") and not taken[key].isascii():
            found.append(
                f"{place}{shown} has other letters than ASCII, which ends the installer; spell it without them"
            )
        elif "\n" in taken[key] and key != "isfinal":
            found.append(f"{place}{shown} goes on in the next line, which is indented; put it on one line")
    is_final, version, arch, uuid = (taken.get(key) for key in ("isfinal", "version", "arch", "uuid"))
    if is_final is not None and is_final.lower() not in BOOLEANS:
        found.append(f"{values['isfinal'].place}IsFinal={is_final} ends the installer; write True or False")
    if version is not None and not re.match("[0-9]", version):
        found.append(
            f"{values['version'].place}Version={version} begins with no digit, so the installer asks for rawhide;"
            " write it like 10.1"
        )
    if arch == "" and uuid is not None and "." not in uuid:
        found.append(f"{values['arch'].place}Arch is empty and UUID names none, which ends the installer; set one")
    return found


def _fill_references(text: str, values: Mapping[str, _StampValue]) -> str:
    """Return a value with each %(key)s replaced. Raises ValueError for one that Python 2.7 would not replace."""

    def filled(found: re.Match[str]) -> str:
        if found["percent"]:
            return "%"
        if found["key"] is None:
            raise ValueError("beside a %(key)s, a single % must be written as %%")
        if found["key"].lower() not in values:
            raise ValueError(f"there is no key {found['key']}; write no %( where none is meant")
        return values[found["key"].lower()].text

    for _ in range(MOST_INSERTS):
        if "%(" not in text:
            return text
        text = INSERT.sub(filled, text)
        if len(text) > LONGEST:
            break
    if "%(" in text:
        raise ValueError("its %(key)s lead nowhere")
    return text
