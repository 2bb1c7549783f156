"""The workbook in which a park writes down what it knows: its sheets and columns, in English and Chinese.

:func:`template` makes it, :func:`read` reads it back, row by row; every fault names its sheet, row and column.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from parksim.errors import Problem, ScenarioError, nearest
from parksim.importers.draft import DraftError
from parksim.importers.features import need
from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from parksim.importers.findings import Findings

MOST_BYTES = 30_000_000
MOST_UNPACKED = 150_000_000
MOST_ROWS = 50_000
MOST_FAULTS = 100
SMALL = 5
"""Fewer people than this in one cell could be recognised."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet."""

    key: str
    en: str
    zh: str
    kind: Literal["text", "count", "number", "hour", "category", "access"]
    needed: bool = False
    low: float = 0
    high: float = 1e9
    people: bool = False
    """Whether the figure counts people, so that small ones are refused."""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet."""

    key: str
    en: str
    zh: str
    columns: tuple[Column, ...]
    about: str
    about_zh: str


SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "enterprises", "enterprises", "企业",
        (
            Column("name", "name", "名称", "text", needed=True),
            Column("sector", "sector", "行业", "text", needed=True),
            Column("employees", "employees", "人数", "count", needed=True, low=1, high=1e6),
            Column("building", "building", "楼宇", "text", hint="as on the map: a block or a site"),
            Column("floor", "floor", "楼层", "number", low=-5, high=120),
        ),
        "One row an enterprise. Leave the building empty where it is not known.",
        "每行一家企业;楼宇不详可留空。",
    ),
    Sheet(
        "homes", "homes", "居住地",
        (
            Column("zone", "zone", "片区", "text", needed=True),
            Column("employees", "employees living there", "居住员工数", "count", needed=True, people=True),
            Column("road_km", "km by road", "道路距离(公里)", "number", low=0.1, high=300),
            Column("metro_min", "minutes in the metro", "地铁时间(分钟)", "number", high=300),
            Column("station_km", "km to the station", "到地铁站(公里)", "number", high=50),
            Column("rent", "rent CNY a month", "月租金(元)", "number", high=100000),
        ),
        "One row a home zone, with the number of employees who live there: totals, no persons.",
        "每行一个居住片区及居住员工总数;不需要个人信息。",
    ),
    Sheet(
        "amenities", "amenities", "设施",
        (
            Column("name", "name", "名称", "text", needed=True),
            Column("category", "category", "类别", "category", needed=True),
            Column("building", "building", "楼宇", "text"),
            Column("floor", "floor", "楼层", "number", low=-5, high=120),
            Column("capacity", "capacity", "容量", "number", needed=True, low=0.1, high=100000),
            Column("opens", "opens", "开门", "hour", high=24),
            Column("closes", "closes", "关门", "hour", high=24),
            Column("price", "price CNY a visit", "价格(元/次)", "number", high=10000),
            Column("access", "access", "对外开放", "access"),
        ),
        "One row a place: seats, counters or places that serve at the same time. Access: everyone or staff.",
        "每行一处设施;容量为可同时服务的座位或窗口数;对外开放:everyone(所有人)或 staff(本单位)。",
    ),
    Sheet(
        "observed", "observed", "观测",
        (
            Column("indicator", "indicator", "指标", "text", needed=True),
            Column("group", "group", "分组", "text", hint="as home_zone=North or wage_band=low; empty: everybody"),
            Column("value", "value", "数值", "number", needed=True, low=-1e9),
            Column("error", "plus or minus", "误差±", "number"),
            Column("people", "people counted", "统计人数", "count", people=True),
        ),
        "One row an observed figure, by the name of the indicator; `parksim fit` compares the model with it.",
        "每行一个观测指标(用指标名称),供 parksim fit 校准使用。",
    ),
)  # fmt: skip
CATEGORY_BY_TITLE = {**{c.en: k for k, c in CATEGORIES.items()}, **{c.zh: k for k, c in CATEGORIES.items()}}
ACCESS = {"everyone": "everyone", "staff": "staff", "所有人": "everyone", "开放": "everyone", "是": "everyone",
          "本单位": "staff", "不开放": "staff", "否": "staff", "yes": "everyone", "no": "staff"}  # fmt: skip


def template(lang: str = "en") -> bytes:
    """Make an empty workbook.

    Parameters
    ----------
    lang : {'en', 'zh'}
        Language of sheets and headings; both are read.

    Raises
    ------
    DraftError
        For another language.
    """
    need("xlsx", "openpyxl", "defusedxml")
    from openpyxl import Workbook  # noqa: PLC0415  (an extra)
    from openpyxl.comments import Comment  # noqa: PLC0415
    from openpyxl.styles import Font, PatternFill  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415

    if lang not in ("en", "zh"):
        raise DraftError(f"there is no workbook in '{lang}'{nearest(lang, ('en', 'zh'))}")
    book = Workbook()
    about = book.active
    about.title = "about" if lang == "en" else "说明"
    about.column_dimensions["A"].width = 110
    for line in _about(lang):
        about.append([line])
    kinds = book.create_sheet("categories" if lang == "en" else "类别表")
    kinds.append(["category", "English", "中文"])
    for key, category in CATEGORIES.items():
        kinds.append([key, category.en, category.zh])
    for sheet in SHEETS:
        page = book.create_sheet(sheet.en if lang == "en" else sheet.zh)
        page.append([column.en if lang == "en" else column.zh for column in sheet.columns])
        page.freeze_panes = "A2"
        for number, column in enumerate(sheet.columns, 1):
            head = page.cell(1, number)
            head.font = Font(bold=True)
            head.fill = PatternFill("solid", fgColor="DDE6EE" if column.needed else "F3F5F7")
            told = f"{column.zh} · {column.en}{' (needed)' if column.needed else ''}"
            head.comment = Comment(f"{told}\n{column.hint}".strip(), "parksim")
            page.column_dimensions[get_column_letter(number)].width = 22
            if column.kind in ("category", "access"):
                choice = (
                    f"='{kinds.title}'!$A$2:$A${len(CATEGORIES) + 1}"
                    if column.kind == "category"
                    else '"everyone,staff"'
                )
                rule = DataValidation("list", formula1=choice, allow_blank=True, showErrorMessage=False)
                letter = get_column_letter(number)
                rule.add(f"{letter}2:{letter}2000")
                page.add_data_validation(rule)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _about(lang: str) -> Iterator[str]:
    if lang == "zh":
        yield "填写您所知道的内容,其余留空;每行一条记录,不要合并单元格,不要使用公式。"
        yield "不需要任何个人信息。人数少于 5 的单元格默认不予导入(--allow-small-cells 可放行)。"
        yield "导入:parksim import xlsx 本文件 --into 场景.yaml"
    else:
        yield "Fill in what you know and leave the rest empty: one record a row, no merged cells, no formulas."
        yield f"No personal records are needed. Counts of fewer than {SMALL} people are refused (--allow-small-cells)."
        yield "Read it with: parksim import xlsx THIS_FILE --into SCENARIO.yaml"
    for sheet in SHEETS:
        yield f"{sheet.en} · {sheet.zh}: {sheet.about_zh if lang == 'zh' else sheet.about}"


# --- reading -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Row:
    """One record, and where it stands."""

    sheet: str
    number: int
    values: dict[str, Any]
    at: dict[str, str]
    """Address of each value, as ``C7``."""


@dataclass
class Book:
    """A workbook that has been read: records by sheet."""

    file: str
    rows: dict[str, list[Row]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    def problem(self, row: Row, key: str, message: str) -> Problem:
        """Make a fault of one value."""
        where = f"sheet '{self.titles[row.sheet]}', row {row.number}"
        at = row.at.get(key)
        return Problem(
            self.file, None, f"{where}, column {at.rstrip('0123456789')} ({key})" if at else where, message
        )


def read(file: Path, findings: Findings, *, allow_small: bool = False) -> Book:
    """Read a workbook.

    Parameters
    ----------
    file : Path
        ``.xlsx``.
    findings : Findings
    allow_small : bool
        Whether counts of fewer than five people are taken.

    Raises
    ------
    DraftError
        For a file that is no workbook or could be a bomb.
    ScenarioError
        Listing every fault with sheet, row and column.
    """
    need("xlsx", "openpyxl", "defusedxml")
    from openpyxl import load_workbook  # noqa: PLC0415  (an extra)

    _safe(file)
    try:
        workbook = load_workbook(file, data_only=False)
    except Exception as error:  # openpyxl lets through whatever a broken file leads to
        raise DraftError(f"{file} cannot be read as a workbook: {str(error)[:200]}") from error
    book = Book(file.name)
    problems: list[Problem] = []
    known = {name.lower(): sheet for sheet in SHEETS for name in (sheet.en, sheet.zh)}
    for page in workbook.worksheets:
        sheet = known.get(page.title.strip().lower())
        if sheet is None:
            if page.title not in ("about", "说明", "categories", "类别表"):
                findings.unused[f"sheet '{page.title}'"] += 1
            continue
        book.titles[sheet.key] = page.title
        book.rows[sheet.key] = list(_records(book, page, sheet, problems, findings, allow_small=allow_small))
        findings.read[f"rows of '{page.title}'"] = len(book.rows[sheet.key])
    if problems:
        rest = len(problems) - MOST_FAULTS
        more = [Problem(file.name, None, "", f"and {rest} more faults")] if rest > 0 else []
        raise ScenarioError([*problems[:MOST_FAULTS], *more])
    if not any(book.rows.values()):
        titles = ", ".join(f"{sheet.en} · {sheet.zh}" for sheet in SHEETS)
        raise DraftError(f"{file} has no records in the sheets {titles}")
    return book


def _safe(file: Path) -> None:
    """Raise for what is no workbook, or would grow beyond all measure."""
    if not file.is_file():
        raise DraftError(f"{file}: there is no such file")
    if file.suffix.lower() != ".xlsx":
        raise DraftError(f"{file}: a workbook is a .xlsx file (save .xls, .xlsm and .csv as .xlsx)")
    if file.stat().st_size > MOST_BYTES:
        raise DraftError(f"{file} is larger than {MOST_BYTES / 1e6:.0f} MB")
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            unpacked = sum(part.file_size for part in parts)
            if unpacked > MOST_UNPACKED or len(parts) > 2000:
                raise DraftError(
                    f"{file} unpacks to {unpacked / 1e6:,.0f} MB in {len(parts):,} parts: not read"
                )
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with packed.open(part) as stream:
                        if b"<!DOCTYPE" in stream.read(65536):
                            raise DraftError(f"{file}: {part.filename} declares entities: not read")
    except zipfile.BadZipFile as error:
        raise DraftError(f"{file} is no workbook: {error}") from error


def _records(
    book: Book, page: Any, sheet: Sheet, problems: list[Problem], findings: Findings, *, allow_small: bool
) -> Iterator[Row]:
    """Yield the records of a sheet, noting what is wrong with them."""

    def fault(where: str, message: str) -> None:
        field = f"sheet '{page.title}', {where}" if where else f"sheet '{page.title}'"
        problems.append(Problem(book.file, None, field, message))

    if page.max_row > MOST_ROWS:
        fault("", f"{page.max_row:,} rows are more than {MOST_ROWS:,}")
        return
    for merged in page.merged_cells.ranges:
        fault(f"cells {merged.coord}", "are merged: split them, one value a cell")
    columns = _columns(page, sheet, fault)
    if columns is None:
        return
    for cells in page.iter_rows(min_row=2):
        if all(cell.value is None or not str(cell.value).strip() for cell in cells):
            continue
        row = Row(sheet.key, cells[0].row, {}, {})
        for cell in cells:
            if type(cell).__name__ == "MergedCell":
                continue  # told above
            column = columns.get(cell.column)
            if column is None:
                if cell.value is not None and cell.column not in columns:
                    fault(
                        f"row {cell.row}, column {cell.column_letter}",
                        f"{cell.value!r} has no heading above it",
                    )
                continue
            row.at[column.key] = cell.coordinate
            where = f"row {cell.row}, column {cell.column_letter} ({column.key})"
            try:
                value = _value(cell, column, findings)
            except ValueError as error:
                fault(where, str(error))
                continue
            if column.people and value is not None and 0 < value < SMALL and not allow_small:
                fault(
                    where,
                    f"{value:g} people could be recognised: put zones or groups together, or --allow-small-cells",
                )
            if value is not None:
                row.values[column.key] = value
            elif column.needed:
                fault(where, f"'{column.en}' is missing")
        yield row


def _columns(page: Any, sheet: Sheet, fault: Any) -> dict[int, Column] | None:
    """Say which column of the page is which; None where needed ones are missing."""
    by_heading = {
        name.lower(): column for column in sheet.columns for name in (column.key, column.en, column.zh)
    }
    found: dict[int, Column] = {}
    for cell in page[1]:
        if cell.value is None or not str(cell.value).strip():
            continue
        heading = " ".join(str(cell.value).split())
        column = by_heading.get(heading.lower())
        if column is None:
            fault(
                f"row 1, column {cell.column_letter}",
                f"unknown heading '{heading}'{nearest(heading, by_heading)}",
            )
        elif column in found.values():
            fault(f"row 1, column {cell.column_letter}", f"the heading '{heading}' is there twice")
        else:
            found[cell.column] = column
    missing = [column.en for column in sheet.columns if column.needed and column not in found.values()]
    if missing:
        fault("row 1", f"there is no heading {' and no '.join(repr(each) for each in missing)}")
        return None
    return found


def _value(cell: Any, column: Column, findings: Findings) -> Any:
    """Read one value; ValueError says what is wrong with it."""
    value = cell.value
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if cell.data_type == "f" or (isinstance(value, str) and value.startswith("=")):
        raise ValueError(f"holds a formula ({str(value)[:40]}): paste its value")
    if cell.data_type == "e":
        raise ValueError(f"holds an error ({value})")
    text = " ".join(str(value).split())[:80]
    if column.kind == "text":
        return text
    if column.kind == "category":
        key = text if text in CATEGORIES else CATEGORY_BY_TITLE.get(text)
        if key is None:
            raise ValueError(
                f"there is no category '{text}'{nearest(text, [*CATEGORIES, *CATEGORY_BY_TITLE])}"
            )
        return key
    if column.kind == "access":
        if text.lower() not in ACCESS:
            raise ValueError(f"'{text}' is neither everyone nor staff")
        return ACCESS[text.lower()]
    number = _hour(value) if column.kind == "hour" else _number(value, text, column, findings)
    if not column.low <= number <= column.high:
        raise ValueError(f"{number:g} is out of range; allowed: {column.low:g} to {column.high:,.10g}")
    if column.kind == "count":
        if number != int(number):
            raise ValueError(f"{number:g} is not a whole number")
        return int(number)
    return number


def _number(value: Any, text: str, column: Column, findings: Findings) -> float:
    if isinstance(value, bool | dt.datetime | dt.date | dt.time):
        raise ValueError(f"{text} is not a number")  # noqa: TRY004  (a fault of the file, told with its place)
    if isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError(f"{text} is not a number")
        return float(value)
    try:
        number = float(text.replace(",", "").replace("，", ""))
    except ValueError:
        raise ValueError(f"'{text}' is not a number") from None
    findings.guess(f"text in the column '{column.en}'", "read as a number", "it is written as one")
    return number


def _hour(value: Any) -> float:
    """Read an hour of the day: 7.5, 07:30, or Excel's own time."""
    if isinstance(value, dt.time):
        return value.hour + value.minute / 60
    if isinstance(value, dt.datetime):
        return value.hour + value.minute / 60
    if isinstance(value, dt.timedelta):
        return value.total_seconds() / 3600
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    hours, colon, minutes = str(value).strip().replace("：", ":").partition(":")
    if colon and hours.isdigit() and minutes[:2].isdigit():
        return int(hours) + int(minutes[:2]) / 60
    raise ValueError(f"'{value}' is no hour: write 7.5 or 07:30")
