# SPDX-License-Identifier: GPL-3.0-or-later
"""The announcement: what readers get as mail and as wiki text, and what is left to do."""

from __future__ import annotations

from dataclasses import replace

from smedoit.config.identity import FINAL, TESTING
from smedoit.publish import announcement
from smedoit.publish.announcement import SIGNED, UNSIGNED, Announcement, DownloadMedium
from smedoit.publish.channels import PublishLocation
from tests.harness.nouns import identity

MEDIUM = DownloadMedium("iso/x86_64/smeserver-10.1-x86_64.iso", 3 << 20, "ab" * 32)
BASE = "https://mirror.example/releases/10.1"


def news(
    notes: str = "", label: str = "", channel: str = FINAL, bases: tuple[str, ...] = (BASE,), sums: str = ""
) -> Announcement:
    one = identity(label=label)
    return Announcement(one, PublishLocation(channel, one.full), bases, [MEDIUM], notes, ("all@lists.example",), sums)


def test_the_mail_has_links_sizes_digests_and_what_is_new() -> None:
    text = announcement.announcement_mail(news("bash mended"))
    assert text.startswith("To: all@lists.example\nSubject: Koozali SME Server 10.1 is released\n\n")
    for words in (f"{BASE}/{MEDIUM.path}", "3145728 bytes (3.0 MiB)", f"SHA-256 {MEDIUM.sha256}", "bash mended"):
        assert words in text


def test_a_test_release_warns_its_readers() -> None:
    text = announcement.announcement_mail(news(label="rc2", channel=TESTING))
    assert "Subject: Koozali SME Server 10.1 RC2 is released for testing" in text
    assert "do not install it where you need the data" in text
    assert "do not install" not in announcement.announcement_mail(news())


def test_the_wiki_has_a_table_of_media_and_notes_that_cannot_break_out() -> None:
    text = announcement.announcement_wiki(news("a </pre> b"))
    assert f"| [{BASE}/{MEDIUM.path} {MEDIUM.name}] || 3.0 MiB || <code>{MEDIUM.sha256}</code>" in text
    assert text.count("</pre>") == 1


def test_without_notes_or_mirrors_nothing_is_invented() -> None:
    text = announcement.announcement_mail(news(bases=()))
    assert "What is new" not in text
    assert "https://mirror" not in text


def test_the_checklist_names_the_exports_of_both_releases() -> None:
    lines = announcement.release_checklist(news(), "10.0").splitlines()
    assert lines[:2] == ["[x] 10.1 is in its place, read back", "[x] the link 10 says 10.1"]
    assert any(line.startswith("[ ] exports: let new packages go to 10.1 (was 10.0)") for line in lines)


def test_the_mail_says_of_checksums_what_is_true_of_them() -> None:
    assert "SHA256SUMS" not in announcement.announcement_mail(news())
    assert "SHA256SUMS lies beside the media, and is not signed." in announcement.announcement_mail(news(sums=UNSIGNED))
    assert "SHA256SUMS beside the media is signed: check it" in announcement.announcement_mail(news(sums=SIGNED))


def test_the_mail_and_the_wiki_tell_what_to_say_to_virt_install() -> None:
    command = f"--osinfo centos7.0 --location {BASE}/smeos/x86_64/"
    with_tree = replace(news(), tree="smeos/x86_64")
    for text in (announcement.announcement_mail(with_tree), announcement.announcement_wiki(with_tree)):
        assert command in text
    for without in (news(), replace(with_tree, bases=())):
        assert "virt-install" not in announcement.announcement_mail(without) + announcement.announcement_wiki(without)
