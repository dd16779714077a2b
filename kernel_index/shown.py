"""What people see of a path, a URL or a piece of input: no secret, nothing that acts, no more than can be read."""

from __future__ import annotations

import re

MAX_WORD = 300
"""Characters of a name or other word that a sentence quotes."""
MAX_SENTENCE = 3_000
"""Characters of what is said of one thing."""
HIDDEN = "***"

_ACTS = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # marks that turn the direction of text
    "\u2028\u2029\ud800-\udfff]"  # separators that some take for ends of lines; halves of characters
)
_URL = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*://[^\s'"<>()]*(?<![:;,.])""")  # what ends a clause is none of it
_CREDENTIALS = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^/?#]*)@", re.DOTALL)


def shown_path(path: str) -> str:
    """A path as it is; a URL, chained ones too, without password and without the values of its query.

    ``https://me:secret@host/m.pb?sig=abc`` is shown as ``https://me:***@host/m.pb?sig=***``. Of a user without a
    password in an ``http`` URL, which may be a token, nothing is shown. Such a URL can be told apart from others, but
    not opened: keep the path itself for that. What is shown once is shown alike when shown again.
    """
    if "://" not in path:
        return path
    return "::".join(map(_link, path.split("::")))


def without_secrets(text: str) -> str:
    """A sentence in which URLs stand as :func:`shown_path` shows them."""
    return _URL.sub(lambda match: shown_path(match[0]), text) if "://" in text else text


def visible(text: str) -> str:
    """A text in which every character that would act on a terminal, or on who reads the text, stands escaped.

    Control characters (``\\x1b``), those that turn the direction of text (``\\u202e``), the separators U+2028 and
    U+2029, and bytes of names that are no UTF-8 (``\\udc80``) are spelled as in Python. Line feed and tab stay. What is
    visible stays as it is, backslashes too: from the text alone nobody can tell ``\\x1b`` from ESC.
    """
    if text.replace("\n", "").replace("\t", "").isprintable():  # which is what most text is, and quickly seen
        return text
    return re.sub(_ACTS, _spelled, text)


def one_line(text: str) -> str:
    """A :func:`visible` text on one line: line feeds, tabs and several spaces are one space."""
    return " ".join(visible(text).split())


def shortened(text: str, word: int = MAX_WORD, sentence: int = MAX_SENTENCE) -> str:
    """A text with the middle of overlong words left out, and of all of it where that is still too long."""
    if len(text) > word:
        text = re.sub(rf"\S{{{word + 1},}}", lambda match: _cut(match[0], word), text)
    return _cut(text, sentence)


def _spelled(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    tail = limit // 4
    return f"{text[: limit - tail]}… ({len(text):,} characters) …{text[-tail:]}"


def _link(url: str) -> str:
    """One link of a chained URL."""
    place, mark, query = _CREDENTIALS.sub(_user, url, count=1).partition("?")
    return place + mark + "&".join(map(_parameter, query.split("&")))


def _user(match: re.Match[str]) -> str:
    name, colon, _ = match["user"].partition(":")
    if colon:
        return f"{match['scheme']}{name}:{HIDDEN}@"
    is_http = match["scheme"].lower().startswith("http")
    return f"{match['scheme']}{HIDDEN}@" if is_http else match[0]


def _parameter(text: str) -> str:
    key, equals, value = text.partition("=")
    value = value if equals else text
    # What is hidden already may have the member of an archive behind it.
    hidden = value if not value or value.startswith(f"{HIDDEN}!") else HIDDEN
    return f"{key}={hidden}" if equals else hidden
