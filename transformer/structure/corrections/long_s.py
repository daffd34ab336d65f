"""The long s of French print before 1800, which models of today's letters read as f.

Spelling tells the two apart: no French word has f before most consonants or a double f in most places, and the words
that have f before a vowel are few enough to list parts of them. Where both are words, the more frequent one is taken:
"sont" for "font", "se" for "fe".
"""

from __future__ import annotations

import re
from typing import Final

from kserve_ocr.protocol.layout import PageLayout
from transformer.structure.changes import with_texts

MODELS: Final = frozenset({"fra"})
_LEAST: Final = 3
"""Words with f where only s can stand, from which a page has the long s if they are more than those read with s."""

_CONSONANT: Final = "bcçdghjkmnpqtvxz"
_IMPOSSIBLE: Final = re.compile(f"f(?=[{_CONSONANT}])")
_IN_ITS_PLACE: Final = re.compile(r"s(?=[cmpqtv])")
_LETTERS: Final = re.compile(r"[^\W\d_]+")

_BEGINNINGS: Final = (
    "fa(?:b|c[eéiu]|ct[eu]|ç|ch|ff[eio]|go|ll[aou]|l[su]i|lai|meu|mi|na|nf|nge|nt[aô]|nto|rce|r[dio]|tal|tig|ts?$|veu|vor)",
    "fai(?:[bm]|re?s?$|rs?$|ts?$|te|lli|né|nea|f(?:oi|an|eu))",
    "fau(?:b|cill|c?on|d[re]|te?s?$|teu|x|vette)",
    "fé(?:e|l|ro|ru|co|d[éeo]|br|vr|ti)",
    "fe(?:in[dt]|mm|melle|nd|n[êe]t|rs?$|rbl|rm(?!en|on)|rrail|roc|rti|rveur|u[sx]?$|ui|uda|vr)",
    "fi(?:[ad]|ef|ers?$|ère|ert|el|èv|gu|ls?$|latu|ll|lia|lou|lez?$|ns?$|ne|nan|ni(?!t?$)|nit$|s$|t$|rent$|ct)",
    "fix(?:[aeéo]|er|oi)",
    "fo(?:is?$|ib|ire|ls?$|lle|lie|lâ|nct|nd|nt[ae]|ff[eé]|yer)",
    "for(?:s?$|c|[êe]t|[egm]|ts?$|tu|tif|te(?:ment|ress|reff))",
    "fou(?:$|dr|et|g|il|les?$|l[eé]r?$|r(?:[nbm]|s?$|r|che))",
    "fu(?:[is]$|ir|y[ia]|gi|[mn]|rent$|reur|ri|rti|ts?$|ss|ff?[ei]l|ff(?:e|ion)|tur)",
    "fâ|fê|fî|fût|fûmes",
)
"""What words begin with whose first letter is f, before a vowel."""
_WITHIN: Final = (
    "(?<=s)f",
    "(?<=l)fe$",
    "^af(?=in$)",
    "(?:bien|mal|re|or|tre|ur)f(?=ai)",
    "(?:quelque|toute|autre)f(?=ois)",
    "^enf(?=ant?|in$|er(?!v)|oui|on|uir|um|uy)",
    "inf(?=â|am|ér|er|id|ini|irm|orm|ort|us|ecti)",
    "conf(?=i(?:an|e|er|oi|é|s?$|n|rm|t|den)|ond|us|uf|ér|or|eff)",
    "(?:pré|con|ré|dé|in|ans|anf)f(?=[éè]r)",
    "d[ée]f(?=au|ai[rt]|en[dsf]|ér|i(?:[aeln]|gu)|orm(?!ai)|un)",
    "r[ée]f(?=us|uf|ug|orm|ér|air|erm|ut)",
    "pr[ée]f(?=ac|ec?t|ér)",
    "ren?f(?=orc|orm|erm)",
    "parf(?=ai|um|ois)",
    "perf(?=id|ect|or)",
    "prof(?=on|i|es|ef|an|ér|us|uf)",
    "(?:acr|uft|ust|ign|agn|ort|ér|ac|éd|od|al|ert|ur|or|oft|rat)if(?=i)",
    "(?<=[ié])f(?=ic[eai])",
    "manif(?=e)|nif(?=ère)|arif|traf(?=i)|orf(?=[eèé]v)|(?:urf|erf)(?=ac|ic)|caf(?=[ée])|golf|^fanf(?=ar)",
)
"""Where f stands before a vowel inside a word."""
_DOUBLE: Final = (
    "^aff(?=ai[rb]|ec|erm(?!en)|i[crnl]|oi|û)",
    "^(?:in)?eff(?=et|ec|or[tcç]|ra|ic|us|uf|é|ac|ar)",
    "^off(?=e[nr]|i|u)",
    "diff(?=é|er|ic|or|us|uf|am)",
    "[fs]uff(?=i|o)|[fs]ouff(?=er)|touff(?=u|e$)|chauff(?=er)",
    "(?:ch|s|f)iff|étoff|coiff|gr[ie]ff|bouff|buff",
)
"""Where both of two f are."""
_REAL: Final = re.compile(
    f"(?P<beginning>^(?:{'|'.join(_BEGINNINGS)}))|{'|'.join((*_DOUBLE, *_WITHIN))}", re.IGNORECASE
)

_LIGATURE: Final = re.compile(
    r"(?<=[oau]i)fl(?=[aeéio])|(?<=\bau)fl(?=i)|(?<=\be)fl(?=ay|en[ct])|(?<=\bre)fl(?=embl|ent|ort|our)"
    r"|(?<=\bpa)fl(?=[aeéio])|(?<=\bme)fl(?=i)",
    re.IGNORECASE,
)
"""Two long s that were read as f and l, where no French word has these."""

_BRACE: Final = re.compile(r"(?<!\w)\{(?=[a-zà-ÿ]+\b(?!\}))")
"""A long s before a word, whose stroke looks like a brace."""


def restored(layout: PageLayout) -> PageLayout:
    """The page with s where f stands for a long s; as it is if its print has none."""
    texts = [word.text for word in layout.iter_words()]
    misread = sum(bool(_IMPOSSIBLE.search(text)) for text in texts)
    if misread < _LEAST or misread <= sum(bool(_IN_ITS_PLACE.search(text)) for text in texts):
        return layout
    return with_texts(layout, modern)


def modern(text: str) -> str:
    """The text with s for each f, and for other signs, that are a long s by French spelling."""
    return _LETTERS.sub(lambda match: _modern_word(match[0]), _LIGATURE.sub("ss", _BRACE.sub("s", text)))


def _modern_word(word: str) -> str:
    real = {index for match in _REAL.finditer(word) for index in _real_places(match)}
    return "".join(
        "s" if letter == "f" and index not in real and _may_be_long(word, index) else letter
        for index, letter in enumerate(word)
    )


def _real_places(match: re.Match[str]) -> range:
    """Places of f: the first letter of a word's beginning, or the last f of a match inside it and one right before."""
    if match["beginning"]:
        return range(match.start(), match.start() + 1)
    last = match.start() + match[0].rindex("f")
    return range(last - match[0].endswith("ff"), last + 1)


def _may_be_long(word: str, index: int) -> bool:
    """Whether a long s may stand at this place: not at the end of a word, and not before l, r or a final s."""
    rest = word[index + 1 :]
    return bool(rest) and rest[0] not in "lr" and rest != "s" and not rest.startswith(("fl", "fr"))
