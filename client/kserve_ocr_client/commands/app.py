"""Options and exit status of the commands."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.console import Console
from rich.markup import escape

from kserve_ocr_client.client import Client
from kserve_ocr_client.commands import read as reading
from kserve_ocr_client.commands.files import FilesError
from kserve_ocr_client.errors import OcrClientError
from kserve_ocr_client.options import (
    AutoOrNone,
    Existing,
    Hyphens,
    Keep,
    NoneOrPage,
    Order,
    Orient,
    PdfA,
    ReadOptions,
    Signed,
    Spaces,
)
from kserve_ocr_client.settings import TIMEOUT_SECONDS, ClientSettings
from kserve_ocr_client.version import VERSION

DEFAULT_URL: Final = "http://localhost:8001"

app = typer.Typer(
    name="kserve-ocr",
    help="Read documents with the OCR service kserve-ocr.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Url = Annotated[str, typer.Option("--url", envvar="KSERVE_OCR_URL", help="Address of the service.")]
Host = Annotated[
    str | None,
    typer.Option("--host", envvar="KSERVE_OCR_HOST", help="Host name to send, for an ingress that is not in the DNS."),
]
Insecure = Annotated[bool, typer.Option("--insecure", help="Accept any certificate.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds for one attempt to read a file.")]
OutputName = Literal["text", "markdown", "csv", "words", "pdf", "hocr", "alto", "tsv"]


def _settings(*, host: str | None, insecure: bool, timeout: float = TIMEOUT_SECONDS) -> ClientSettings:
    return {"host": host, "verify": not insecure, "timeout": timeout}


def _fail(message: str) -> typer.Exit:
    """Print the message to the error stream; raise what is returned."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, style="red", markup=False)
    return typer.Exit(1)


@app.command()
def read(  # noqa: PLR0913, PLR0917  # a parameter is an option of the command
    documents: Annotated[
        list[str], typer.Argument(help="Files, folders, or patterns such as 'scans/**/*.tif'.", show_default=False)
    ],
    url: Url = DEFAULT_URL,
    host: Host = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for one document, folder for several; else printed.")
    ] = None,
    result: Annotated[
        OutputName | None,
        typer.Option("--format", "-f", help="What to make; by default what the suffix of --output says, else text."),
    ] = None,
    lang: Annotated[str | None, typer.Option("--lang", "-l", help="Languages, for example eng+deu.")] = None,
    pages: Annotated[str | None, typer.Option(help="Pages to read, for example 1-3,7.")] = None,
    psm: Annotated[int | None, typer.Option(min=0, max=13, help="Page segmentation mode of Tesseract.")] = None,
    oem: Annotated[int | None, typer.Option(min=0, max=3, help="Engine mode of Tesseract.")] = None,
    dpi: Annotated[int | None, typer.Option(min=70, max=2400, help="Resolution of the pages.")] = None,
    preprocess: Annotated[AutoOrNone | None, typer.Option(help="Preparation of pages.")] = None,
    orient: Annotated[Orient | None, typer.Option(help="Correction of turned pages.")] = None,
    order: Annotated[Order | None, typer.Option(help="Reading order.")] = None,
    existing: Annotated[Existing | None, typer.Option(help="What is done with text that a PDF already has.")] = None,
    keep: Annotated[Keep | None, typer.Option(help="Pages of a searchable PDF: selected or all.")] = None,
    signed: Annotated[Signed | None, typer.Option(help="A signed PDF: reject it or drop its signatures.")] = None,
    deskew: Annotated[NoneOrPage | None, typer.Option(help="Turn skewed scans straight in a PDF.")] = None,
    clean: Annotated[NoneOrPage | None, typer.Option(help="Redraw scans in a PDF as they were prepared.")] = None,
    tagged: Annotated[bool, typer.Option("--tagged", help="Tag the text of a PDF.")] = False,
    optimize: Annotated[int | None, typer.Option(min=0, max=3, help="How far a PDF is made smaller.")] = None,
    pdfa: Annotated[PdfA | None, typer.Option(help="Part and level of PDF/A.")] = None,
    skip_steps: Annotated[str | None, typer.Option(help="Steps to leave out, for example invert,deskew.")] = None,
    regions: Annotated[
        str | None, typer.Option(help="Parts of each page, for example '0,0,50%,20%;100,40,300,80'.")
    ] = None,
    whitelist: Annotated[str | None, typer.Option(help="The only characters that may be recognized.")] = None,
    blacklist: Annotated[str | None, typer.Option(help="Characters that may not be recognized.")] = None,
    words: Annotated[str | None, typer.Option(help="Names and terms to prefer, for example Knative,KEDA.")] = None,
    patterns: Annotated[
        str | None,
        typer.Option(help=r"Forms of words to prefer, such as 'RE-\d\d\d\d'; \A is a capital letter."),
    ] = None,
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="Leave out words of a lower confidence.")
    ] = None,
    spaces: Annotated[Spaces | None, typer.Option(help="keep: words at their distances.")] = None,
    hyphens: Annotated[Hyphens | None, typer.Option(help="join: make divided words whole.")] = None,
    password: Annotated[
        str | None, typer.Option(envvar="KSERVE_OCR_PASSWORD", help="Password of an encrypted PDF.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Files that are read at once.")] = 4,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out files whose result exists.")
    ] = False,
    recursive: Annotated[bool, typer.Option(help="Read the folders in a folder too.")] = True,
    timeout: Timeout = TIMEOUT_SECONDS,
    insecure: Insecure = False,
) -> None:
    """Read documents and print their text, or write it or another format to files.

    Exit status 1 if a document could not be read; those are listed at the end.
    """
    given = {
        "lang": lang, "pages": pages, "psm": psm, "oem": oem, "dpi": dpi, "preprocess": preprocess, "orient": orient,
        "order": order, "existing": existing, "keep": keep, "signed": signed, "deskew": deskew, "clean": clean,
        "tagged": "true" if tagged else None,
        "optimize": optimize, "pdfa": pdfa, "skip_steps": skip_steps, "regions": regions, "whitelist": whitelist,
        "blacklist": blacklist, "words": words, "patterns": patterns, "min_confidence": min_confidence,
        "spaces": spaces, "hyphens": hyphens, "password": password,
    }  # fmt: skip
    options: ReadOptions = {name: value for name, value in given.items() if value is not None}  # type: ignore[assignment]
    try:
        plan = reading.plan(documents, output=output, result=result, recursive=recursive, skip_existing=skip_existing)
    except FilesError as error:
        raise _fail(str(error)) from None
    if plan.result == "pdf" and output is None and sys.stdout.isatty():
        raise _fail("a PDF is not printed to a terminal; name a file with -o")
    settings = _settings(host=host, insecure=insecure, timeout=timeout)
    failures = asyncio.run(reading.execute(plan, url=url, settings=settings, options=options, at_once=jobs))
    if failures:
        raise _fail("\n".join(failures))


@app.command()
def languages(url: Url = DEFAULT_URL, host: Host = None, insecure: Insecure = False) -> None:
    """List the languages that the service reads: model, name, own name, other codes."""
    with Client(url, **_settings(host=host, insecure=insecure)) as client:
        try:
            found = client.languages()
        except OcrClientError as error:
            raise _fail(str(error)) from None
    for language in found:
        typer.echo("\t".join((language.model, language.name, language.native, " ".join(language.tags))))


@app.command()
def doctor(
    url: Annotated[str, typer.Argument(envvar="KSERVE_OCR_URL", help="Address of the service.")] = DEFAULT_URL,
    host: Host = None,
    insecure: Insecure = False,
) -> None:
    """Check that the service responds, is ready, and recognizes a known page."""
    with Client(url, **_settings(host=host, insecure=insecure)) as client:
        checks = client.doctor()
    console = Console(highlight=False, soft_wrap=True)
    for check in checks:
        mark = "[green]ok  [/]" if check.passed else "[red]FAIL[/]"
        console.print(f"{mark} {check.name:<24}{check.milliseconds:7.0f} ms  {escape(check.detail)}")
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def _common(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Read documents with the OCR service kserve-ocr."""


def main() -> None:
    """The console script."""
    app()
