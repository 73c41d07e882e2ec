"""Lines of text files. They end at a line feed and nowhere else."""

from __future__ import annotations


def decode(data: bytes, name: str) -> str:
    """Decode UTF-8.

    Parameters
    ----------
    data : bytes
        Content of a file.
    name : str
        What an error calls it.

    Returns
    -------
    text : str

    Raises
    ------
    ValueError
        If it is no UTF-8; the message has the line.

    Examples
    --------
    >>> from mtlcore.data.formats.lines import decode
    >>> decode(b"caf\\xc3\\xa9", "menu.txt")
    'café'
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"line {line} of {name} is no UTF-8 text ({error.reason}, {data[error.start : error.end]!r}); "
            "convert the file"
        ) from error


def shortened(line: str) -> str:
    """Return a line as an error shows it: in quotation marks, and no more than its beginning.

    Parameters
    ----------
    line : str
        One line.

    Returns
    -------
    shown : str

    Examples
    --------
    >>> from mtlcore.data.formats.lines import shortened
    >>> shortened("a" * 1000)[-8:]
    "aaaa'..."
    """
    return repr(line) if len(line) <= 80 else f"{line[:80]!r}..."


def split_lines(text: str) -> list[str]:
    """Split a text at line feeds.

    Characters at which :meth:`str.splitlines` splits as well, such as U+0085 and U+2028, are text here: they
    occur in the words of treebanks and in sentences from the web.

    Parameters
    ----------
    text : str
        Lines that end with a line feed, or with a carriage return and a line feed; a byte-order mark may come
        first.

    Returns
    -------
    lines : list of str
        Without their ends; no empty one for the end of the last line.

    Examples
    --------
    >>> from mtlcore.data.formats.lines import split_lines
    >>> split_lines("\\ufeffone\\r\\n\\ntwo\\u2028three\\n")
    ['one', '', 'two\\u2028three']
    """
    lines = text.removeprefix("\ufeff").split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]
