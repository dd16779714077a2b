"""Writes ``gen_micro_mutable_op_resolver.h``: a resolver for microcontrollers that has just what models use.

With ``compat`` it is the text of ``lite/micro/tools/gen_micro_mutable_op_resolver``, in its order, with the names that
the functions have: that tool guesses them. Like it, it then has the operators of a model's whole table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kernel_index.shown import visible
from opselect.build_lists.header.literals import quoted
from opselect.build_lists.lite.options import LiteOptions
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend, OpselectOptions, change_model
from opselect.lite.micro import Lacking, MicroUse, MicroUses, micro_table, micro_uses
from opselect.lite.micro.int8 import INT8_RULES
from opselect.lite.micro.table import RESOLVER
from opselect.lite.operators import LiteModel

_LICENSE = """\
/* Copyright 2023 The TensorFlow Authors. All Rights Reserved.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
==============================================================================*/
"""
"""What the tool begins its output with."""


def micro_resolver_text(models: Sequence[LiteModel], options: LiteOptions) -> str:
    """The resolver of all models, without the operators of :func:`micro_resolver_findings`.

    It has room for those of them that are custom operators, which a program can add itself.
    """
    lines = _compatible(models) if options.compat else _own(models)
    return "".join(f"{line}\n" for line in lines)


def micro_resolver_findings(models: Sequence[LiteModel], options: LiteOptions) -> tuple[Finding, ...]:
    """What the models have and no function of the resolver adds."""
    return tuple(_finding(each) for each in micro_uses(models, whole_table=bool(options.compat)).lacking)


def _own(models: Sequence[LiteModel]) -> Iterator[str]:
    uses = micro_uses(models)
    besides = {use.function.header for use in uses.added if use.int8 and use.function.header}
    yield f"// The operators of {', '.join(_comment(each.name) for each in models)}."
    yield f"// Functions as they are in TensorFlow Lite for Microcontrollers, {micro_table().sources}."
    yield ""
    yield "#pragma once"
    yield ""
    yield from (f'#include "{each}"' for each in sorted({RESOLVER, *besides}))
    yield from _opening(len(uses.added) + _by_hand(uses))
    for use in uses.added:
        yield from _call(use)
    for each in uses.lacking:
        left = "there is room for it, add it by hand" if _is_own(each) else "left out, for there is no function for it"
        yield f"  // {_comment(each.code.name)}: {left}."
    yield from _CLOSING


def _compatible(models: Sequence[LiteModel]) -> Iterator[str]:
    # The tool sorts the operators of each model, custom ones among the others, and has one model after the other.
    functions = [
        use.function.function
        for model in models
        for use in sorted(micro_uses([model], whole_table=True).added, key=lambda each: each.function.operator)
    ]
    once = list(dict.fromkeys(functions))
    yield from _LICENSE.splitlines()
    yield ""
    yield f"// Generated based on {', '.join(_comment(each.name.rpartition('/')[2]) for each in models)}."
    yield ""
    yield "#pragma once"
    yield ""
    yield f'#include "{RESOLVER}"'
    yield from _opening(len(once) + _by_hand(micro_uses(models, whole_table=True)))
    yield from (f"  micro_op_resolver.{each}();" for each in once)
    yield from _CLOSING


def _by_hand(uses: MicroUses) -> int:
    return sum(map(_is_own, uses.lacking))


def _is_own(lacking: Lacking) -> bool:
    """Whether it is a custom operator that a program can bring along."""
    return lacking.code.is_custom and not lacking.code.is_flex


def _opening(count: int) -> Iterator[str]:
    yield ""
    yield f"constexpr int kNumberOperators = {count};"
    yield ""
    yield "inline tflite::MicroMutableOpResolver<kNumberOperators> get_resolver()"
    yield "{"
    yield "  tflite::MicroMutableOpResolver<kNumberOperators> micro_op_resolver;"
    yield ""


_CLOSING = ("", "  return micro_op_resolver;", "}")


def _call(use: MicroUse) -> Iterator[str]:
    name = f"  micro_op_resolver.{use.function.function}"
    if not use.int8:
        if use.remark:
            yield f"  // {use.function.operator}: not for int8 alone: {_comment(use.remark)}."
        yield f"{name}();"
        return
    rule = INT8_RULES[use.function.operator]
    counted = "its only operator" if use.count == 1 else f"all {use.count} operators"
    yield f"  // {use.function.operator}: int8 in {counted}."
    if not rule.not_under:
        yield f"{name}(tflite::{use.function.int8}());"
        return
    yield f"{name}("
    yield f"#if !defined({rule.not_under})  // {rule.difference}"
    yield f"      tflite::{use.function.int8}()"
    yield "#endif"
    yield "  );"


def _comment(text: str) -> str:
    """A text that ends no comment."""
    return visible(text).replace("\n", "\\n")


def _finding(lacking: Lacking) -> Finding:
    name = lacking.code.name
    if lacking.code.is_flex:
        code, reason = "OPS135", "a kernel of TensorFlow runs it, and microcontrollers have no Flex delegate"
        text = (
            "Convert the model without tf.lite.OpsSet.SELECT_TF_OPS: the converter then names what it cannot convert."
        )
        mends: tuple[Mend, ...] = (change_model(text),)
    elif _is_own(lacking):
        code, reason = "OPS134", "it is none of the custom operators that come with the runtime"
        text = "With --allow-missing the resolver has room for it: register it by hand, "
        text += f"resolver.AddCustom({quoted(name)}, …)."
        mends = (OpselectOptions(text=text, options=("--allow-missing",)),)
    else:
        code, reason = "OPS133", f"no function of the resolver adds it ({micro_table().sources})"
        text = "Build the model without it: opselect inspect --print-structure shows where it is used."
        mends = (change_model(text),)
    if not lacking.count:
        reason += "; it stands in the table of operators, and nothing uses it"
        mends = (*mends, change_model("Leave out --compat: what nothing uses is not written then.", lead=OR))
    return Finding(
        code,
        reason,
        op=name,
        count=lacking.count,
        nodes=lacking.places,
        models=lacking.models,
        source=RESOLVER,
        mends=mends,
    )
