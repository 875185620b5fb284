# SPDX-License-Identifier: GPL-3.0-or-later
"""Index pages: what they list stays in its directory, whoever wrote them."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smedoit.errors import ContentError
from smedoit.fetch import index_pages

URL = "https://translate.example.org/anaconda/sme10/"
NGINX = """<html>
<head><title>Index of /anaconda/sme10/</title></head>
<body>
<h1>Index of /anaconda/sme10/</h1><hr><pre><a href="../">../</a>
<a href="de/">de/</a>                                      01-Nov-2026 12:00                   -
<a href="pt_BR/">pt_BR/</a>                                01-Nov-2026 12:00                   -
<a href="sr%40latin/">sr@latin/</a>                        01-Nov-2026 12:00                   -
<a href="read%20me.txt">read me.txt</a>                    01-Nov-2026 12:00                  12
</pre><hr></body>
</html>"""
APACHE = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><head><title>Index of /anaconda/sme10</title></head><body><h1>Index of /anaconda/sme10</h1>
<table><tr><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td><a href="/anaconda/">Parent Directory</a></td></tr>
<tr><td><a href="de/">de/</a></td></tr><tr><td><a href="pt_BR/">pt_BR/</a></td></tr>
<tr><td><a href="sr@latin/">sr@latin/</a></td></tr>
<tr><td><a href="read%20me.txt">read me.txt</a></td></tr></table>
<address>Apache/2.4 at <a href="https://httpd.apache.org/">translate</a></address></body></html>"""
ABSOLUTE = """<title>Index of x</title><a href="/anaconda/sme10/de/"></a><a href="/%61naconda/sme10/pt_BR/"></a>
<a href="https://translate.example.org/anaconda/sme10/sr@latin/"></a><a href="./read%20me.txt#top"></a>"""

HOSTILE = [
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/",
    "%2e%2e",
    "%2E%2E%2Fx.mo",
    ".%2e/",
    "%2e/",
    "%2Fetc%2Fpasswd",
    "%2fetc/",
    "a%2fb.mo",
    "..\\..\\x.mo",
    "..%5c..%5cx.mo",
    "%5cx.mo",
    "C%3A%5cx.mo",
    "x%00.mo",
    "%00",
    "x%0a.mo",
    "x%0d%0a.mo",
    "x%1b[2J.mo",
    "%7f.mo",
    "%c2%85.mo",
    "%ff%fe.mo",
    "%c0%ae%c0%ae",
    "%252e%252e%252fx.mo",
    "%25.mo",
    "x" * 256 + ".mo",
    "%c3%a9" * 128,
    "y" * 100_000,
]
ELSEWHERE = [
    "../",
    "..",
    "../../etc/passwd",
    "/",
    "/etc/passwd",
    "//evil.example.org/x.mo",
    "https://evil.example.org/anaconda/sme10/x.mo",
    "http://translate.example.org/anaconda/sme10/x.mo",
    "https://translate.example.org:8443/anaconda/sme10/x.mo",
    "https://user@translate.example.org/anaconda/sme10/x.mo",
    "file:///etc/passwd",
    "ftp://translate.example.org/anaconda/sme10/x.mo",
    "javascript:alert(1)",
    "data:text/plain,x",
    "mailto:root@localhost",
    "a/b.mo",
    "a/../../x.mo",
    "./../x.mo",
    "de/../../../x.mo",
    "x.mo?download=1",
    "http://[",
    "/anaconda/sme9/x.mo",
    "/anaconda/sme10",
    "/anaconda%2fsme10/x.mo",
]


def page(*links: str) -> str:
    return "<title>Index of /</title>" + "".join(f'<a href="{link}">{link}</a>' for link in links)


@pytest.mark.parametrize("html", [NGINX, APACHE, ABSOLUTE], ids=["nginx", "apache", "absolute links"])
def test_directories_and_files_come_out_sorted_and_decoded(html: str) -> None:
    found = index_pages.parse_index(html, URL)
    assert found.directories == ("de", "pt_BR", "sr@latin")
    assert found.files == ("read me.txt",)


@pytest.mark.parametrize("link", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_spoils_the_whole_page(link: str) -> None:
    with pytest.raises(ContentError) as caught:
        index_pages.parse_index(page("de/", link), URL)
    said = str(caught.value)
    assert said.startswith(f"{URL}: lists names that are not safe")
    assert len(said) < 500
    assert all(line.isprintable() for line in said.splitlines())


@pytest.mark.parametrize("link", ELSEWHERE)
def test_a_link_that_leads_elsewhere_is_not_followed(link: str) -> None:
    found = index_pages.parse_index(page("de/", link), URL)
    assert (found.directories, found.files) == (("de",), ())


def test_all_hostile_names_are_reported_at_once() -> None:
    with pytest.raises(ContentError) as caught:
        index_pages.parse_index(page("%2e%2e/", "a%2fb", "c%5cd"), URL)
    assert all(name in str(caught.value) for name in ("%2e%2e/", "a%2fb", "c%5cd"))


def test_a_name_cannot_be_file_and_directory() -> None:
    with pytest.raises(ContentError, match="both a file and a directory"):
        index_pages.parse_index(page("de", "de/"), URL)


@pytest.mark.parametrize("html", ["", "<title>Welcome to nginx!</title><a href='x/'>", '{"name": "x"}', "\0\xff" * 99])
def test_a_page_of_another_kind_is_called_that(html: str) -> None:
    with pytest.raises(ContentError, match="is no index page of Apache, nginx or lighttpd"):
        index_pages.parse_index(html, URL)


@given(st.text(max_size=300))
def test_whatever_a_link_says_its_name_is_one_plain_name(link: str) -> None:
    try:
        found = index_pages.sort_links([link], URL)
    except ContentError:
        return
    for name in (*found.directories, *found.files):
        assert index_pages.name_danger(name) == ""
        assert name not in ("", ".", "..")
        assert not set(name) & set("/\\\0")


@pytest.mark.parametrize("path", ["", "/x", "a//b", "a/", "a/../b", "../a", "a/./b", "a\\b", "a/\0", "a/" + "x" * 256])
def test_a_path_that_leads_astray_is_dangerous(path: str) -> None:
    assert index_pages.path_danger(path)


def test_a_plain_path_is_not_dangerous() -> None:
    assert index_pages.path_danger("images/pxeboot/initrd.img") == ""


@pytest.mark.parametrize(
    "part", ["<!--", "<a ", "<a href='", "<title>", "<a <", "<a href=x ", "&amp", "<script>", "<![CDATA["]
)
def test_a_page_of_nothing_but_beginnings_takes_no_time(part: str) -> None:
    page = "<title>Index of /</title>" + part * (1_000_000 // len(part))
    began = time.process_time()
    with contextlib.suppress(ContentError):
        index_pages.parse_index(page, "http://a.example/")
    assert time.process_time() - began < 3
