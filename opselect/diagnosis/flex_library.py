"""Ops that an interpreter with a Flex delegate lacks: its library is of other models, or of another release."""

from __future__ import annotations

from opselect.diagnosis.setting import Setting, about, told
from opselect.findings import Finding
from opselect.findings.mends import run
from opselect.lite.flex_platforms import flex_platforms
from opselect.logs.records import LogFailure

_OF_DELEGATE = ("TfLiteFlexDelegate", "viaEager)", "Cannotcreateinterpreter", "thegivenInterpreter")
"""Words of messages that an interpreter of TensorFlow Lite passes on, without white space."""


def of_flex_library(failure: LogFailure, setting: Setting) -> list[Finding]:
    """Why the delegate of a TensorFlow Lite interpreter lacks an op; empty where none wrote the message.

    Source: ``lite/delegates/flex/build_def.bzl``, whose ``select`` has branches for a few platforms alone.
    """
    text = "".join(failure.text.split())
    if failure.runtime != "tflite" and not any(word in text for word in _OF_DELEGATE):
        return []
    line = f"opselect generate {setting.shown_model} {setting.source_options} --target header --out flex"
    reason = f"a library of the Flex delegate that was built for some models has only their ops, and not {failure.op}"
    build = "Build it for this model too: models = [...] of tflite_flex_cc_library or tflite_flex_android_library."
    needed = run("What the model needs: {command}.", line, applicability="likely")
    library = Finding("OPS508", reason, mends=(told("likely", build), needed))
    where = flex_platforms(setting.index.release, setting.tree).shown()
    ignored = Finding(
        "OPS509",
        f"built for anything but {where}, the library has all ops of its release "
        "whatever models are named: the release then is older than the model",
        mends=(told("guess", "Build the library from the release whose converter made the model."),),
    )
    return [about(each, failure) for each in (library, ignored)]
