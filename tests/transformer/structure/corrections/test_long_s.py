from __future__ import annotations

import re

import pytest

from kserve_ocr.protocol.layout import PageLayout
from tests.support.drawn_layouts import page, texts
from tests.support.drawn_lines import row
from transformer.structure.corrections.correct import corrected
from transformer.structure.corrections.long_s import modern

OLD = "Il eft jufte que fon domeftique fe foit arrefté"
WORDS_WITH_S = (
    "se si sa son ses sur sous sans sont soit soin soir soif sage saison saint savoir sauvage sembloit seul"
    " second secours secret siècle signe silence simple sincère société soldat soleil songer sortir soudain"
    " souvent souverain suite sujet suivre superbe suis système séparer sévère désir raison plaisir chose cause"
    " usage maison poser puissant glissant connoissoit ressembler assembler assurer essayer essence dissiper"
    " possible casser ensuite enseigner ensemble insecte conseil conserver considérer consul désert désormais"
    " désespoir préserver présent présider réserver résoudre résultat personne persuader philosophe monstre"
    " justement despotisme testament risque jusqu sçavoir soixante reposer trésor possession assassin permission"
    " musicien physicien François dispose visible précision"
)
WORDS_WITH_F = (
    "faire fait faut face façon facile faculté faim famille fameux fatal fatigue faute faux faveur favorable"
    " femme fenêtre fer ferme fertile feu feuille fidèle fier figure fille fils fin finir fixer fois foible folie"
    " fond fontaine force forêt forme fort fortune fou foule fournir foyer frère fruit fuir funeste fureur furent"
    " fut futur fâcher fête février fleur afin enfin enfant enfer enfermer infini infidèle infâme informer"
    " inférieur confiance confier confondre confus confesser parfait profond profiter professer sacrifice"
    " justifier magnifique signifier satisfaire transformer défaut défendre défier définir déférer refus refuser"
    " réfugier réforme préférer préface manifester artifice officier affaire affreux affliger effet effort effacer"
    " offrir offense différent difficile suffire souffrir souffler chef neuf chefs vifs quelquefois autrefois"
    " toutefois orfèvre perfide perfection surface café golfe bienfait étoffe chiffre griffe"
)


def as_misread(word: str) -> str:
    """A word of old print as models of today's letters read it: f for each s but the last letter and those before f."""
    return re.sub("s(?!$|f)", "f", word)


@pytest.mark.parametrize("word", WORDS_WITH_S.split())
def test_a_long_s_is_restored(word: str) -> None:
    assert modern(as_misread(word)) == word


@pytest.mark.parametrize("word", WORDS_WITH_F.split())
def test_a_real_f_stays(word: str) -> None:
    assert modern(as_misread(word)) == word


@pytest.mark.parametrize("word", ["connoissoit", "ressembler", "essayer", "aussi", "passer", "messieurs", "laisse"])
def test_two_long_s_that_look_like_f_and_l_are_restored(word: str) -> None:
    assert modern(word.replace("ss", "fl")) == word


@pytest.mark.parametrize(
    "word", ["reflet", "réflexion", "pantoufle", "siffler", "rafle", "persiflage", "flotte", "mufle"]
)
def test_a_real_f_before_l_stays(word: str) -> None:
    assert modern(word) == word


def test_a_long_s_like_a_brace_is_restored() -> None:
    assert modern("{on") == "son"
    assert modern("d'{ortis") == "d'sortis"
    assert modern("{a}") == "{a}"
    assert modern("x{on") == "x{on"


def test_parts_of_a_word_and_capitals() -> None:
    assert modern("L'eft, c'eft-à-dire Fefte FESTE") == "L'est, c'est-à-dire Feste FESTE"


def old_page() -> PageLayout:
    return page([row(*OLD.split())])


def test_a_page_of_old_french_print_gets_its_s_back() -> None:
    assert texts(corrected(old_page(), languages=["fra"])) == ["Il est juste que son domestique se soit arresté"]


@pytest.mark.parametrize("lang", ["eng", "deu", "frk"])
def test_pages_in_other_languages_stay(lang: str) -> None:
    layout = old_page()

    assert corrected(layout, languages=[lang]) is layout


def test_a_page_of_modern_french_with_foreign_words_stays() -> None:
    layout = page([row("le", "soft", "craft", "shift", "vient", "est", "juste", "cette", "question", "respecte")])

    assert corrected(layout, languages=["fra"]) is layout
