"""What stands on a page of a PDF besides its text: the fields of a form, and the notes of readers."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.retrieval.reading.draft import Draft

_MOST = 2_000
_LONGEST = 20_000  # bytes of one name, value or note
_HIDDEN = 2 | 32  # hidden, or not to be viewed
_PASSWORD = 1 << 13


def beside(document: Any, page: Any, draft: Draft) -> str:
    """The fields as `name: value` and the notes with who wrote them; what the file hides is counted."""
    import pypdfium2.raw as raw

    lines: list[str] = []
    for number in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST)):
        with _opened(page, number) as annotation:
            if not annotation:
                continue
            line = _line(document, annotation)
            if raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
                draft.hidden += len(line)
            elif line and line not in lines[-1:]:
                draft.weigh(len(line))
                lines.append(line)
    return "\n".join(lines)


@contextmanager
def _opened(page: Any, number: int) -> Iterator[Any]:
    import pypdfium2.raw as raw

    annotation = raw.FPDFPage_GetAnnot(page, number)
    try:
        yield annotation
    finally:
        if annotation:
            raw.FPDFPage_CloseAnnot(annotation)


def _line(document: Any, annotation: Any) -> str:
    import pypdfium2.raw as raw

    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if kind == raw.FPDF_ANNOT_WIDGET:
        return _field(document.formenv, annotation) if document.formenv else ""
    if kind in (raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_LINK):
        return ""
    note = _string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
    author = _string(raw.FPDFAnnot_GetStringValue, annotation, b"T")
    return f"Note{f' by {author}' if author else ''}: {note}" if note else ""


def _field(form: Any, annotation: Any) -> str:
    import pypdfium2.raw as raw

    name = _string(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
    name = name or _string(raw.FPDFAnnot_GetFormFieldName, form, annotation)
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        value = _ticked(form, annotation, kind)
    elif kind in (raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE) or (
        raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD
    ):
        return ""
    else:
        value = _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
    return f"{name or 'Field'}: {value}" if value else ""


def _ticked(form: Any, annotation: Any, kind: int) -> str:
    """Of a box whether it is ticked; of a group of buttons the one that is."""
    import pypdfium2.raw as raw

    ticked = bool(raw.FPDFAnnot_IsChecked(form, annotation))
    if kind == raw.FPDF_FORMFIELD_CHECKBOX:
        return "yes" if ticked else "no"
    return _string(raw.FPDFAnnot_GetFormFieldExportValue, form, annotation) if ticked else ""


def _string(get: Any, *given: Any) -> str:
    """What one of PDFium's functions writes as UTF-16, on one line."""
    size = min(get(*given, None, 0), _LONGEST)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    written = get(*given, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    if written > size:
        return ""  # nothing is written into a buffer that is too small
    return " ".join(buffer.raw[: max(written - 2, 0)].decode("utf-16-le", "replace").split())
