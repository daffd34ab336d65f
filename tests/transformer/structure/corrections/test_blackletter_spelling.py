from __future__ import annotations

import pytest

from tests.support.drawn_layouts import page, texts
from tests.support.drawn_lines import row
from transformer.structure.corrections import blackletter_spelling
from transformer.structure.corrections.correct import corrected

MISREAD = {
    "3": {
        "al3": "als",
        "e3": "es",
        "E3": "Es",
        "Bürgeralter3asyl,": "Bürgeraltersasyl,",
        "thut'3": "thut's",
        "Aus3züge": "Auszüge",
    },
    "ch": {
        "Be\u017fhluß": "Be\u017fchluß",
        "Ge\u017fhwornen": "Ge\u017fchwornen",
        "nict": "nicht",
        "Auf\u017fiht": "Auf\u017ficht",
    }
    | {"pfarramtlihe": "pfarramtliche", "möglih": "möglich", "noh": "noch", "auchh": "auch", "durH": "durch"}
    | {
        "SHweiz": "Schweiz",
        "auc": "auch",
        "welhes": "welches",
        "Ge\u017fell\u017fhaft": "Ge\u017fell\u017fchaft",
        "\u017facße": "\u017fache",
    },
    "ck": {"HartnäFigkeit": "Hartnäckigkeit", "Be\u017fchikung": "Be\u017fchickung"},
    "tz": {
        "ge\u017ftüßt,": "ge\u017ftützt,",
        "Sißung": "Sitzung",
        "Ge\u017feßgeber": "Ge\u017fetzgeber",
        "er\u017feßt": "er\u017fetzt",
    }
    | {
        "jezt": "jetzt",
        "leztern": "letztern",
        "gemeinnüßigen": "gemeinnützigen",
        "Plaß": "Platz",
        "plößlich": "plötzlich",
        "troßdem": "trotzdem",
        "Ueber\u017fezung": "Ueber\u017fetzung",
    },
    "d": {
        "ver": "der",
        "ven": "den",
        "vaß": "daß",
        "varauf": "darauf",
        "vie": "die",
        "va\u017f\u017felbe": "da\u017f\u017felbe",
        "veim": "beim",
        "nnd": "und",
    },
    "s": {
        "fich": "sich",
        "fie,": "sie,",
        "felb\u017ft": "selb\u017ft",
        "\u017fte": "sie",
    },
    "I": {"Jtalien": "Italien", "(Jn": "(In", "Jnhalt": "Inhalt"},
    ".": {"mag..": "mag."},
}
PAIRS = [(kind, word, wanted) for kind, words in MISREAD.items() for word, wanted in words.items()]
RIGHT = """
    müßten Füßli grüßen daß muß läßt faßte saß süß Nuß Schüsse Größe Preußen Meßner beschließen stoßen Fuß außer
    verzeiht leiht sieht zieht geht Draht droht ruht früh Vieh Vertrag vor von vom viel für fest fein fast Fluß Frist
    Jahr Jugend Joch J. ja Jhdt 1843 3. B3 2tes Shakespeare Edict Victor Publikum Musik Fabrik Technik hört gehört Löwe
    tröpfelt meiste beste ste- ver- verlor vergeben finde frei Herz Hof zehn erzen Herzen würzen schwarz Satz Schatz
    Lesezentrum Kaffee genüßlich Genußtempel bisherige Troß
"""


@pytest.mark.parametrize(("kind", "word", "wanted"), PAIRS)
def test_letters_that_look_alike_are_told_by_spelling(kind: str, word: str, wanted: str) -> None:
    layout = page([row("Und", word, "Rath")])

    assert texts(corrected(layout, languages=["frk"])) == [f"Und {wanted} Rath"]
    assert texts(corrected(layout, languages=["deu"])) == [f"Und {word} Rath"]


@pytest.mark.parametrize("word", RIGHT.split())
def test_words_that_are_right_stay(word: str) -> None:
    assert blackletter_spelling.corrected(word) == word
