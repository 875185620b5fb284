# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot record of our own, for builders without isolinux: it says what it is, and halts.

Hand-made 8086 machine code. It lies at 0000:7C00, put there by the BIOS (El Torito
without emulation, 4 sectors of 512 bytes) or by the MBR of a hybrid image. That MBR
demands isolinux's mark at offset 64 and jumps behind it.
"""

from __future__ import annotations

LOADED_AT, SIZE = 0x7C00, 2048
MARK_AT = 64
MARK = (0x7078C0FB).to_bytes(4, "little")
START = bytes.fromhex("EB 42")  # jmp short 68; bytes 8..63 are the boot info table's
SETUP = bytes.fromhex(
    "FA"  # cli
    "31 C0"  # xor ax, ax
    "8E D8"  # mov ds, ax
    "8E D0"  # mov ss, ax
    "BC 00 7C"  # mov sp, 7C00
    "FB FC"  # sti, cld
    "B8 E3 00"  # mov ax, 00E3: initialise, 9600 baud, 8 bits, no parity
    "31 D2"  # xor dx, dx: COM1
    "CD 14"  # int 14
)
TO_SCREEN = bytes.fromhex(
    "60"  # pusha
    "B4 0E"  # mov ah, 0E: teletype
    "BB 07 00"  # mov bx, 0007: page 0, grey
    "CD 10"  # int 10
    "61"  # popa
)
TO_SERIAL = bytes.fromhex(
    "50"  # push ax
    "BA FD 03"  # mov dx, 03FD: line status of COM1
    "31 C9"  # xor cx, cx: 65536 tries, then on without it
    "EC"  # wait: in al, dx
    "A8 20"  # test al, 20: room for a byte?
    "E1 FB"  # loopz wait
    "58"  # pop ax
    "BA F8 03"  # mov dx, 03F8
    "EE"  # out dx, al
)
HALT = bytes.fromhex("F4 EB FD")  # hlt, and again after an interrupt


def message_boot_record(message: str) -> bytes:
    """Return 2048 bytes that show message on the screen and on COM1 (9600 8N1) when booted.

    Raises ValueError if message is longer than the record has room for, some 1,900 characters.
    """
    text = message.replace("\n", "\r\n").encode("ascii", "replace") + b"\0"
    letter = TO_SCREEN + TO_SERIAL
    over = bytes((0x74, len(letter) + 2))  # jz HALT, behind the jump back
    fetch = bytes.fromhex("AC 84 C0") + over  # lodsb; test al, al
    again = bytes((0xEB, 0x100 - len(fetch + letter) - 2))  # jmp fetch
    code_at = MARK_AT + len(MARK)
    code_size = len(SETUP) + 3 + len(fetch + letter + again + HALT)
    source = bytes([0xBE]) + (LOADED_AT + code_at + code_size).to_bytes(2, "little")  # mov si, text
    record = START.ljust(MARK_AT, b"\0") + MARK + SETUP + source + fetch + letter + again + HALT + text
    if len(record) > SIZE:
        raise ValueError(f"a boot record has no room for a message of {len(message)} characters")
    return record.ljust(SIZE, b"\0")
