"""Damage drawn documents at random and decode them: every one must give pages or an error with a message.

Decoders that die or hang are contained by design, and yet reported, with the document that did it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from pathlib import Path

from benchmarks.common.sample_files import every_kind
from kserve_ocr.protocol.errors import OcrError, TimedOutError
from transformer.pipeline.decode_pool import DECODING_FAILED, DecodeOptions, DecodePool
from transformer.settings import TransformerSettings

DECODERS = 2
FINDINGS = ("defect", "died", "hung")
_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MOST_BYTES = 200_000

Mutation = Callable[[random.Random, bytearray], None]


def _flip_bits(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set_number(chance: random.Random, data: bytearray) -> None:
    size, order = chance.choice((1, 2, 4)), chance.choice(("little", "big"))
    value = chance.choice(_INTERESTING) & (256**size - 1)
    at = _place(chance, data)
    data[at : at + size] = value.to_bytes(size, "big" if order == "big" else "little")


def _cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def _remove(chance: random.Random, data: bytearray) -> None:
    at = _place(chance, data)
    del data[at : at + chance.randrange(1, 64)]


def _repeat(chance: random.Random, data: bytearray) -> None:
    at = _place(chance, data)
    data[at:at] = data[at : at + chance.randrange(1, 256)] * chance.choice((1, 2, 16))


def _scramble(chance: random.Random, data: bytearray) -> None:
    at = _place(chance, data)
    data[at : at + 16] = chance.randbytes(16)


_MUTATIONS: tuple[Mutation, ...] = (_flip_bits, _flip_bits, _set_number, _set_number, _cut, _remove, _repeat, _scramble)


def _place(chance: random.Random, data: bytearray) -> int:
    """Anywhere, but half of the time near the start, where headers are."""
    return chance.randrange(len(data)) if chance.random() < 0.5 else chance.randrange(min(len(data), 256))


def damaged(chance: random.Random, seeds: Mapping[str, bytes]) -> tuple[str, bytes]:
    """One of the documents, damaged once or more; sometimes with another one's end."""
    name = chance.choice(list(seeds))
    data = bytearray(seeds[name])
    if chance.random() < 0.05:
        other = chance.choice(list(seeds.values()))
        data[chance.randrange(len(data)) :] = other[chance.randrange(len(other)) :]
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if not data:
            break
        chance.choice(_MUTATIONS)(chance, data)
    return name, bytes(data[:_MOST_BYTES])


async def outcome(reader: DecodePool, document: bytes) -> tuple[str, str]:
    """What became of a document: ``pages``, an error's slug, or one of :data:`FINDINGS`; and the words for it."""
    try:
        count = 0
        async with aclosing(reader.pages(document, DecodeOptions(existing="skip"))) as pages:
            async for page in pages:
                assert page.pixels.ndim == 2, "a page must be grey"
                count += 1
    except TimedOutError as error:
        return "hung", str(error)
    except OcrError as error:
        if DECODING_FAILED in error.message:
            return "died", str(error)
        return ("defect" if error.status >= 500 else error.code), str(error)
    except Exception as error:  # what a client would see as a 500
        return "defect", "\n".join([repr(error), *getattr(error, "__notes__", [])])
    return "pages", f"{count} pages"


async def fuzz(seconds: float, seed: int, findings: Path) -> Counter[str]:
    """Fuzz for so long; documents behind findings are written to a folder. Counts by outcome."""
    settings = TransformerSettings(
        decode_workers=DECODERS,
        max_page_pixels=20_000_000,
        max_pages=50,
        decode_seconds=20,
        decode_worker_memory_mib=1024,
    )
    reader = DecodePool(settings)
    await reader.start()
    seeds, counts, cases = every_kind(), Counter[str](), _numbers(seconds)

    async def work() -> None:
        for case in cases:
            name, document = damaged(random.Random(f"{seed}/{case}"), seeds)
            what, words = await outcome(reader, document)
            counts[what] += 1
            if what in FINDINGS:
                findings.mkdir(parents=True, exist_ok=True)
                path = findings / f"{what}-{seed}-{case}-{name}"
                path.write_bytes(document)
                print(f"{path}: {words}", flush=True)

    await asyncio.gather(*(work() for _ in range(2 * DECODERS)))
    await reader.stop(grace=1)
    return counts


def _numbers(seconds: float) -> Iterator[int]:
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        yield number
        number += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long to go on")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="to see the same documents again")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"), help="folder for documents at fault")
    arguments = parser.parse_args()
    counts = asyncio.run(fuzz(arguments.seconds, arguments.seed, arguments.findings))
    print(f"seed {arguments.seed}, {counts.total()} documents: ", end="")
    print(", ".join(f"{number} {what}" for what, number in counts.most_common()))
    return 1 if any(counts[finding] for finding in FINDINGS) else 0


if __name__ == "__main__":
    sys.exit(main())
