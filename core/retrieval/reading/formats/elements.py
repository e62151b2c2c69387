"""The XML of Office files, asked by the names of elements and attributes without their namespaces."""

from typing import Any


def parsed(data: bytes) -> Any:
    """The root of this XML; nothing beside it is read. Raises lxml.etree.XMLSyntaxError."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(data, parser)


def local(element: Any) -> str:
    """The name of an element without its namespace; "" of a comment."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def below(element: Any, path: str) -> Any:
    """The first element at this path below; None when there is none."""
    for step in path.split("/"):
        element = next((each for each in element if local(each) == step), None)
        if element is None:
            return None
    return element


def value(element: Any, path: str) -> str | None:
    """The w:val of a property below the element, None when it is not there."""
    found = below(element, path)
    return None if found is None else attribute(found, "val")


def attribute(element: Any, wanted: str) -> str:
    """The attribute of this name, whatever its namespace; "" when there is none."""
    return next((v for k, v in element.attrib.items() if k.rpartition("}")[2] == wanted), "")


def is_on(element: Any, path: str) -> bool:
    """Whether a property that is on or off is on."""
    return value(element, path) not in (None, "0", "false", "off")
