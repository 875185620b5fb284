# SPDX-License-Identifier: GPL-3.0-or-later
"""Practice translations of the installer: a few of anaconda's sentences in several languages, as gettext reads them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from smedoit.sample.packages import write_if_missing

MESSAGES = (
    "WELCOME TO %(name)s %(version)s.",
    "INSTALLATION SUMMARY",
    "_Begin Installation",
    "INSTALLATION DESTINATION",
    "LANGUAGE SUPPORT",
    "Set root password",
    "Complete!",
)
# Language -> the plural rule of its header, and MESSAGES in their order.
LANGUAGES = {
    "de": (
        "nplurals=2; plural=(n != 1);",
        "WILLKOMMEN BEI %(name)s %(version)s.",
        "ZUSAMMENFASSUNG DER INSTALLATION",
        "_Installation starten",
        "INSTALLATIONSZIEL",
        "SPRACHUNTERSTÜTZUNG",
        "Root-Passwort festlegen",
        "Abgeschlossen!",
    ),
    "es": (
        "nplurals=2; plural=(n != 1);",
        "BIENVENIDO A %(name)s %(version)s.",
        "RESUMEN DE LA INSTALACIÓN",
        "_Empezar instalación",
        "DESTINO DE LA INSTALACIÓN",
        "SOPORTE DE IDIOMA",
        "Establecer la contraseña de root",
        "¡Completo!",
    ),
    "fr": (
        "nplurals=2; plural=(n > 1);",
        "BIENVENUE DANS %(name)s %(version)s.",
        "RÉSUMÉ DE L'INSTALLATION",
        "_Démarrer l'installation",
        "INSTALLATION DESTINATION",
        "PRISE EN CHARGE DE LANGUE",
        "Définir le mot de passe root",
        "Terminé !",
    ),
    "it": (
        "nplurals=2; plural=(n != 1);",
        "BENVENUTI IN %(name)s %(version)s.",
        "RIEPILOGO INSTALLAZIONE",
        "_Avvia installazione",
        "DESTINAZIONE INSTALLAZIONE",
        "SUPPORTO LINGUA",
        "Impostare la password di root",
        "Completato!",
    ),
    "nl": (
        "nplurals=2; plural=(n != 1);",
        "WELKOM BIJ %(name)s %(version)s.",
        "INSTALLATIESAMENVATTING",
        "_Begin installatie",
        "INSTALLATIEBESTEMMING",
        "TAALONDERSTEUNING",
        "Stel root-wachtwoord in",
        "Voltooid!",
    ),
    "pt_BR": (
        "nplurals=2; plural=(n > 1);",
        "BEM-VINDO AO %(name)s %(version)s.",
        "RESUMO DA INSTALAÇÃO",
        "_Iniciar a instalação",
        "DESTINO DA INSTALAÇÃO",
        "SUPORTE A IDIOMAS",
        "Definir a senha do root",
        "Concluído!",
    ),
}
HEADER = """\
Project-Id-Version: anaconda practice
PO-Revision-Date: 2021-05-29 12:00+0000
Language: {language}
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
Plural-Forms: {plural}
"""


def fill_translations(root: Path) -> None:
    """Make the catalogues that lack below root, as LANG/LC_MESSAGES/anaconda.mo."""
    for language in LANGUAGES:
        write_if_missing(root / language / "LC_MESSAGES/anaconda.mo", partial(practice_catalog, language))


def practice_catalog(language: str) -> bytes:
    """Return the .mo file of one of LANGUAGES."""
    plural, *sentences = LANGUAGES[language]
    header = HEADER.format(language=language, plural=plural)
    return encode_mo({"": header, **dict(zip(MESSAGES, sentences, strict=True))})


def encode_mo(messages: Mapping[str, str]) -> bytes:
    """Return messages (original -> translation, "" -> header) as a little-endian .mo file, without a hash table.

    Source: gettext manual, "The Format of GNU MO Files"
    """
    pairs = sorted((original.encode(), text.encode()) for original, text in messages.items())
    count, start = len(pairs), 28 + 16 * len(pairs)
    tables = [b"", b""]
    texts = b""
    for column in (0, 1):
        for pair in pairs:
            tables[column] += struct.pack("<II", len(pair[column]), start + len(texts))
            texts += pair[column] + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, start) + b"".join(tables) + texts
