"""``--max-download``: how much may be fetched of a model behind a URL."""

from __future__ import annotations

import os

import click


def _allow(context: click.Context, _: click.Parameter, size: str | None) -> None:
    """Puts the size where the processes that read models look, for as long as the command runs."""
    from opselect.models.storage import MAX_DOWNLOAD_VARIABLE, parse_size

    if size is None:
        return
    try:
        parse_size(size)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    before = os.environ.get(MAX_DOWNLOAD_VARIABLE)
    os.environ[MAX_DOWNLOAD_VARIABLE] = size

    def restore() -> None:
        if before is None:
            os.environ.pop(MAX_DOWNLOAD_VARIABLE, None)
        else:
            os.environ[MAX_DOWNLOAD_VARIABLE] = before

    context.call_on_close(restore)


max_download_option = click.option(
    "--max-download",
    metavar="SIZE",
    expose_value=False,
    callback=_allow,
    help="Fetch no more than this of a model behind a URL, such as 500M (4G).",
)
