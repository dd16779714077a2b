"""Whatever a log tells or does not tell of a failure, there is a cause of it, with a reason and a mend."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index import shipped
from kernel_index.datatypes import DataType
from opselect.diagnosis.causes import CAUSES, causes_of
from opselect.diagnosis.setting import Setting
from opselect.logs.records import KernelRow, LogFailure

OPS = (
    "Conv2D",
    "Cast",
    "Switch",
    "DecodeJpeg",
    "MaxPoolWithArgmax",
    "NoOp",
    "_Arg",
    "_FusedMatMul",
    "PyFunc",
    "Census",
    "",
)
ATTRS = ("T", "SrcT", "data_format", "Truncate", "_kernel", "")
TYPES = st.sampled_from([*(each.name for each in DataType), "DT_NONE", ""])
TEXT = st.text(max_size=12)

ROWS = st.builds(
    KernelRow,
    st.sampled_from(["CPU", "GPU", "DEFAULT", "XLA_CPU_JIT", ""]),
    st.sampled_from(["", "label"]),
    st.lists(st.tuples(st.sampled_from(ATTRS), st.lists(TYPES, max_size=2).map(tuple)), max_size=2).map(tuple),
)
NUMBERS = st.none() | st.integers(-1, 300)
FAILURES = st.builds(
    LogFailure,
    kind=st.sampled_from(sorted(CAUSES)),
    runtime=st.sampled_from(["tensorflow", "tflite", "tflite-micro", "converter", "tool", "build"]),
    op=st.sampled_from(OPS) | TEXT,
    node=st.sampled_from(["", "dropout/cond/Switch", "a:0"]) | TEXT,
    dtypes=st.lists(st.tuples(st.sampled_from(ATTRS), TYPES), max_size=2).map(tuple),
    device=st.sampled_from(["", "CPU", "GPU", "?"]),
    rows=st.none() | st.lists(ROWS, max_size=3).map(tuple),
    attr=st.sampled_from(ATTRS) | TEXT,
    version=NUMBERS,
    removed_in=NUMBERS,
    graph_version=NUMBERS,
    builtin_code=NUMBERS,
    ops=st.lists(st.sampled_from(OPS), max_size=2).map(tuple),
    custom_ops=st.lists(st.sampled_from(OPS), max_size=2).map(tuple),
    file=st.sampled_from(["", "decode_image_op.o", "lib.a(x.o)", "tensorflow/core/kernels/cast_op.cc"]) | TEXT,
    symbol=st.sampled_from(["", "re2::RE2::~RE2()", "tensorflow::gif::Decode(", "inflate"]) | TEXT,
    library=st.sampled_from(["", "farmhash", "re2/re2.h", "ops_to_register.h", "x.pb.h"]) | TEXT,
    text=TEXT,
)


@settings(max_examples=100)
@given(FAILURES, st.sampled_from(["1.4.1", "2.14.1"]), st.sampled_from(["android", "android-slim", "ios", "desktop"]))
def test_every_failure_has_causes(failure: LogFailure, release: str, profile: str) -> None:
    setting = Setting(shipped.index_of(release), profile, (release,))
    found = causes_of(failure, setting)
    assert found
    for cause in found:
        assert cause.reason
        assert cause.advice
