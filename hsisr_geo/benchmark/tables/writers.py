"""Tables as CSV, Markdown and LaTeX."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping

from hsisr_geo.benchmark.tables.table import Column, Table, TableCell

_PAGE_COLUMNS = 6  # of numbers; more are wider than a page of text

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "–": "--",
    "−": "$-$",
    "†": r"$^{\dagger}$",
    "‡": r"$^{\ddagger}$",
}
_MARKS = {
    "md": {0: "{}", 1: "**{}**", 2: "<u>{}</u>"},
    "tex": {0: "{}", 1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"},
}


def to_csv(table: Table) -> str:
    """Write all digits; a column of deviations follows each of numbers if there are seeds."""
    ends = ("", " sd") if table.has_deviations else ("",)
    titles = [f"{column.title}{end}" for column in table.columns for end in ends]
    lines: list[list[object]] = [["section", "label", "system", *titles]]
    for section in table.sections:
        for row in section.rows:
            cells = [value for cell in row.cells for value in _values(cell, table.has_deviations)]
            lines.append([section.title.lstrip("×"), row.label, row.title.rstrip("†‡"), *cells])
    return csv_text(lines)


def csv_text(lines: Iterable[Iterable[object]]) -> str:
    """Write lines of values; None is an empty field."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def to_markdown(table: Table) -> str:
    """Write a heading, one table a section, and the notes; the best bold, the second underlined."""
    titles = ["", *(f"{column.title} {column.arrow}".strip() for column in table.columns)]
    rule = ["---", *("---:" for _ in table.columns)]
    parts = [f"# {_plain(table.title)}"]
    for section in table.sections:
        rows = [
            [_plain(row.title), *_shown(table, row.cells, "md", _plain)] for row in section.rows
        ]
        parts.append(f"## {section.title}")
        parts.append("\n".join(_md_line(line) for line in (titles, rule, *rows)))
    parts += [_plain(note) for note in table.notes]
    return "\n\n".join(parts) + "\n"


def to_latex(table: Table) -> str:
    """Write a `table` for LaTeX; its first line says which packages it needs."""
    titles = ["", *(f"{column.title} {column.arrow}".strip() for column in table.columns)]
    wrapped = any(column.wraps for column in table.columns)
    wide = not wrapped and len(table.columns) > _PAGE_COLUMNS
    packages = [*(["array"] if wrapped else []), "booktabs", *(["graphicx"] if wide else [])]
    body = [_tex_line(escaped(title) for title in titles)]
    for section in table.sections:
        body.append(r"\midrule")
        span = f"\\multicolumn{{{len(titles)}}}{{l}}{{\\textit{{{escaped(section.title)}}}}}"
        body.append(_tex_line([span]))
        for row in section.rows:
            body.append(_tex_line([escaped(row.title), *_shown(table, row.cells, "tex", escaped)]))
    return "\n".join(
        [
            rf"% needs \usepackage{{{','.join(packages)}}}",
            r"\begin{table}",
            r"\centering",
            f"\\caption{{{escaped(table.title)}}}",
            f"\\label{{tab:{table.name}}}",
            *([r"\resizebox{\linewidth}{!}{%"] if wide else []),
            f"\\begin{{tabular}}{{l{''.join(map(_alignment, table.columns))}}}",
            r"\toprule",
            *body,
            r"\bottomrule",
            r"\end{tabular}" + ("}" if wide else ""),
            *(f"\\par\\footnotesize {escaped(note)}" for note in table.notes),
            r"\end{table}",
            "",
        ]
    )


def _alignment(column: Column) -> str:
    return r">{\raggedright\arraybackslash}p{0.25\linewidth}" if column.wraps else "r"


def escaped(text: str) -> str:
    """Write a text so that LaTeX prints it."""
    return "".join(_LATEX.get(letter, letter) for letter in text)


WRITERS: Mapping[str, Callable[[Table], str]] = {
    "csv": to_csv,
    "md": to_markdown,
    "tex": to_latex,
}
"""By the ending of the file."""


def _values(cell: TableCell, deviations: bool) -> list[object]:
    if cell.words is not None:
        return [cell.words] + [None] * deviations
    return [cell.mean, cell.deviation] if deviations else [cell.mean]


def _shown(
    table: Table, cells: Iterable[TableCell], kind: str, escape: Callable[[str], str]
) -> list[str]:
    """Write cells, the best and the second best marked."""
    pairs = zip(cells, table.columns, strict=True)
    texts = [(cell.rank, cell.text(column.places(cell.mean))) for cell, column in pairs]
    return [_MARKS[kind][rank].format(escape(text)) for rank, text in texts]


def _plain(text: str) -> str:
    """Keep what would be markup in Markdown from being so."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("_", "\\_").replace("*", "\\*")


def _md_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _tex_line(cells: Iterable[str]) -> str:
    return f"{' & '.join(cells)} \\\\"
