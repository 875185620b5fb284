# SPDX-License-Identifier: GPL-3.0-or-later
"""Module metadata is read as libmodulemd reads it, within limits, and what is none is told by its key."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from smedoit.errors import PackageError
from smedoit.modularity.documents import parse_module_metadata
from smedoit.modularity.plain_yaml import PlainText, format_documents, read_documents
from tests.harness.modules import PHP, stream_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORDS = st.from_regex(r"[a-z0-9_.+-]{1,8}", fullmatch=True)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
VALUES = st.recursive(TEXTS, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3))


def parsed(text: str) -> list[object]:
    return list(read_documents(text.encode()))


def test_a_stream_is_read_with_its_packages_as_ours_are_called() -> None:
    [php] = parse_module_metadata(stream_text(PHP).encode(), "modules.yaml").streams
    assert (php.title, php.version, php.context) == ("php:8.2", 20260101, "c0ffee00")
    assert php.artifacts == ("php-8.2.1-1.module_el8.x86_64", "php-cli-1:8.2.1-1.module_el8.x86_64")
    assert php.requires == ({"platform": ("el8",)},)


def test_a_stream_without_quotes_is_the_text_that_stands_there_and_no_number() -> None:
    [stream] = parse_module_metadata(stream_text({**PHP, "stream": "5.30"}).encode(), "modules.yaml").streams
    assert stream.stream == "5.30"


@given(st.lists(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), max_size=2))
def test_what_is_written_is_read_back_by_us_and_by_pyyaml(documents: list[dict[str, object]]) -> None:
    text = format_documents(documents)
    assert parsed(text) == documents
    assert list(yaml.safe_load_all(text)) == documents


@pytest.mark.parametrize("text", ["7", "true", "5.30", "2026-11-28", "", "~", "0x1f", "1_000", "=", "a: b", "-", "1e3"])
def test_a_plain_text_stays_what_it_is_for_every_reader(text: str) -> None:
    [document] = yaml.safe_load_all(format_documents([{"key": PlainText(text), "list": [PlainText(text)]}]))
    meant = yaml.safe_load(f"key: {text}\n") if text not in ("a: b", "-", "~", "=") else {"key": text}
    assert document["key"] == meant["key"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x\n", "line 2: *x is an alias"),
        ("a: [" * 30, "nests more than 20 deep"),
        ("a: 1\na: 2\n", "line 2: a stands there twice"),
        ("? [a]\n: b\n", "a key is no short text"),
        ("a: b: c\n", "line 1: mapping values are not allowed"),
        ("- 1\n", "document 1: it is no mapping"),
        ("document: modulemd\nversion: 2\ndata: []\nx: [", "line"),
        ("document: modulemd\nversion: [2]\n", "document 1: version is no text"),
        ("document: modulemd\nversion: 2\ndata: x\n", "document 1: data is no mapping"),
        ("document: modulemd\nversion: 2\ndata: {name: a, stream: b, version: c}\n", "data.version is no number"),
        ("document: modulemd\nversion: 2\ndata: {name: a, version: 1}\n", "it has no data.stream"),
        ("version: 2\n", "document 1: it has no document"),
        (stream_text({**PHP, "profiles": ["common"]}), "document 1: data.profiles is no mapping"),
        (stream_text({**PHP, "profiles": {"common": ""}}), "document 1: data.profiles.common is no mapping"),
        (stream_text({**PHP, "profiles": {"common": {"rpms": [{"a": "b"}]}}}), "data.profiles.common.rpms is no list"),
    ],
)
def test_what_is_no_module_metadata_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(PackageError, match=r"^modules.yaml: is no module metadata, ") as refused:
        parse_module_metadata(text.encode(), "modules.yaml")
    assert said in str(refused.value)


def test_an_artifact_that_is_no_nevra_is_told_by_name() -> None:
    text = stream_text({**PHP, "artifacts": {"rpms": ["php"]}})
    with pytest.raises(PackageError, match=r"'php' of data.artifacts.rpms is no NAME-EPOCH:VERSION-RELEASE.ARCH"):
        parse_module_metadata(text.encode(), "modules.yaml")


def test_of_two_documents_of_one_build_that_contradict_each_other_none_wins() -> None:
    text = stream_text(PHP) + stream_text({**PHP, "artifacts": {"rpms": ["php-0:8.2.1-2.module_el8.x86_64"]}})
    with pytest.raises(PackageError) as refused:
        parse_module_metadata(text.encode(), "modules.yaml")
    assert str(refused.value).splitlines()[0] == (
        "modules.yaml: is no module metadata, document 2: says otherwise of php:8.2:20260101:c0ffee00:x86_64 than an"
        " earlier one"
    )


def test_what_one_file_tells_twice_counts_once() -> None:
    text = stream_text(PHP) + stream_text({**PHP, "xmd": {"builder": "another"}})
    assert len(parse_module_metadata(text.encode(), "modules.yaml").streams) == 1


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(PackageError, match="it is no UTF-8, at byte 3"):
        parse_module_metadata(b"a: \xff", "modules.yaml")


def test_an_alias_bomb_costs_nothing() -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    with pytest.raises(PackageError, match="is an alias"):
        parse_module_metadata(bomb.encode(), "modules.yaml")


@pytest.mark.parametrize(
    "kind", ["modulemd-obsoletes\nversion: 1", "modulemd-packager\nversion: 3", "modulemd-translations\nversion: 1"]
)
def test_documents_that_tell_of_no_packages_are_passed_over(kind: str) -> None:
    found = parse_module_metadata(f"---\ndocument: {kind}\ndata:\n  module: php\n...\n".encode(), "modules.yaml")
    assert not found.streams
    assert not found.defaults
