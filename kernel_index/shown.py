"""What people see of a path, a URL or a piece of input: no secret, and no more than can be read."""

from __future__ import annotations

import re

MAX_WORD = 300
"""Characters of a name or other word that a sentence quotes."""
MAX_SENTENCE = 3_000
"""Characters of what is said of one thing."""
HIDDEN = "***"

_URL = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*://[^\s'"<>()]*""")
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


def shortened(text: str, word: int = MAX_WORD, sentence: int = MAX_SENTENCE) -> str:
    """A text with the middle of overlong words left out, and of all of it where that is still too long."""
    if len(text) > word:
        text = re.sub(rf"\S{{{word + 1},}}", lambda match: _cut(match[0], word), text)
    return _cut(text, sentence)


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
