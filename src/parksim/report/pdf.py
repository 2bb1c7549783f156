"""Print a report to PDF with the Chromium that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from parksim.errors import ParksimError
from parksim.report.messages import Messages

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
LONGEST_S = 120


class PdfError(ParksimError):
    """No browser to print with, or it could not print."""


def find_chromium() -> str | None:
    """Return the path of a Chromium: ``PARKSIM_CHROMIUM``, or the first one on the path; None without one."""
    named = os.environ.get("PARKSIM_CHROMIUM")
    if named:
        return shutil.which(named)
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def pdf(html_path: str | Path, pdf_path: str | Path, lang: str = "en") -> Path:
    """Print an HTML file to an A4 PDF with a headless Chromium.

    Parameters
    ----------
    html_path, pdf_path : path
    lang : str
        Language of error messages.

    Returns
    -------
    Path
        The PDF.

    Raises
    ------
    PdfError
        If no Chromium is found, or it could not print.
    """
    m = Messages(lang)
    html_path, pdf_path = Path(html_path).resolve(), Path(pdf_path).resolve()
    browser = find_chromium()
    if browser is None:
        raise PdfError(m("report.no_chromium", path=html_path))
    pdf_path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="parksim-pdf-") as profile:
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
        ]
        command += [f"--user-data-dir={profile}", "--no-pdf-header-footer"]
        command += [f"--print-to-pdf={pdf_path}", html_path.as_uri()]
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # Chromium's sandbox does not start for root
            command.insert(1, "--no-sandbox")
        try:
            done = subprocess.run(  # noqa: S603  (a browser found on this machine, arguments of our own)
                command, capture_output=True, text=True, timeout=LONGEST_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise PdfError(m("report.pdf_failed", path=html_path, reason=f"> {LONGEST_S} s")) from None
    if done.returncode or not pdf_path.is_file():
        lines = done.stderr.strip().splitlines() or [str(done.returncode)]
        raise PdfError(m("report.pdf_failed", path=html_path, reason=lines[-1]))
    return pdf_path
