"""Which text shows the release where, as rules: the ones that every content tree needs, and release.toml's own.

A rule names files of the content tree and the kind of text that they are; what a kind does is in
brand.py. Where several rules name a file, release.toml's first one counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

from smedoit.branding.render import (
    buildstamp,
    cpe,
    grub,
    isolinux,
    os_release,
    released,
    titled,
    with_keys,
    with_variables,
)
from smedoit.config.branding import Rule
from smedoit.config.identity import Identity
from smedoit.errors import ContentError

PLACEHOLDER = re.compile(r"\{(?P<brace>[a-z_]+)\}|\bREPLACE_(?P<old>[A-Z_]+)\b")


def placeholders(one: Identity) -> dict[str, str]:
    """Return what a template may name, and what it becomes."""
    names = ("product", "short", "name", "version", "label", "full", "display", "title", "arch", "bug_url", "volume")
    return {
        **{name: str(getattr(one, name)) for name in names},
        "major": str(one.major),
        "date": f"{one.date:%Y-%m-%d}",
        "year": f"{one.date:%Y}",
    }


def filled(text: str, one: Identity, name: str) -> str:
    """Return a template with {version} and the older REPLACE_VERSION, and their like, filled in.

    Braces around other words stay, unless the word is nearly one of ours. Raises ContentError for a misspelt one.
    """
    from difflib import get_close_matches

    known = placeholders(one)

    def value(found: re.Match[str]) -> str:
        word = found.group("brace") or found.group("old").lower()
        if word in known:
            return known[word]
        near = get_close_matches(word, known, n=1, cutoff=0.75)
        if near or found.group("old"):
            raise ContentError(
                f"{name}: {found.group()} is no placeholder",
                hint=f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}",
            )
        return found.group()

    return PLACEHOLDER.sub(value, text)


def ini(text: str, one: Identity, rule: Rule, name: str) -> str:
    """Return an ini file with the rule's keys set in its section."""
    return with_keys(text, rule.section, values_of(rule, one, name), name)


def shell(text: str, one: Identity, rule: Rule, name: str) -> str:
    """Return a file of shell variables: the rule's values, or those that os-release has."""
    if not rule.values:
        return os_release(text, one)
    return with_variables(text, values_of(rule, one, name))


def values_of(rule: Rule, one: Identity, name: str) -> dict[str, str]:
    """Return the rule's values with their placeholders filled in."""
    return {key: filled(value, one, f"the rule for {name}") for key, value in rule.values.items()}


Kind = Callable[[str, Identity, Rule, str], str]
KINDS: Mapping[str, Kind] = {
    "menu": lambda text, one, _rule, _name: isolinux(text, one),
    "grub": lambda text, one, _rule, _name: grub(text, one),
    "text": lambda text, one, _rule, _name: titled(text, one),
    "release": lambda text, one, _rule, _name: released(text, one),
    "cpe": lambda text, one, _rule, _name: cpe(text, one),
    "buildstamp": lambda text, one, _rule, _name: buildstamp(text, one),
    "ini": ini,
    "shell": shell,
    "template": lambda text, one, _rule, name: filled(text, one, name),
    "keep": lambda text, _one, _rule, _name: text,
}

DEFAULTS = (
    Rule(("isolinux/isolinux.cfg", "netinstall/isolinux/isolinux.cfg"), "menu"),
    Rule(("EFI/BOOT/grub.cfg", "netinstall/EFI/BOOT/grub.cfg"), "grub"),
    Rule(("isolinux/boot.msg", "isolinux/help.txt", "netinstall/isolinux/boot.msg"), "text"),
    Rule(("Packages/base/comps.xml", "updates/README.txt"), "text"),
    Rule(("product/.buildstamp",), "buildstamp"),
    Rule(("product/etc/os-release",), "shell"),
    Rule(("product/etc/*-release", "product/etc/system-release-cpe"), "release"),
)


def rule_for(relative: str, own: Sequence[Rule]) -> Rule | None:
    """Return the rule that counts for a file of the content tree, None if it is copied as it is."""
    for rule in (*own, *DEFAULTS):
        if any(fnmatchcase(relative, pattern) for pattern in rule.files):
            return rule
    return None


def render(relative: str, text: str, one: Identity, own: Sequence[Rule]) -> str:
    """Return a text of the content tree as this release shows it. Raises ContentError."""
    rule = rule_for(relative, own)
    return text if rule is None else KINDS[rule.kind](text, one, rule, relative)
