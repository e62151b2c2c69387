"""Excel files opened for their values alone: how they look is not read, and cannot make them unreadable."""

import zipfile
from typing import IO, Any

from core.retrieval.reading.formats.elements import parsed

_STYLES, _PROPERTIES, _OWN = "xl/styles.xml", "docProps/core.xml", "docProps/custom.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
_NOTHING = {
    _PROPERTIES: f'<cp:coreProperties xmlns:cp="{_PACKAGE}"/>'.encode(),
    _OWN: f'<Properties xmlns="{_DOCUMENT}/custom-properties"/>'.encode(),
}
_NORMAL = (
    f'<styleSheet xmlns="{_MAIN}"><fonts><font/></fonts><fills><fill><patternFill/></fill></fills>'
    '<borders><border/></borders><cellStyleXfs><xf fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellStyles><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""The one style that every workbook must have."""
_KEPT = {"numFmts": {"numFmtId", "formatCode"}, "cellXfs": {"numFmtId"}}


def opened(file: IO[bytes], *, data_only: bool) -> Any:
    """The workbook, to be read from the beginning to the end. The library refuses a file for a colour, a
    font or a date of its properties that Excel takes, so it is shown the formats of numbers alone."""
    from openpyxl.reader.excel import ExcelReader

    reader = ExcelReader(file, read_only=True, data_only=data_only, keep_links=False)
    reader.archive = _Values(file)
    reader.read()
    return reader.wb


class _Values(zipfile.ZipFile):
    """The archive without what only matters to the eye."""

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        if name in _NOTHING:
            return _NOTHING[str(name)]
        data = super().read(name, pwd)
        return _numbers(data) if name == _STYLES else data


def _numbers(styles: bytes) -> bytes:
    """The formats of numbers, and which of them each style of a cell has."""
    from lxml import etree

    made = parsed(_NORMAL.encode())
    for group in parsed(styles):
        name = etree.QName(group).localname if isinstance(group.tag, str) else ""
        if name not in _KEPT:
            continue
        parent = etree.SubElement(made, f"{{{_MAIN}}}{name}")
        for each in group.iterchildren(tag=etree.Element):
            kept = {key: each.get(key, "") for key in _KEPT[name] if key in each.attrib}
            etree.SubElement(parent, each.tag, kept)
    return bytes(etree.tostring(made))
