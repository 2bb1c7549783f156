"""Errors in other languages than the one in which the program raises them.

``catalogue/errors/<language>.yaml`` gives English texts, with names in braces for values, and what they are in that
language: in the section ``text`` whole messages, in ``around`` what may stand around any of them, in ``note`` what is
said of findings (:mod:`parksim.compliance`), in the others what values of that name can be. A text is told by the
entry that fits it and has the most words of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from string import Formatter

from parksim.report.messages import beside, catalogue

QUOTED, ANY = "[^']*", ".+?"


@dataclass(frozen=True)
class Entry:
    """One English text, and what it is in another language."""

    english: str
    told: str

    @cached_property
    def parts(self) -> list[tuple[str, str | None]]:
        """Own words, and the name of the value that follows them."""
        return [(words, name) for words, name, _, _ in Formatter().parse(self.english)]

    @cached_property
    def words(self) -> list[str]:
        """Own words, piece by piece."""
        return [words for words, _ in self.parts]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What texts look like that it fits; a value in quotes has none of its own."""
        after = [words for words, _ in self.parts[1:]] + [""]
        found = ""
        for (words, name), following in zip(self.parts, after, strict=True):
            found += re.escape(words)
            if name:
                quoted = words.endswith("'") and following.startswith("'")
                found += f"(?P<{name}>{QUOTED if quoted else ANY})"
        return re.compile(found, re.DOTALL)

    def values(self, text: str) -> dict[str, str] | None:
        """Return the values in a text; None where it is another."""
        if not text.startswith(self.words[0]) or not all(words in text for words in self.words):
            return None
        found = self.pattern.fullmatch(text)
        return found.groupdict() if found else None


@cache
def entries(lang: str) -> dict[str, list[Entry]]:
    """Return the entries of a language by section, those with the most words of their own first."""
    sections: dict[str, dict[str, str]] = beside("errors", lang)
    found = {}
    for name, texts in sections.items():
        made = [Entry(english, told) for english, told in texts.items()]
        found[name] = sorted(made, key=lambda entry: -sum(map(len, entry.words)))
    found["text"] = found.pop("around") + found["text"]
    units = {k.partition(".")[2]: v for k, v in catalogue(lang).items() if k.startswith("parameter_unit.")}
    found["unit"] += [Entry(unit, told) for unit, told in units.items() if unit not in sections["unit"]]
    return found


def entry_for(text: str, lang: str, section: str = "text") -> tuple[Entry, dict[str, str]] | None:
    """Return the entry that fits a text, with the values it finds there.

    Parameters
    ----------
    text : str
        English.
    lang : str
        A language with entries.
    section : str
        What the text is: a message, or a value of that name.
    """
    for entry in entries(lang)[section]:
        if (values := entry.values(text)) is not None:
            return entry, values
    return None


def translated(text: str, lang: str, section: str = "text") -> str:
    """Return an error of the program in another language.

    Parameters
    ----------
    text : str
        English, as raised; names of files and fields may stand before it, each with a colon.
    lang : str
        A language with entries.
    section : str
        What the text is: a message, or a value of that name.

    Returns
    -------
    str
        What nothing fits stays as it is.
    """
    found = entry_for(text, lang, section)
    if found:
        entry, values = found
        known = entries(lang)
        return entry.told.format(
            **{k: translated(v, lang, k) if k in known else v for k, v in values.items()}
        )
    for colon in re.finditer(": ", text) if section == "text" else ():
        rest = text[colon.end() :]
        after = translated(rest, lang)
        if after != rest:
            return text[: colon.end()] + after
    return text
