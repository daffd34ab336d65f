"""Sentences in scripts other than Latin, and pages drawn with them in fonts of Debian's packages."""

# ruff: noqa: RUF001 (letters of other scripts are meant)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

_FONTS = "/usr/share/fonts/truetype"
DEJAVU = f"{_FONTS}/dejavu/DejaVuSans.ttf"
DEVANAGARI = f"{_FONTS}/lohit-devanagari/Lohit-Devanagari.ttf"
THAI = f"{_FONTS}/tlwg/Garuda.ttf"
CJK = f"{_FONTS}/wqy/wqy-microhei.ttc"


@dataclass(frozen=True, slots=True)
class Sample:
    """Lines of text in one language."""

    lang: str
    """Name of the Tesseract model."""
    font: str
    lines: tuple[str, ...]
    rtl: bool = False


SAMPLES: dict[str, Sample] = {
    sample.lang: sample
    for sample in (
        Sample("eng", DEJAVU, ("The committee will meet again in spring", "and publish its report before summer.")),
        Sample("pol", DEJAVU, ("Zażółć gęślą jaźń i wróć do domu przed", "zmrokiem, bo później będzie już ciemno.")),
        Sample("rus", DEJAVU, ("Комитет соберётся снова весной и издаст", "свой отчёт о работе до начала лета.")),
        Sample("ukr", DEJAVU, ("Комітет збереться знову навесні та видасть", "свій звіт про роботу до початку літа.")),
        Sample("srp", DEJAVU, ("Одбор ће се поново састати на пролеће", "и објавити свој извештај пре лета.")),
        Sample("ell", DEJAVU, ("Η επιτροπή θα συνεδριάσει ξανά την άνοιξη", "και θα δημοσιεύσει την έκθεσή της.")),
        Sample("heb", DEJAVU, ("הוועדה תתכנס שוב באביב ותפרסם את", "הדוח שלה לפני תחילת הקיץ הבא."), rtl=True),
        Sample("ara", DEJAVU, ("تجتمع اللجنة مرة أخرى في الربيع وتنشر", "تقريرها قبل بداية الصيف القادم."), rtl=True),
        Sample("hin", DEVANAGARI, ("समिति वसंत में फिर से मिलेगी और गर्मियों", "से पहले अपनी रिपोर्ट प्रकाशित करेगी।")),
        Sample("tha", THAI, ("คณะกรรมการจะประชุมอีกครั้งในฤดูใบไม้ผลิ", "และเผยแพร่รายงานก่อนฤดูร้อน")),
        Sample("jpn", CJK, ("委員会は春に再び開催され、夏までに", "報告書を発表する予定です。")),
        Sample("chi_sim", CJK, ("委员会将于明年春天再次召开会议，并在", "夏天之前公布工作报告。")),
        Sample("kor", CJK, ("위원회는 봄에 다시 모여서 여름이 오기", "전에 보고서를 발표할 예정이다.")),
    )
}


def draw_sample(
    lang: str,
    *,
    size: int = 40,
    lines: Sequence[str] | None = None,
    repeat: int = 1,
    ink: int | tuple[int, int, int] = 0,
    paper: int | tuple[int, int, int] = 255,
) -> Image.Image:
    """The lines of a sample (or ``lines`` in its font), dark on light unless other colors are given."""
    sample = SAMPLES[lang]
    text = tuple(sample.lines if lines is None else lines) * repeat
    font = ImageFont.truetype(sample.font, size=size)
    width = round(max(font.getlength(line) for line in text)) + 4 * size
    image = Image.new("L" if isinstance(paper, int) else "RGB", (width, (len(text) * 2 + 2) * size), paper)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(text):
        across = width - 2 * size if sample.rtl else 2 * size
        draw.text((across, (number * 2 + 1) * size), line, font=font, fill=ink, anchor="ra" if sample.rtl else "la")
    return image
