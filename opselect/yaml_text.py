"""Plain data as YAML in which nothing acts on who reads it."""

from __future__ import annotations

from kernel_index.shown import visible


def to_yaml(data: object) -> str:
    """YAML text in block style, in the order of the data, without a final line break.

    It says what the data has (surrogates aside), and control and direction characters stand in it as YAML's escapes.
    """
    import yaml  # takes longer to load than most of what writes none

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # whichever there is
        """Quotes what is not visible as it is: only quoted text has escapes."""

    def written(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if visible(text) == text else '"')

    Dumper.add_representer(str, written)
    text: str = yaml.dump(_readable(data), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10**6)
    # The direction marks that are left stand in quotes, where they may be escaped as in JSON.
    return visible(text.rstrip("\n"))


def _readable(value: object) -> object:
    """The data with bytes of names that are no UTF-8 (surrogates, which YAML does not have) as backslash escapes."""
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
