"""XML as a tree of elements with their lines. A document type, and with it every entity, is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from ltr.utils.errors import InputError


@dataclass
class Element:
    """An XML element; line: where it begins, from 1."""

    tag: str
    attributes: Mapping[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, *tags: str) -> Iterator[Element]:
        """The children with these tags."""
        return (child for child in self.children if child.tag in tags)

    def find(self, path: str) -> Element | None:
        """The first element of a path of tags, ``meta/task``, or None."""
        here: Element | None = self
        for tag in path.split("/"):
            here = next(here.all(tag), None) if here else None
        return here

    def text_of(self, path: str) -> str:
        """The text of the first element of a path, or ""."""
        found = self.find(path)
        return found.text.strip() if found else ""


def read_xml(path: Path) -> Element:
    """The root element of ``path``.

    Raises InputError, with the line, for what is not XML and for a document type: entities could expand without limit,
    or read other files.
    """
    root = Element("", {}, 0)
    stack = [root]
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        stack.append(Element(tag, attributes, parser.CurrentLineNumber))
        stack[-2].children.append(stack[-1])

    def end(tag: str) -> None:
        stack.pop()

    def characters(text: str) -> None:
        stack[-1].text += text

    def refuse(*declaration: object) -> None:
        raise InputError(f"{path}:{parser.CurrentLineNumber}: a document type (<!DOCTYPE>) is not accepted; delete it")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, refuse
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as error:
        raise InputError(f"{path}:{error.lineno}: not XML ({expat.ErrorString(error.code)})") from None
    return root.children[0]
