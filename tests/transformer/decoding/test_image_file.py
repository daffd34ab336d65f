from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw, ImageFont, TiffImagePlugin

from benchmarks.common.sample_files import (
    TIFF_COMPRESSIONS,
    drawing,
    every_kind,
    frames,
    heif,
    png_header,
    webp_header,
    with_tag,
)
from kserve_ocr.protocol.errors import DamagedDocumentError, TooManyPixelsError
from tests.support.drawn_pages import encode
from transformer.decoding import pixels as pixels_module
from transformer.decoding.image_file import ImageDocument
from transformer.decoding.page import Page
from transformer.decoding.pixels import Pixels, to_array, turned
from transformer.decoding.sniff import detect_file_type

LIMIT = 1_000_000
IMAGES = {name: document for name, document in every_kind().items() if not name.startswith("pdf")}
LOSSLESS = {"PNG": {}, "TIFF": {"compression": "tiff_lzw"}, "BMP": {}, "PPM": {}, "JPEG2000": {}}
DARK = 20
"""A level that is black for a JPEG."""


def opened(document: bytes, *, page_pixels: int = LIMIT) -> ImageDocument:
    return ImageDocument(io.BytesIO(document), detect_file_type(document), page_pixels=page_pixels)


def decoded(document: bytes, number: int = 1) -> Page:
    return opened(document).decode(number, page_pixels=LIMIT)


def grey(pixels: Pixels) -> Pixels:
    return pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))


def reference() -> Pixels:
    return grey(np.asarray(drawing("RGB")))


@pytest.mark.parametrize(("name", "document"), IMAGES.items(), ids=list(IMAGES))
def test_every_form_looks_like_the_drawing(name: str, document: bytes) -> None:
    page = decoded(document)
    assert page.pixels.dtype == np.uint8
    # Stored upright and marked as lying: what a viewer shows is turned.
    lying = page.pixels.shape[:2] == (120, 80)
    assert lying == ("exif" in name or "turned" in name or name in ("jpeg-rgb", "webp-lossless"))
    upright = np.rot90(page.pixels) if lying else page.pixels
    text = "1" if name.removeprefix("tiff-") in TIFF_COMPRESSIONS else "Ab1"
    expected = grey(np.asarray(drawing("RGB", text=text)))
    difference = np.abs(grey(upright).astype(int) - expected)
    assert np.percentile(difference, 90) < 16
    assert difference.mean() < 12


@pytest.mark.parametrize(("mode", "shape"), [("L", (80, 120)), ("1", (80, 120)), ("I;16", (80, 120)), ("F", (80, 120))])
def test_greys_stay_grey(mode: str, shape: tuple[int, ...]) -> None:
    assert decoded(encode(drawing(mode), "TIFF")).pixels.shape == shape


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(sorted(LOSSLESS)),
    pixels=hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 24), st.integers(1, 24))
        | st.tuples(st.integers(1, 24), st.integers(1, 24), st.just(3)),
    ),
)
def test_lossless_files_give_their_very_pixels(kind: str, pixels: Pixels) -> None:
    page = decoded(encode(Image.fromarray(pixels), kind, **LOSSLESS[kind]))
    assert np.array_equal(page.pixels, pixels)


@settings(max_examples=20, deadline=None)
@given(
    hnp.arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))),
    st.sampled_from(["raw", "group3", "group4"]),
)
def test_bilevel_tiffs_give_their_very_pixels(bits: np.ndarray, compression: str) -> None:
    options = {} if compression == "raw" else {"compression": compression}
    page = decoded(encode(Image.fromarray(bits), "TIFF", **options))
    assert np.array_equal(page.pixels, bits * np.uint8(255))


@pytest.mark.parametrize(("compression", "mode"), TIFF_COMPRESSIONS.items())
def test_every_frame_of_a_tiff_is_a_page(compression: str, mode: str) -> None:
    document = opened(frames(4, compression, mode))
    assert list(document.sizes()) == [(120, 80)] * 4
    for number in (1, 4, 2, 3, 2):
        page = document.decode(number, page_pixels=LIMIT)
        expected = np.asarray(drawing("L", text=str(number)))
        assert np.abs(grey(page.pixels).astype(int) - expected).mean() < 12


def test_a_page_is_found_without_asking_for_sizes() -> None:
    page = decoded(frames(3), 3)
    assert np.array_equal(page.pixels, np.asarray(drawing("L", text="3")))


def test_reduced_copies_and_masks_in_a_tiff_are_no_pages() -> None:
    full, small, mask = (TiffImagePlugin.ImageFileDirectory_v2() for _ in range(3))
    full[254], small[254], mask[254] = 0, 1, 4
    file = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(file) as writer:
        for tags, text in ((full, "1"), (small, "x"), (mask, "y"), (full, "2")):
            drawing("L", text=text).save(writer, "TIFF", tiffinfo=tags)
            writer.newFrame()
    document = opened(file.getvalue())
    assert len(list(document.sizes())) == 2
    assert np.array_equal(document.decode(2, page_pixels=LIMIT).pixels, np.asarray(drawing("L", text="2")))


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_samples_over_8_bits_are_scaled_by_their_range(bits: int, kind: str) -> None:
    top = 2**bits - 1
    samples = np.linspace(0, top, 200).astype(np.uint16).reshape(10, 20)
    pixels = decoded(encode(Image.fromarray(samples), kind)).pixels
    assert np.abs(pixels.astype(int) - samples * (255 / top)).max() <= 1


def test_8_bit_samples_in_16_bits_are_left_alone() -> None:
    samples = np.arange(200, dtype=np.uint16).reshape(10, 20)
    assert np.array_equal(decoded(encode(Image.fromarray(samples), "TIFF")).pixels, samples)


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_floats_of_the_usual_ranges_are_scaled_by_them(top: float) -> None:
    samples = (np.linspace(0, 0.9, 200) * top).astype(np.float32).reshape(10, 20)
    pixels = decoded(encode(Image.fromarray(samples), "TIFF")).pixels
    assert np.abs(pixels.astype(int) - samples / top * 255).max() <= 1


def test_other_ranges_of_floats_are_stretched_and_oddities_survive() -> None:
    samples = np.linspace(-5e30, 3e30, 200).astype(np.float32).reshape(10, 20)
    samples[0, 5:8] = (np.nan, np.inf, -np.inf)
    pixels = decoded(encode(Image.fromarray(samples), "TIFF")).pixels
    assert (pixels[0, 0], pixels[-1, -1], pixels[0, 6], pixels[0, 7]) == (0, 255, 255, 0)


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "F"])
def test_white_is_zero_is_turned_round(mode: str) -> None:
    image = drawing(mode)
    plain = encode(image, "TIFF")
    document = with_tag(plain, 262, 0)
    assert np.array_equal(decoded(document).pixels, 255 - decoded(plain).pixels)


def test_transparent_pixels_show_white_paper() -> None:
    image = Image.new("RGBA", (30, 10), (255, 0, 0, 0))
    image.paste((0, 0, 0, 255), (10, 0, 20, 10))
    image.paste((0, 0, 0, 128), (20, 0, 30, 10))
    for kind, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
        pixels = decoded(encode(image, kind, **options)).pixels
        assert pixels[5, [5, 15, 25], 0].tolist() == [255, 0, 127]


def test_a_transparent_grey_level_or_palette_entry_shows_white_paper() -> None:
    image = Image.fromarray(np.array([[0, 10, 200]], np.uint8))
    assert decoded(encode(image, transparency=10)).pixels.tolist() == [[0, 255, 200]]
    image = image.convert("P")
    assert decoded(encode(image, transparency=10)).pixels.tolist() == [[0, 255, 200]]
    half = bytes([255] * 10 + [128] + [255] * 245)
    assert decoded(encode(image, transparency=half)).pixels.tolist() == [[0, 132, 200]]
    assert decoded(encode(image, "GIF", transparency=0)).pixels[0, 0] == 255


def test_cmyk_black_is_black() -> None:
    image = Image.new("CMYK", (16, 16), (0, 0, 0, 255))
    assert decoded(encode(image, "TIFF")).pixels.max() == 0
    assert decoded(encode(image, "JPEG", quality=95)).pixels.max() < DARK


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    # What a camera held so would have stored for this picture, by the EXIF standard's own table.
    shown = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    stored = {
        1: shown,
        2: shown[:, ::-1],
        3: shown[::-1, ::-1],
        4: shown[::-1],
        5: shown.T,
        6: np.rot90(shown),
        7: shown[::-1, ::-1].T,
        8: np.rot90(shown, 3),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    page = decoded(encode(Image.fromarray(np.ascontiguousarray(stored)), exif=exif))
    assert np.array_equal(page.pixels, shown)
    assert page.orientation == orientation
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[274] = orientation
    page = decoded(encode(Image.fromarray(np.ascontiguousarray(stored)), "TIFF", tiffinfo=tags))
    assert np.array_equal(page.pixels, shown)


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0", b"Exif\0\0garbage" * 5])
def test_damaged_exif_data_is_ignored(exif: bytes) -> None:
    page = decoded(encode(drawing("RGB"), "JPEG", exif=exif))
    assert (page.pixels.shape, page.orientation) == ((80, 120, 3), 1)


def test_an_absurd_orientation_is_ignored() -> None:
    exif = Image.Exif()
    exif[274] = 77
    assert decoded(encode(drawing("L"), "JPEG", exif=exif)).orientation == 1
    assert np.array_equal(turned(reference(), 77), reference())


@pytest.mark.parametrize(
    ("stated", "dpi"),
    [((300, 300), 300), ((70, 70), 70), ((2400, 2400), 2400), ((0, 0), None), ((5000, 5000), None), ((30, 300), None)],
)
def test_sane_resolutions_are_taken(stated: tuple[int, int], dpi: int | None) -> None:
    assert decoded(encode(drawing("L"), "TIFF", dpi=stated)).dpi == dpi


def test_a_resolution_of_72_is_not_believed_of_a_large_photo() -> None:
    assert decoded(encode(Image.new("L", (2000, 100)), "JPEG", dpi=(72, 72))).dpi is None
    assert decoded(encode(Image.new("L", (600, 800)), "JPEG", dpi=(72, 72))).dpi == 72


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_the_resolution_turns_with_the_page(kind: str) -> None:
    exif = Image.Exif()
    exif[274] = 6
    page = decoded(encode(drawing("L"), kind, dpi=(200, 150), exif=exif))
    assert page.pixels.shape == (120, 80)
    assert page.resolution == (150, 200)
    assert decoded(encode(drawing("L"), kind, dpi=(200, 150))).resolution == (200, 150)


def test_a_fax_is_known_by_its_resolutions() -> None:
    page = decoded(encode(drawing("1"), "TIFF", compression="group3", dpi=(204, 98)))
    assert page.dpi == 204
    assert page.stretch == (1.0, 204 / 98)
    page = decoded(encode(drawing("1"), "TIFF", compression="group3", dpi=(204, 196)))
    assert (page.dpi, page.stretch) == (200, (1.0, 1.0))


@pytest.mark.parametrize(
    "name", ["png-rgb", "jpeg-rgb", "tiff-strips", "tiff-cmyk", "tiff-alpha", "gif", "webp", "jp2", "bmp", "avif"]
)
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_half_a_file_is_damaged_not_half_read(name: str, share: float) -> None:
    document = IMAGES[name]
    with pytest.raises(DamagedDocumentError, match="damaged and cannot be read"):
        decoded(document[: int(len(document) * share)])


def test_a_tiff_that_ends_within_its_second_page_shows_it_by_its_size() -> None:
    document = frames(2, "tiff_lzw")
    assert list(opened(document[: len(document) * 6 // 10]).sizes()) == [(120, 80), (0, 0)]


def test_errors_name_no_file_of_ours() -> None:
    with pytest.raises(DamagedDocumentError) as caught:
        decoded(b"\x89PNG\r\n\x1a\n" + b"nonsense" * 9)
    assert "BytesIO" not in caught.value.message


@pytest.mark.parametrize(
    "document",
    [
        png_header(2_000_000_000, 2_000_000_000),
        png_header(40_000, 40_000, depth=1),
        webp_header(16_777_216, 256),
        b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(3) + b"," + bytes(4) + b"\xff\xff\xff\xff\0\x08\0\0;",
        b"P5 60000 60000 255\n",
        with_tag(with_tag(frames(1, "tiff_lzw"), 256, 60_000), 257, 60_000),
    ],
    ids=["png-lie", "png-bomb", "webp", "gif", "pnm", "tiff"],
)
def test_sizes_are_checked_before_anything_is_decoded(document: bytes) -> None:
    with pytest.raises(TooManyPixelsError, match="page 1 has"):
        opened(document).decode(1, page_pixels=LIMIT)


def test_a_damaged_directory_has_no_size_and_others_are_still_pages() -> None:
    whole, entry = bytearray(frames(3)), struct.pack("<HHI", 258, 3, 1)  # bits of a sample
    second = whole.find(entry, whole.find(entry) + 1)
    struct.pack_into("<H", whole, second + len(entry), 77)
    document = opened(bytes(whole))
    assert list(document.sizes()) == [(120, 80), (0, 0), (120, 80)]
    assert np.array_equal(document.decode(3, page_pixels=LIMIT).pixels, np.asarray(drawing("L", text="3")))
    with pytest.raises(DamagedDocumentError, match="page 2"):
        document.decode(2, page_pixels=LIMIT)


def test_a_loop_of_frames_ends() -> None:
    document = bytearray(frames(2))
    last = document.rfind(struct.pack("<HHI", 279, 4, 1))
    (entries,) = struct.unpack_from("<H", document, first := struct.unpack_from("<I", document, 4)[0])
    assert entries
    assert last > first
    second = struct.unpack_from("<I", document, first + 2 + 12 * entries)[0]
    (entries,) = struct.unpack_from("<H", document, second)
    struct.pack_into("<I", document, second + 2 + 12 * entries, first)
    assert len(list(opened(bytes(document)).sizes())) == 2


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "P", "I;16", "F", "CMYK", "RGBA", "LA"])
def test_bands_make_no_difference(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = drawing(mode)
    whole = to_array(image)
    monkeypatch.setattr(pixels_module, "_BAND_PIXELS", 120 * 7)
    assert np.array_equal(to_array(image), whole)


@pytest.mark.parametrize("kind", ["RGBA", "LA", "P"])
def test_light_text_on_transparency_shows_a_dark_ground(kind: str) -> None:
    image = Image.new("RGBA", (300, 80), (255, 255, 255, 0))
    ImageDraw.Draw(image).text((20, 20), "Departures", font=ImageFont.load_default(size=32), fill=(250, 250, 250, 255))
    pixels = decoded(encode(image.convert(kind) if kind == "LA" else image.quantize() if kind == "P" else image)).pixels
    assert pixels.min() < 20
    assert pixels.max() > 230


def test_dark_text_on_transparency_shows_white_paper() -> None:
    image = Image.new("RGBA", (300, 80), (0, 0, 0, 0))
    ImageDraw.Draw(image).text((20, 20), "Departures", font=ImageFont.load_default(size=32), fill=(20, 20, 20, 255))
    assert np.median(decoded(encode(image)).pixels) == 255


SEVERAL = [drawing("RGB", text=text) for text in ("Ab1", "2", "3")]
"""Pages that differ."""


def several(kind: str) -> bytes:
    """A file of that format with all of them."""
    if kind == "HEIF":
        return heif(*SEVERAL)
    return encode(SEVERAL[0], kind, save_all=True, append_images=SEVERAL[1:])


@pytest.mark.parametrize("kind", ["WEBP", "GIF", "PNG", "AVIF", "MPO", "HEIF"])
def test_every_frame_is_a_page(kind: str) -> None:
    document = opened(several(kind))

    assert list(document.sizes()) == [(120, 80)] * 3
    for number in (3, 1, 2):  # in any order
        pixels = grey(document.decode(number, page_pixels=LIMIT).pixels).astype(int)
        assert np.abs(pixels - grey(np.asarray(SEVERAL[number - 1]))).mean() < 12, number
    assert document.warning == ""


def test_previews_in_a_jpeg_are_no_pages_and_leave_a_warning() -> None:
    preview = drawing("RGB").resize((60, 40))
    document = opened(encode(drawing("RGB"), "MPO", save_all=True, append_images=[preview, preview]))

    assert list(document.sizes()) == [(120, 80)]
    assert "(2)" in document.warning


def test_pictures_of_a_heic_file_have_their_own_sizes() -> None:
    document = opened(heif(drawing("RGB"), drawing("RGB", size=(200, 100))))

    assert list(document.sizes()) == [(120, 80), (200, 100)]
    assert document.decode(2, page_pixels=LIMIT).pixels.shape[:2] == (100, 200)
    with pytest.raises(TooManyPixelsError):
        document.decode(2, page_pixels=10_000)


def test_a_gif_that_ends_early_is_read_as_far_as_it_goes() -> None:
    whole = several("GIF")

    assert decoded(whole[: len(whole) * 2 // 3]).pixels.shape[:2] == (80, 120)
