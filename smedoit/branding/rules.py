# SPDX-License-Identifier: GPL-3.0-or-later
"""Which text of the content tree is rendered how: the built-in rules, and those of release.toml.

A rule names files of the content tree and the kind of text that they are; what a kind does is in
render.py. Where several rules name a file, release.toml's first one counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from smedoit.bases.enterprise_linux import Base, Loader
from smedoit.branding import render
from smedoit.branding.buildstamp import READ_PLACES
from smedoit.config.branding import BrandingRule
from smedoit.config.identity import ReleaseIdentity
from smedoit.errors import ContentError
from smedoit.medium_paths import COMPS

PLACEHOLDER = re.compile(r"\{(?P<brace>[a-z_]+)\}|\bREPLACE_(?P<old>[A-Z_]+)\b")
OLD_PREFIX = "REPLACE_"
OLD_WORDS = {"distvers": "display", "distname": "product"}  # REPLACE_DISTVERS and its like -> what they stand for
MENU_KINDS = {Loader.ISOLINUX: "menu", Loader.GRUB: "grub"}
BUILTIN_RULES = (  # besides those for boot menus, which are at each base's places
    BrandingRule(("isolinux/boot.msg", "isolinux/help.txt", "netinstall/isolinux/boot.msg"), "text"),
    BrandingRule((COMPS,), "comps"),
    BrandingRule(tuple(f"product/{place}" for place in READ_PLACES), "buildstamp"),
    BrandingRule(("template/*",), "template"),  # where the mirrors of SME Server 11 have media.repo
    BrandingRule(("product/etc/os-release",), "shell"),
    BrandingRule(("product/etc/*-release", "product/etc/system-release-cpe"), "release"),
)


@dataclass(frozen=True)
class Branding:
    """Renders texts of the content tree for this release: the rules of release.toml come before the built-in ones.

    fills  whether placeholders are filled in; in a content tree that is written back they stay for the next release
    """

    identity: ReleaseIdentity
    rules: tuple[BrandingRule, ...] = ()
    fills: bool = True

    def find_rule(self, relative: str) -> BrandingRule | None:
        """Return the rule that counts for a file of the content tree, None if it is copied as it is."""
        for rule in (*self.rules, *_menu_rules(self.identity.built_on), *BUILTIN_RULES):
            if any(fnmatchcase(relative, pattern) for pattern in rule.files):
                return rule
        return None

    def render(self, relative: str, text: str) -> str:
        """Return a text of the content tree rendered for this release. Raises ContentError."""
        rule = self.find_rule(relative)
        rendered = text if rule is None else KINDS[rule.kind](text, self.identity, rule, relative)
        if self.fills and rule is not None and rule.kind in TEMPLATES:
            rendered = _fill_template(rendered, self.identity, relative)
        if relative.endswith(tuple(boot.menu for boot in self.identity.built_on.boots.values())):
            _refuse_other_labels(rendered, self.identity, relative)
        return rendered


def _menu_rules(base: Base) -> Iterator[BrandingRule]:
    """Yield the rules for the boot menus of a base, each in its boot loader's language."""
    for boot in base.boots.values():
        yield BrandingRule((boot.menu, f"netinstall/{boot.menu}"), MENU_KINDS[boot.loader])


def _refuse_other_labels(menu: str, identity: ReleaseIdentity, name: str) -> None:
    """Raise ContentError for a boot menu that looks for another medium than the one that it is on, or for none."""
    labels = render.menu_labels(menu)
    if labels != {identity.volume}:
        others = ", ".join(sorted(labels - {identity.volume})) or "no label"
        raise ContentError(
            f"{name}: looks for {others}, and the medium is called {identity.volume}, so it would not boot",
            hint="leave it to the usual rule, which sets the label: take it out of [[rules]] in release.toml",
        )


def _template_placeholders(identity: ReleaseIdentity) -> dict[str, str]:
    """Return what a template may name, and what it becomes."""
    names = ("product", "short", "name", "version", "label", "full", "display", "title", "arch", "bug_url", "volume")
    return {
        **{name: str(getattr(identity, name)) for name in names},
        "major": str(identity.major),
        "date": f"{identity.date:%Y-%m-%d}",
        "year": f"{identity.date:%Y}",
    }


def find_old_word(word: str) -> str:
    """Return the placeholder that REPLACE_WORD stands for; the word itself, in small letters, if it is none."""
    return OLD_WORDS.get(word.lower(), word.lower())


def _fill_template(text: str, identity: ReleaseIdentity, name: str) -> str:
    """Return a template with {version} and the older REPLACE_VERSION, and their like, filled in.

    Braces around other words stay, unless the word is nearly one of ours. Raises ContentError for a misspelt one.
    """
    from difflib import get_close_matches

    known = _template_placeholders(identity)

    def value(found: re.Match[str]) -> str:
        word = found.group("brace") or find_old_word(found.group("old"))
        if word in known:
            return known[word]
        near = get_close_matches(word, known, n=1, cutoff=0.75)
        if near or found.group("old"):
            raise ContentError(
                f"{name}: {found.group()} is no placeholder, no release renders it",
                hint=f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}",
            )
        return found.group()

    return PLACEHOLDER.sub(value, text)


def find_unrendered_words(text: str, identity: ReleaseIdentity) -> Iterator[tuple[int, str, bool]]:
    """Yield (line number from 1, word, whether it is one of ours) for every REPLACE_WORD that was left in a text."""
    if OLD_PREFIX not in text:
        return
    known = _template_placeholders(identity)
    for number, line in enumerate(text.split("\n"), 1):
        for found in PLACEHOLDER.finditer(line):
            if found.group("old"):
                yield number, found.group(), find_old_word(found.group("old")) in known


def _apply_ini_rule(text: str, identity: ReleaseIdentity, rule: BrandingRule, name: str) -> str:
    """Return an ini file with the rule's keys set in its section."""
    return render.set_ini_keys(text, rule.section, _rule_values(rule, identity, name), name)


def _apply_shell_rule(text: str, identity: ReleaseIdentity, rule: BrandingRule, name: str) -> str:
    """Return a file of shell variables: the rule's values, or those that os-release has."""
    if not rule.values:
        return render.render_os_release(text, identity)
    return render.set_shell_variables(text, _rule_values(rule, identity, name))


def _rule_values(rule: BrandingRule, identity: ReleaseIdentity, name: str) -> dict[str, str]:
    """Return the rule's values with their placeholders filled in."""
    return {key: _fill_template(value, identity, f"the rule for {name}") for key, value in rule.values.items()}


Kind = Callable[[str, ReleaseIdentity, BrandingRule, str], str]
KINDS: Mapping[str, Kind] = {
    "menu": lambda text, identity, _rule, name: render.render_isolinux_cfg(text, identity, name),
    "grub": lambda text, identity, _rule, name: render.render_grub_cfg(text, identity, name),
    "comps": lambda text, identity, _rule, _name: render.render_comps(text, identity),
    "text": lambda text, identity, _rule, _name: render.render_title_text(text, identity),
    "release": lambda text, identity, _rule, _name: render.render_release_file(text, identity),
    "cpe": lambda text, identity, _rule, _name: render.render_cpe(text, identity),
    "buildstamp": lambda text, identity, _rule, name: render.render_buildstamp(text, identity, name),
    "ini": _apply_ini_rule,
    "shell": _apply_shell_rule,
    "template": lambda text, _identity, _rule, _name: text,
    "keep": lambda text, _identity, _rule, _name: text,
}
TEMPLATES = ("template", "menu", "text", "comps")  # kinds with placeholders anywhere; GRUB has braces of its own
