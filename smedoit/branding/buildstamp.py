# SPDX-License-Identifier: GPL-3.0-or-later
""".buildstamp as each installer reads it: its lines as the ConfigParser of its Python, its values as anaconda.

Source: ConfigParser.py of Python 2.7; pyanaconda/product.py and packaging/__init__.py of anaconda 21.48.22.159,
product.py of 33.16.10.5 and 34.25.7.19, core/product.py of 40.22.3.57
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES, USUAL
from smedoit.branding.python3_ini import (
    IniLine,
    fill_python3_references,
    parse_python3_ini,
    read_python3_lines,
)

READ_PLACES = tuple(dict.fromkeys(place for base in BASES.values() for place in base.stamp.places))
BLANK = " \t\n\r\x0b\x0c"  # what Python 2.7 strips from bytes; a no-break space is none
LINE = re.compile(r"[^\n]*\n|[^\n]+")
HEADING = re.compile(r"\[([^]]+)\]")
OPTION = re.compile(rf"(?P<key>[^:={BLANK}][^:=]*)[:=][{BLANK}]*(?P<value>.*)")
INSERT = re.compile(r"%(?:\((?P<key>[^)]*)\)s|(?P<percent>%)|)")
MOST_INSERTS, LONGEST = 10, 65536  # references in references, as ConfigParser counts; what they may grow to
MAIN, DEFAULTS = "Main", "DEFAULT"
BOOLEANS = ("1", "yes", "true", "on", "0", "no", "false", "off")


@dataclass(frozen=True)
class _StampValue:
    """A value of [Main], and where it stands; no place for one of anaconda's own."""

    text: str
    place: str = ""


def read_ini_lines(text: str) -> Iterator[IniLine]:
    """Yield the lines of an INI text as Python 2.7 takes them; only a line feed ends one."""
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
            why = "is neither KEY=VALUE nor a comment" if section else "stands before the first [section]"
            yield IniLine(line, "garbage", section, reason=f"{line.strip(BLANK)[:60]!r} {why}")


def _option_value(text: str) -> str:
    """Return the value that a line gives: a semicolon behind a blank begins a comment, but only the first one."""
    at = text.find(";")
    if at >= 0 and text[at - 1] in BLANK:  # at 0 the last character is asked, as ConfigParser does
        text = text[:at]
    text = text.strip(BLANK)
    return "" if text == '""' else text


def _read_stamp_lines(text: str, base: Base) -> Iterator[IniLine]:
    """Yield the lines of .buildstamp as a base's installer takes them."""
    return read_ini_lines(text) if base.python.is_python2 else read_python3_lines(text, base.python.version)


def set_main_keys(text: str, values: Mapping[str, str], base: Base = USUAL) -> str:
    """Return .buildstamp with these keys in every [Main] that sets them, the others at the top of the first one.

    Lines of ours are as indented as those that they replace or stand before: Python 3 takes a deeper one for the rest
    of a value.
    """
    lines = list(_read_stamp_lines(text, base))
    names = {key.lower(): key for key in values}
    present = {line.key for line in lines if line.section == MAIN}
    first = next((line for line in lines if line.section == MAIN and line.kind == "option"), None)
    indent = _indent_of(first.text) if first else ""
    added = "".join(
        f"{indent}{key}={value}\n" for key, value in reversed([*values.items()]) if key.lower() not in present
    )
    written = []
    for line in lines:
        is_ours = line.section == MAIN and line.key in names and line.kind != "blank"
        if line.kind == "heading" and line.section == MAIN and added:
            ended = line.text if line.text.endswith("\n") else f"{line.text}\n"
            end = "\r\n" if ended.endswith("\r\n") else "\n"
            written.append(ended + added.replace("\n", end))
            added = ""
        elif not is_ours:
            written.append(line.text)
        elif line.kind == "option":
            name, end = names[line.key], line.text[len(line.text.rstrip("\r\n")) :]
            written.append(f"{_indent_of(line.text)}{name}={values[name]}{end}")
    return "".join(written)


def _indent_of(line: str) -> str:
    """Return the blanks that a line begins with."""
    return line[: len(line) - len(line.lstrip())]


def stamp_value(value: str, base: Base) -> str:
    """Return a value as it must stand in .buildstamp, so that the installer of a base gets it."""
    return value if base.python.is_python2 else value.replace("%", "%%")


def find_stamp_faults(
    stamps: Mapping[str, str], ours: Mapping[str, str] | None = None, base: Base = USUAL
) -> list[str]:
    """Return what the installer would end at, or misread, as sentences that name file and line.

    stamps  name -> text, in the order in which the installer reads them
    ours    values that rendering will set, whatever the files say
    """
    find = _find_line_faults if base.python.is_python2 else _find_python3_faults
    if found := [fault for name, text in stamps.items() for fault in find(name, text, base)]:
        return found
    main = {key: _StampValue(value) for key, (_, value) in base.stamp.asked.items()}
    defaults: dict[str, _StampValue] = {}
    for name, text in stamps.items():
        main |= _section_values(name, text, MAIN, base)
        defaults |= _section_values(name, text, DEFAULTS, base)
    rendered = {key.lower(): _StampValue(value) for key, value in (ours or {}).items()}
    return _find_value_faults({**defaults, **main, **rendered}, base)


def read_stamp_values(stamps: Mapping[str, str], base: Base) -> dict[str, str]:
    """Return key in small letters -> what the installer gets of [Main]; what it could not get is left out.

    stamps  name -> text, in the order in which the installer reads them
    """
    main = {key: _StampValue(value) for key, (_, value) in base.stamp.asked.items()}
    for name, text in stamps.items():
        main |= _section_values(name, text, MAIN, base)
    found = {}
    for key in base.stamp.asked:
        try:
            found[key] = _fill_references(main[key].text, main, base)
        except ValueError:
            continue
    return found


def _find_line_faults(name: str, text: str, _base: Base) -> Iterator[str]:
    """Yield what is wrong with the text as such, and every line that ConfigParser takes for nothing."""
    if text.startswith(("\udcff\udcfe", "\udcfe\udcff")) or "\0" in text:
        yield f"{name}: is UTF-16, or no text; save it as plain ASCII"
        return
    if text.startswith("\ufeff"):
        yield f"{name}, line 1: begins with a byte order mark (BOM), which hides [Main]; save it as UTF-8 without one"
        return
    lines = list(read_ini_lines(text))
    if not any(line.section == MAIN for line in lines):
        yield _no_main_fault(name)
        return
    for number, line in enumerate(lines, 1):
        if "\r" in line.text.rstrip("\r\n") or line.text.endswith("\r"):
            yield f"{name}, line {number}: ends in a carriage return alone (CR); end lines with a line feed"
        elif line.kind == "garbage":
            yield f"{name}, line {number}: {line.reason}"
            if not line.section:
                return


def _no_main_fault(name: str) -> str:
    """Return what is wrong with a .buildstamp without [Main]."""
    return f"{name}: has no [{MAIN}], so the installer takes nothing from it; start it with a line [{MAIN}]"


def _find_python3_faults(name: str, text: str, base: Base) -> Iterator[str]:
    """Yield what is wrong with the text as such, and every line at which Python 3's reader gives up."""
    if text.startswith("\ufeff"):
        yield f"{name}, line 1: begins with a byte order mark (BOM), which hides [Main]; save it as UTF-8 without one"
        return
    read = parse_python3_ini(text, base.python.version)
    yield from (f"{name}, line {line}: {reason}" for line, reason in read.faults)
    if not read.faults and MAIN not in read.sections:
        yield _no_main_fault(name)


def _section_values(name: str, text: str, section: str, base: Base) -> dict[str, _StampValue]:
    """Return what a file says in all sections of one name; a later line wins."""
    if not base.python.is_python2:
        values = parse_python3_ini(text, base.python.version).sections.get(section, {})
        return {key: _StampValue(value.text, f"{name}, line {value.line}: ") for key, value in values.items()}
    found: dict[str, _StampValue] = {}
    for number, line in enumerate(read_ini_lines(text), 1):
        if line.section != section or not line.key:
            continue
        if line.kind == "option":
            found[line.key] = _StampValue(line.value, f"{name}, line {number}: ")
        elif line.kind == "continuation":
            found[line.key] = replace(found[line.key], text=f"{found[line.key].text}\n{line.value}")
    return found


def _find_value_faults(values: Mapping[str, _StampValue], base: Base) -> list[str]:
    """Return which of the values that anaconda asks for it cannot use."""
    found, taken = [], {}
    for key, (shown, _) in base.stamp.asked.items():
        place = values[key].place
        try:
            taken[key] = _fill_references(values[key].text, values, base)
        except ValueError as error:
            found.append(f"{place}{shown}={values[key].text}: {error}")
            continue
        if base.python.is_python2 and key in ("product", "version") and not taken[key].isascii():
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


def _fill_references(text: str, values: Mapping[str, _StampValue], base: Base) -> str:
    """Return a value with each %(key)s replaced. Raises ValueError for one that the installer would not replace."""
    if not base.python.is_python2:
        return fill_python3_references(text, {key: value.text for key, value in values.items()})

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
