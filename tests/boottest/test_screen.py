# SPDX-License-Identifier: GPL-3.0-or-later
"""test_screen"""

from __future__ import annotations

import random
from itertools import chain
from pathlib import Path

import pytest

from smedoit.boottest import screen
from smedoit.boottest.screen import Screenshot
from tests.harness.tools import missing, need, read_with

BLACK, WHITE, SKY = (0, 0, 0), (255, 255, 255), (123, 163, 208)
ROMS = "/usr/share/seabios/vgabios-stdvga.bin", "/usr/share/qemu/vgabios-stdvga.bin"
TITLE = "Welcome to SME Server 10.1 RC2"


@pytest.fixture(scope="module")
def font() -> bytes:
    """The font that qemu's own video BIOS draws with."""
    found = next((path for path in map(Path, ROMS) if path.is_file()), None)
    return screen.find_font(found.read_bytes()) if found else missing("seabios, for its video BIOS")


def painted(font: bytes, words: str, at: tuple[int, int], colour: tuple[int, int, int], advance: int = 8) -> Screenshot:
    """Return a screen of 640 by 480 with stripes, and words on them."""
    stripes = [(16, 24, 40) if x % 32 else (58, 100, 150) for x in range(640 + 32)]
    pixels = [stripes[y % 32 : y % 32 + 640] for y in range(480)]
    for number, letter in enumerate(words.encode("cp437")):
        for y in range(16):
            for x in range(8):
                if font[16 * letter + y] >> (7 - x) & 1:
                    pixels[at[1] + y][at[0] + advance * number + x] = colour
    return Screenshot(640, 480, b"".join(bytes(chain.from_iterable(line)) for line in pixels))


def test_the_font_of_the_video_bios_has_the_letters_that_it_should(font: bytes) -> None:
    assert len(font) == 4096
    bar = font[16 * ord("I") : 16 * ord("I") + 16]
    assert bar.strip(b"\0") == bytes.fromhex("3c18181818181818183c")


@pytest.mark.parametrize("advance", [8, 9])
@pytest.mark.parametrize("at", [(0, 0), (200, 152), (640 - 9 * len(TITLE), 464)])
def test_words_are_found_wherever_they_stand(font: bytes, at: tuple[int, int], advance: int) -> None:
    assert screen.shows_text(painted(font, TITLE, at, SKY, advance), TITLE, font)


def test_words_of_blended_colours_are_found_if_they_are_brighter_than_what_is_behind(font: bytes) -> None:
    picture = painted(font, TITLE, (200, 152), (1, 2, 3))
    noise = random.Random(1)
    pixels = bytearray(picture.pixels)
    for start in range(0, len(pixels), 3):
        if pixels[start : start + 3] == b"\1\2\3":
            pixels[start : start + 3] = bytes(noise.randrange(200, 256) for _ in range(3))
    assert screen.shows_text(Screenshot(640, 480, bytes(pixels)), TITLE, font)


@pytest.mark.parametrize("words", ["Welcome to SME Server 10.1 RC1", "Welcome to SME Server 10.1 RC22", "SME  Server"])
def test_other_words_are_not_found(font: bytes, words: str) -> None:
    assert not screen.shows_text(painted(font, TITLE, (200, 152), SKY), words, font)


def test_nothing_is_found_on_a_blank_screen(font: bytes) -> None:
    blank = Screenshot(640, 480, bytes(3 * 640 * 480))
    assert blank.is_blank
    assert not screen.shows_text(blank, TITLE, font)


def test_netpbm_sees_in_our_png_what_was_in_the_ppm() -> None:
    need("pngtopnm")
    noise = random.Random(2)
    picture = Screenshot(33, 7, noise.randbytes(3 * 33 * 7))
    ppm = b"P6\n33 7\n255\n" + picture.pixels
    seen = read_with("pngtopnm", "-plain", stdin=screen.encode_png(picture)).split()
    assert seen[:4] == ["P3", "33", "7", "255"]
    assert bytes(map(int, seen[4:])) == screen.parse_ppm(ppm).pixels


@pytest.mark.parametrize("data", [b"", b"P5\n1 1\n255\n\0", b"P6\n2 2\n255\n\0\0\0"])
def test_what_is_no_whole_ppm_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="PPM"):
        screen.parse_ppm(data)


def test_a_video_bios_without_a_font_has_none() -> None:
    assert screen.find_font(bytes(65536)) == b""
