"""One code for all spellings of a calibre."""

from __future__ import annotations

from collections import defaultdict

import pytest

from ribin.cases.calibres import calibre_code, calibre_words, calibres, same_calibre
from ribin.cases.exhibits import Filters

SPELLINGS = {
    "9x19": ["9x19", "9 mm Para", "9mm Luger", "9 MM LUGER", "9\u00d719mm Parabellum", "9 x 19"],
    "9x17": [".380 ACP", "380 Auto", "0.380 ACP", "9mm kurz", "9 mm Browning Court"],
    "11.43x23": [".45 ACP", "45acp", "0.45 ACP", ".45 Auto"],
    "7.62x39": ["7,62x39", "7.62 x 39 mm", "7.62*39"],
    "9x29R": [".38 Special", "38 SPL", ".38 S&W Special"],
    "10x22": [".40 S&W", "40 S & W", ".40 Smith & Wesson"],
    "5.56x45": ["5.56x45 NATO", ".223 Rem.", "223 Remington"],
    "7.65x17SR": [".32 ACP", "7.65 mm Browning", "7,65 Browning"],
    "5.6x15R": [".22 LR", "22lr", "cal. .22 Long Rifle"],
    "9x18": ["9 mm Makarov", "9x18", "9x18 Makarov"],
}


@pytest.mark.parametrize("code", SPELLINGS)
def test_spellings_of_one_calibre(code):
    assert {calibre_code(text) for text in SPELLINGS[code]} == {code}
    assert Filters(calibre=SPELLINGS[code][-1]).calibre == code
    assert calibre_code(calibre_words(code)) == code


@pytest.mark.parametrize("load", ["+P", "+P+", "FMJ", "124 gr", "8.0 g JHP", "subsonic"])
def test_the_load_does_not_change_the_calibre(load):
    assert calibre_code(f"9 mm Luger {load}") == "9x19"
    assert calibre_code(load) == calibre_code("9 mm Luger blank") == ""


def test_no_spelling_means_two_calibres():
    codes = defaultdict(set)
    for one in calibres():
        for text in (one.code, one.name, *one.synonyms):
            codes[text].add(calibre_code(text))
            assert calibre_code(text) == one.code
    assert len(calibres()) >= 80
    assert all(len(found) == 1 for found in codes.values())


@pytest.mark.parametrize("text", ["9 mm", "45", "9 mm Foo", "22", "9x19 or 9x18", "?"])
def test_free_text_is_kept(text):
    assert calibre_code(text) == ""
    assert calibre_words(text) == text
    assert Filters(calibre=text).calibre == text
    assert same_calibre(text, f" {text.upper()} ")
    assert not same_calibre(text, "9x19")
