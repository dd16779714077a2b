"""Templates: where they are, how users override them, and what their mistakes look like."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import TracebackType

from kernel_index.errors import InputError, Place
from kernel_index.shown import one_line, shortened


def template_folder() -> Path:
    """The folder of the templates that come with opselect: in an installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "templates"


def fill_template(name: str, values: dict[str, object], template_dir: Path | None = None) -> str:
    """The text of the template ``name``, the user's own if ``template_dir`` has one of that name.

    Raises InputError with file and line where a template is wrong or uses a name that there is not.
    """
    import jinja2  # takes longer to load than most of what emits nothing through it

    if template_dir is not None and not template_dir.is_dir():
        raise InputError(str(template_dir), "is no folder", "--template-dir names a folder with templates.")
    folders = [folder for folder in (template_dir, template_folder()) if folder is not None]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["quoted"] = _quoted
    environment.filters["cmake_quoted"] = _cmake_quoted
    environment.filters["oneline"] = lambda text: shortened(one_line(str(text)))
    environment.filters["in_string"] = lambda text: json.dumps(shortened(one_line(str(text))), ensure_ascii=False)[1:-1]
    try:
        return environment.get_template(name).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise InputError(Place(error.filename or name, error.lineno), f"not a template: {error.message}") from error
    except jinja2.TemplateNotFound as error:
        raise InputError(
            str(folders[0]), f"no template {error.name}", "Copy it from opselect's own templates."
        ) from error
    except Exception as error:
        # A template may call and compute anything, so anything may fail in it; outside of one it is our mistake.
        place = _place_in_template(error.__traceback__, folders)
        if place is None:
            raise
        raise InputError(place, f"the template fails: {error}") from error


_ESCAPES = {code: f"\\{code:03o}" for code in (*range(32), 127)} | str.maketrans(
    {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"}
)
"""Control characters are in octal, for Bazel up to 4 knows neither ``\\u`` nor ``\\b``."""


def _quoted(text: str) -> str:
    """A string of Starlark, and of Python."""
    return f'"{text.translate(_ESCAPES)}"'


def _cmake_quoted(text: str) -> str:
    """A quoted argument of CMake that stays one item of a list (``cmake-language``, Escape Sequences)."""
    return '"' + re.sub(r'([\\"$;@])', r"\\\1", text) + '"'


def _place_in_template(traceback: TracebackType | None, folders: list[Path]) -> Place | None:
    place = None
    while traceback is not None:
        file = Path(traceback.tb_frame.f_code.co_filename)
        if file.parent in folders:
            place = Place(str(file), traceback.tb_lineno)
        traceback = traceback.tb_next
    return place
