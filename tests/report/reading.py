"""A report read back, as a browser without scripts shows it: sections, tables, texts, figures, addresses."""

import json
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "br", "link", "img"}
ADDRESSES = {"src", "href", "action", "data", "poster", "srcset"}


class Page(HTMLParser):
    """What a report holds.

    Attributes:
        sections: the text of each, by id.
        tables: the rows of each, header first, by caption.
        figures: the data and layout of each panel, by the id of its section.
        addresses: what elements ask a browser to fetch or link to.
        scripts: the attributes of each script.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.sections: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.figures: dict[str, list[dict[str, Any]]] = {}
        self.addresses: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.handlers: list[str] = []
        self.headings: list[str] = []
        self.title = self.lang = self.caption = self._section = ""
        self.feed(html)
        self.close()

    def table(self, caption: str) -> list[dict[str, str]]:
        """Return the rows of a table by its columns."""
        header, *rows = self.tables[caption]
        return [dict(zip(header, row, strict=True)) for row in rows]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag not in VOID:
            self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]
        self.handlers += [name for name in attributes if name.startswith("on")]
        if tag == "section":
            self._section = attributes["id"] or ""
            self.sections[self._section], self.figures[self._section] = "", []
        elif tag == "script":
            self.scripts.append(attributes)
        elif tag == "html":
            self.lang = attributes.get("lang") or ""
        elif tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        elif tag == "caption":
            self.caption = ""
        elif tag == "tr":
            self.tables.setdefault(self.caption, []).append([])
        elif tag in ("td", "th"):
            self.tables[self.caption][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.tags.pop() == tag, tag
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        tag = self.tags[-1] if self.tags else ""
        if tag == "title":
            self.title += data
        elif tag == "caption":
            self.caption += data
        elif tag in ("td", "th"):
            self.tables[self.caption][-1][-1] += data
        if tag == "script" and self.scripts[-1].get("type") == "application/json":
            if self._section:
                self.figures[self._section].append(json.loads(data))
        elif self._section:
            self.sections[self._section] += data
