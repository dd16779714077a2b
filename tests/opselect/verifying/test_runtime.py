"""Operators held against what the runtime of a release registers."""

from __future__ import annotations

from opselect.findings import Finding
from opselect.lite.runtimes import find_runtime
from opselect.models.graph.tflite import TfliteModel, TfliteOperator, TfliteSubgraph
from opselect.verifying.runtime import disagreements, noted_minimum, operators_not_in_runtime

DETECTION = "TFLite_Detection_PostProcess"


def model_of(*operators: tuple[str, int], custom: tuple[tuple[str, int], ...] = (), stored: str = "") -> TfliteModel:
    written = [TfliteOperator(op, version) for op, version in operators]
    written += [TfliteOperator(name, version, is_custom=True) for name, version in custom]
    return TfliteModel(3, "", (TfliteSubgraph("main", operators=tuple(written)),), min_runtime_version=stored)


def found(model: TfliteModel, release: str, *, custom: bool = True) -> list[Finding]:
    return list(operators_not_in_runtime(model, "m", find_runtime(release), custom=custom))


def test_a_version_above_those_of_the_runtime_is_named_with_the_first_that_has_it() -> None:
    (finding,) = found(model_of(("CONV_2D", 5), ("ADD", 1), ("CONV_2D", 5)), "2.3.4")
    assert (finding.code, finding.op, finding.count, finding.models) == ("OPS130", "CONV_2D", 2, ("m",))
    assert finding.attrs == (("version", 5),)
    assert finding.nodes == ("subgraph_0/operator_0", "subgraph_0/operator_2")
    assert finding.reason == (
        "TensorFlow Lite 2.3.4 registers it in version 1 to 4, and the model has version 5; "
        "the first to have it: TensorFlow Lite 2.4"
    )
    assert "Take TensorFlow Lite 2.4, or a later release." in finding.advice
    assert not found(model_of(("CONV_2D", 5)), "2.4")


def test_a_version_below_those_of_the_runtime_is_lacking_too() -> None:
    (finding,) = found(model_of(("BROADCAST_TO", 1)), "2.14")
    assert "in version 2 to 3, and the model has version 1; no release up to TensorFlow Lite 2.21" in finding.reason
    assert "Take" not in finding.advice
    assert not found(model_of(("BROADCAST_TO", 2)), "2.14")


def test_an_operator_that_the_runtime_lacks() -> None:
    (finding,) = found(model_of(("GELU", 1)), "litert-2.2") or found(model_of(("GELU", 1)), "2.3")
    assert finding.reason == "TensorFlow Lite 2.3.4 does not register it; the first to have it: TensorFlow Lite 2.8"
    (unknown,) = found(model_of(("builtin 250", 1)), "litert-2.2")
    assert unknown.reason.endswith("no release up to TensorFlow Lite 2.21 and LiteRT 2.3 does")


def test_what_is_registered_decides_and_where_upstream_says_otherwise_is_said() -> None:
    (finding,) = found(model_of(("FULLY_CONNECTED", 9)), "2.3")
    assert finding.reason.endswith(
        "the first to have it: TensorFlow Lite 2.4, although upstream's table of versions says 2.3.0"
    )
    (never,) = found(model_of(("STABLEHLO_CBRT", 1)), "2.21")
    assert never.reason.endswith("does; upstream's table of versions says 2.17.0")
    model = model_of(("ADD", 4), ("ADD", 1))
    assert not found(model, "2.4")
    (sentence,) = disagreements(model, find_runtime("2.4"))
    assert sentence.startswith(
        "upstream's table of versions has ADD in version 4 from 2.6.0 on, and TensorFlow Lite 2.4.4"
    )
    assert not list(disagreements(model, find_runtime("2.6")))
    assert not list(disagreements(model, find_runtime("litert-1.1")))
    assert not list(disagreements(model_of(("CONV_2D", 5)), find_runtime("2.3")))


def test_a_runtime_that_lost_an_operator_is_not_sent_back() -> None:
    (finding,) = found(model_of(("DEPTH_TO_SPACE", 1)), "2.0")
    assert "the first to have it: TensorFlow Lite 2.1" in finding.reason


def test_custom_operators_of_the_runtime_are_known_and_others_are_the_programs() -> None:
    model = model_of(custom=((DETECTION, 1), ("Mine", 1), ("FlexErf", 1)))
    (finding,) = found(model, "2.14")
    assert (finding.code, finding.op) == ("OPS131", "Mine")
    assert 'resolver.AddCustom("Mine", …)' in finding.advice
    (strange,) = found(model_of(custom=(('it\'s "M\u00efne"\n', 1),)), "2.14")
    assert r"""resolver.AddCustom("it's \"M\303\257ne\"\012", …)""" in strange.advice
    assert not found(model, "2.14", custom=False)
    (early,) = found(model_of(custom=((DETECTION, 1),)), "1.9")
    assert early.reason == "TensorFlow Lite 1.9.0 does not register it; the first to do so: TensorFlow Lite 1.10"
    (version,) = found(model_of(custom=((DETECTION, 2),)), "2.14")
    assert version.reason == "TensorFlow Lite 2.14.1 registers it in version 1, and the model has version 2"


def test_a_wrong_note_of_the_minimum_is_a_finding() -> None:
    assert noted_minimum(model_of(("CONV_2D", 5), stored="2.4.0"), "m") is None
    assert noted_minimum(model_of(("CONV_2D", 5)), "m") is None
    lower = noted_minimum(model_of(("CONV_2D", 5), stored="2.3.0"), "m")
    assert lower is not None
    assert (lower.code, lower.models) == ("OPS132", ("m",))
    assert lower.reason.startswith(
        "the model notes 2.3.0, and its operators need 2.4.0 (CONV_2D in version 5): a runtime"
    )
    higher = noted_minimum(model_of(("CONV_2D", 5), stored="2.13.0"), "m")
    assert higher is not None
    assert "refuses runtimes from 2.4.0 on" in higher.reason
