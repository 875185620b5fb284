# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of languages as gettext looks for them: LANG[_TERRITORY][.CODESET][@MODIFIER]."""

from __future__ import annotations

import re

LANGUAGES = (  # ISO 639-1, and what glibc and CLDR have of three letters
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee "
    "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is "
    "it iu iw ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr "
    "ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si "
    "sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh "
    "yi yo za zh zu ady agq agr ann anp apc arn ary asa ast ayc bal bas bem ber bew bez bgc bgn bhb bho blo blt "
    "bqi brh brx bss bua byn cad cch ccp ceb cgg cho chr cic ckb cmn cop crh csb csw dav dje doi dsb dua dyo ebu "
    "ewo fil frp frr fur gaa gez gsw guz hak haw hif hne hnj hrx hsb ilo isv jbo jgo jmc kaa kab kaj kam kbd kcg "
    "kde kea kek ken kgp khq kkj kln kmr kok kpe ksb ksf ksh kxv lag lij lkt lld lmo lrc ltg luo luy lzh lzz mag "
    "mai mas mdf mer mfe mgh mgo mhn mhr mic miq mjw mni mnw moh mrh mua mus mww myv mzn nan naq nds nhn niu nmg "
    "nnh nqo nso nus nyn oka osa pap pcm pis pms prg quc quz raj rhg rif rof rwk sah saq sat sbp scn sdh seh ses "
    "sgs shi shn shs sid skr sma smj smn sms ssy sus suz syr szl tcy teo the tig tok tpi trv trw twq tyv tzm unm "
    "vai vec vmw vun wae wal wbp xdq xnr xog yav yrl yue yuw zgh "
)
TERRITORIES = (  # ISO 3166-1, and glibc's Kosovo
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW "
)
# What anaconda 21.48 itself is translated into. Source: its po/LINGUAS
INSTALLER_LANGUAGES = (
    "af am ar as ast be bg bn bn_IN bs ca cs cy da de de_CH el en_GB es et eu fa fi fr gl gu hi hr hu ia id ilo is it "
    "ja ka kk kn ko lt lv mai mk ml mr ms nb ne nl nn nso or pa pl pt pt_BR ro ru si sk sl sq sr sr@latin sv ta te tg "
    "th tr uk ur vi zh_CN zh_TW zu"
)
LANGUAGE_NAME = re.compile(r"([a-z]+)(?:_([A-Z]+))?(?:\.[-A-Za-z0-9]+)?(?:@[A-Za-z0-9]+)?")


def is_language(name: str) -> bool:
    """Return whether gettext would look below a directory of that name, in some country of the world."""
    parts = LANGUAGE_NAME.fullmatch(name)
    return bool(parts and parts[1] in LANGUAGES.split() and (not parts[2] or parts[2] in TERRITORIES.split()))


def nearest_language(name: str) -> str:
    """Return the name that was meant, "" if nobody can tell: de_DE for de_de and de-DE, de for german."""
    language, at, modifier = name.replace("-", "_").partition("@")
    language, _, territory = language.partition(".")[0].partition("_")
    cased = f"{language.lower()}{f'_{territory.upper()}' if territory else ''}{at}{modifier}"
    if is_language(cased):
        return cased
    from locale import locale_alias  # which knows languages by their English names

    alias = locale_alias.get(name.lower(), "").partition(".")[0].partition("_")[0]
    return alias if name.isalpha() and is_language(alias) else ""


def language_remark(name: str) -> str:
    """Return why nobody would find a catalog of that language, "" if somebody would."""
    if is_language(name):
        return ""
    meant = nearest_language(name)
    return f"{name} is no language that gettext looks for{f': it is called {meant}' if meant else ''}"
