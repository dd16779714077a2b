"""What the device string of a node asks for, where a session has one device: the CPU of its own process."""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBER = r"\*|\d+"
_PART = re.compile(
    rf"""
      /job:(?P<job>\*|[A-Za-z][\w-]*)
    | /replica:(?P<replica>{_NUMBER})
    | /task:(?P<task>{_NUMBER})
    | /device:(?P<type>\*|[A-Za-z]\w*)(?::(?P<id>{_NUMBER}))?
    | /(?P<old_type>cpu|CPU|gpu|GPU):(?P<old_id>{_NUMBER})
    """,
    re.VERBOSE | re.ASCII,
)
_LOCAL = "localhost"


@lru_cache(maxsize=1024)
def asked_device(device: str) -> str:
    """The type of device that a node asks for (``GPU``), empty where any will do.

    Where it asks for what no session of one process has, whatever its devices are, the string itself: another job,
    replica or task, a second CPU, or no device at all. The grammar is that of ``DeviceNameUtils::ParseFullName``
    (``util/device_name_utils.cc``); what does not match is "Malformed device specification" to the placer.
    """
    parts = _parts(device)
    if parts is None:
        return device
    kind = parts.get("type", parts.get("old_type", "").upper()).strip("*")
    strange = parts.get("job", _LOCAL) not in (_LOCAL, "*") or any(
        parts.get(part, "0").strip("0") not in ("", "*") for part in ("replica", "task")
    )
    # The placer compares types as they are written, but for the old /cpu:0 and /gpu:0.
    strange = strange or (kind != "CPU" and kind.upper() == "CPU")
    second = kind in ("", "CPU") and parts.get("id", parts.get("old_id", "0")).strip("0") not in ("", "*")
    return device if strange or second else kind


def device_type(device: str) -> str:
    """The type in a device string, empty where it has none.

    ``/job:x/device:GPU:0``, ``/device:GPU:*`` and the old ``/gpu:0`` are GPU.
    """
    parts = _parts(device) or {}
    found = parts.get("type", parts.get("old_type", ""))
    return found.upper() if found.lower() in ("cpu", "gpu") else found.strip("*")


def _parts(device: str) -> dict[str, str] | None:
    """The parts of a device string by name, the last of each; None where it is none."""
    found: dict[str, str] = {}
    at = 0
    while at < len(device) and device != "/":
        part = _PART.match(device, at)
        if part is None:
            return None
        found.update({name: text for name, text in part.groupdict().items() if text is not None})
        at = part.end()
    return found
