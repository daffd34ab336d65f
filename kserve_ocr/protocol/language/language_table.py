"""Tesseract's models with their languages: model | English name | own name | other codes, the preferred tag first.

Models from the list of Tesseract's ``tessdata`` repositories; codes from ISO 639 (both forms of part 2) and BCP 47.
"""

from __future__ import annotations

from typing import Final

TABLE: Final = """
afr | Afrikaans | | af
amh | Amharic | አማርኛ | am
ara | Arabic | العربية | ar
asm | Assamese | অসমীয়া | as
aze | Azerbaijani | azərbaycanca | az az-Latn
aze_cyrl | Azerbaijani (Cyrillic) | азәрбајҹанҹа | az-Cyrl
bel | Belarusian | беларуская | be
ben | Bengali | বাংলা | bn
bod | Tibetan | བོད་སྐད་ | bo tib
bos | Bosnian | bosanski | bs
bre | Breton | brezhoneg | br
bul | Bulgarian | български | bg
cat | Catalan | català | ca
ceb | Cebuano | | ceb
ces | Czech | čeština | cs cze
chi_sim | Chinese (Simplified) | 简体中文 | zh-Hans zh zh-CN zh-SG chi zho cmn chinese cn ch ch-sim
chi_sim_vert | Chinese (Simplified, vertical) | 简体中文（竖排） |
chi_tra | Chinese (Traditional) | 繁體中文 | zh-Hant zh-TW zh-HK zh-MO ch-tra chinese-cht
chi_tra_vert | Chinese (Traditional, vertical) | 繁體中文（直排） |
chr | Cherokee | ᏣᎳᎩ | chr
cos | Corsican | corsu | co
cym | Welsh | Cymraeg | cy wel
dan | Danish | dansk | da
deu | German | Deutsch | de ger
div | Dhivehi | ދިވެހި | dv
dzo | Dzongkha | རྫོང་ཁ | dz
ell | Greek | Ελληνικά | el gre
eng | English | | en
enm | Middle English | | enm
epo | Esperanto | | eo
equ | Mathematics | |
est | Estonian | eesti | et
eus | Basque | euskara | eu baq
fao | Faroese | føroyskt | fo
fas | Persian | فارسی | fa per farsi
fil | Filipino | | fil tl tgl tagalog
fin | Finnish | suomi | fi
fra | French | français | fr fre
frk | German (Fraktur) | Deutsch (Fraktur) | de-Latf
frm | Middle French | moyen français | frm
fry | Western Frisian | Frysk | fy
gla | Scottish Gaelic | Gàidhlig | gd
gle | Irish | Gaeilge | ga
glg | Galician | galego | gl
grc | Ancient Greek | Ἀρχαία ἑλληνική | grc
guj | Gujarati | ગુજરાતી | gu
hat | Haitian Creole | kreyòl ayisyen | ht
heb | Hebrew | עברית | he iw
hin | Hindi | हिन्दी | hi
hrv | Croatian | hrvatski | hr
hun | Hungarian | magyar | hu
hye | Armenian | հայերեն | hy arm
iku | Inuktitut | ᐃᓄᒃᑎᑐᑦ | iu
ind | Indonesian | bahasa Indonesia | id
isl | Icelandic | íslenska | is ice
ita | Italian | italiano | it
ita_old | Italian (Old) | italiano antico |
jav | Javanese | basa Jawa | jv
jpn | Japanese | 日本語 | ja jp japan
jpn_vert | Japanese (vertical) | 日本語（縦書き） |
kan | Kannada | ಕನ್ನಡ | kn
kat | Georgian | ქართული | ka geo
kat_old | Georgian (Old) | ძველი ქართული |
kaz | Kazakh | қазақша | kk
khm | Khmer | ខ្មែរ | km
kir | Kyrgyz | кыргызча | ky kirghiz
kmr | Kurdish (Kurmanji) | kurmancî | kmr ku kur kurdish
kor | Korean | 한국어 | ko
kor_vert | Korean (vertical) | 한국어 (세로쓰기) |
lao | Lao | ລາວ | lo
lat | Latin | Latina | la
lav | Latvian | latviešu | lv
lit | Lithuanian | lietuvių | lt
ltz | Luxembourgish | Lëtzebuergesch | lb
mal | Malayalam | മലയാളം | ml
mar | Marathi | मराठी | mr
mkd | Macedonian | македонски | mk mac
mlt | Maltese | Malti | mt
mon | Mongolian | монгол | mn
mri | Maori | te reo Māori | mi mao
msa | Malay | bahasa Melayu | ms may
mya | Burmese | မြန်မာ | my bur
nep | Nepali | नेपाली | ne
nld | Dutch | Nederlands | nl dut flemish
nor | Norwegian | norsk | no nb nn nob nno bokmål nynorsk
oci | Occitan | occitan | oc
ori | Odia | ଓଡ଼ିଆ | or oriya
osd | Orientation and script detection | |
pan | Punjabi | ਪੰਜਾਬੀ | pa
pol | Polish | polski | pl
por | Portuguese | português | pt
pus | Pashto | پښتو | ps
que | Quechua | Runasimi | qu
ron | Romanian | română | ro rum mo
rus | Russian | русский | ru
san | Sanskrit | संस्कृतम् | sa
sin | Sinhala | සිංහල | si
slk | Slovak | slovenčina | sk slo
slv | Slovenian | slovenščina | sl slovene
snd | Sindhi | سنڌي | sd
spa | Spanish | español | es castilian castellano
spa_old | Spanish (Old) | español antiguo |
sqi | Albanian | shqip | sq alb
srp | Serbian | српски | sr sr-Cyrl
srp_latn | Serbian (Latin) | srpski | sr-Latn
sun | Sundanese | basa Sunda | su
swa | Swahili | Kiswahili | sw
swe | Swedish | svenska | sv
syr | Syriac | ܣܘܪܝܝܐ | syr
tam | Tamil | தமிழ் | ta
tat | Tatar | татарча | tt
tel | Telugu | తెలుగు | te
tgk | Tajik | тоҷикӣ | tg
tha | Thai | ไทย | th
tir | Tigrinya | ትግርኛ | ti
ton | Tongan | lea fakatonga | to
tur | Turkish | Türkçe | tr
uig | Uyghur | ئۇيغۇرچە | ug
ukr | Ukrainian | українська | uk
urd | Urdu | اردو | ur
uzb | Uzbek | oʻzbekcha | uz uz-Latn
uzb_cyrl | Uzbek (Cyrillic) | ўзбекча | uz-Cyrl
vie | Vietnamese | Tiếng Việt | vi
yid | Yiddish | ייִדיש | yi ji
yor | Yoruba | Yorùbá | yo
"""
