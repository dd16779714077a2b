"""What linkers and compilers print of builds that lack a file of TensorFlow or a library."""

from __future__ import annotations

import pytest

from opselect.logs.shapes.builds import SHAPES, library_of, scopes, source_of
from tests.opselect.logs.shapes.reading import one, read

SYMBOL = "re2::RE2::Replace(std::string*, re2::RE2 const&)"
LLD = (
    f"ld.lld: error: undefined symbol: {SYMBOL}\n"
    ">>> referenced by regex_replace_op.cc:21 (tensorflow/core/kernels/regex_replace_op.cc:21)\n"
    ">>>               obj/regex_replace_op.o:(tensorflow::RegexReplaceOp::Compute(tensorflow::OpKernelContext*))"
)
APPLE = (
    "Undefined symbols for architecture arm64:\n"
    f'  "{SYMBOL}", referenced from:\n'
    "      tensorflow::RegexReplaceOp::Compute(tensorflow::OpKernelContext*) in "
    "libtensorflow-core.a(regex_replace_op.o)\n"
)


@pytest.mark.parametrize("width", [0, 19])
@pytest.mark.parametrize(
    "text",
    [
        f"/usr/bin/ld: regex_replace_op.cc:(.text+0x40d): undefined reference to `{SYMBOL}'",
        f"regex_replace_op.cc:(.text._ZN1AC1Ev[_ZN1AC1Ev]+0x211): undefined reference to `{SYMBOL}'",
        f"libtensorflow-core.a(regex_replace_op.o):(.data.rel.ro+0x10): undefined reference to `{SYMBOL}'",
        f"tensorflow/core/kernels/regex_replace_op.cc:188: error: undefined reference to '{SYMBOL}'",
        f"libx.a(regex_replace_op.o):regex_replace_op.cc:function a::B(int): error: undefined reference to '{SYMBOL}'",
        f"ld returned 1 exit status\nregex_replace_op.cc:(.text+0x40d): undefined reference to `{SYMBOL}'",
        LLD,
        APPLE + "ld: symbol(s) not found for architecture arm64",
        APPLE.replace("libtensorflow-core.a(regex_replace_op.o)", "regex_replace_op.o"),
        APPLE.replace(" for architecture arm64", "").replace('"', "").replace("core.a(", "core.a[3]("),
    ],
)
def test_every_linker_names_file_symbol_and_library(text: str, width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.file, failure.library) == ("link-undefined", "regex_replace_op.cc", "re2")
    assert failure.symbol.replace(" ", "") == SYMBOL.replace(" ", "")


def test_symbols_that_one_mend_mends_are_one_failure() -> None:
    lines = [
        f"regex_replace_op.cc:(.text+0x{at}): undefined reference to `{symbol}'"
        for at, symbol in enumerate(
            ["re2::RE2::RE2(int)", "re2::RE2::~RE2()", "tensorflow::io::A::A()", "tensorflow::io::A::B()"]
        )
    ]
    lines.append("other_op.cc:(.text+0x1): undefined reference to `tensorflow::io::C::C()'")
    told = [(each.file, each.library, each.symbol, each.count) for each in read(SHAPES, "\n".join(lines))]
    assert told == [
        ("regex_replace_op.cc", "re2", "re2::RE2::RE2(int)", 2),
        ("regex_replace_op.cc", "", "tensorflow::io::A::A()", 2),
        ("other_op.cc", "", "tensorflow::io::C::C()", 1),
    ]


def test_a_link_error_that_is_cut_still_names_the_file() -> None:
    failure = one(SHAPES, "regex_replace_op.cc:(.text+0x40d): undefined reference to `re2::RE2::Re")
    assert (failure.file, failure.symbol) == ("regex_replace_op.cc", "")
    failure = one(SHAPES, "undefined reference to `re2::RE2::~RE2()'")
    assert (failure.file, failure.library) == ("", "re2")


@pytest.mark.parametrize("width", [0, 19])
@pytest.mark.parametrize(
    ("text", "file", "header"),
    [
        (
            "tensorflow/core/kernels/regex_replace_op.cc:18:10: fatal error: re2/re2.h: No such file or directory",
            "tensorflow/core/kernels/regex_replace_op.cc",
            "re2/re2.h",
        ),
        (
            "In file included from ./a.h:48:\n./tensorflow/core/x.h:19:10: fatal error: 'farmhash.h' file not found",
            "./tensorflow/core/x.h",
            "farmhash.h",
        ),
        (
            ("jni/classify.cc:3:10: fatal error: tensorflow/core/public/session.h: No such file or directory"),
            "jni/classify.cc",
            "tensorflow/core/public/session.h",
        ),
    ],
)
def test_a_header_that_is_missing(text: str, file: str, header: str, width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.file, failure.library) == ("compile-header", file, header)


def test_lines_of_two_headers_are_two() -> None:
    text = (
        "tensorflow/core/kernels/regex_replace_op.cc:18:10: fatal error: re2/re2.h: No such file or directory\n"
        "./tensorflow/core/platform/fingerprint.h:19:10: fatal error: farmhash.h: No such file or directory\n"
    )
    told = [(each.file.rpartition("/")[2], each.library, each.lines) for each in read(SHAPES, text)]
    assert told == [("regex_replace_op.cc", "re2/re2.h", (1,)), ("fingerprint.h", "farmhash.h", (2,))]


@pytest.mark.parametrize(
    "text",
    [
        "main.cpp:(.text+0x5): undefined reference to `foo::Bar()'",
        "main.cpp:(.text+0x5): undefined reference to `png_create_read_struct'",
        "main.cpp:3:10: fatal error: boost/any.hpp: No such file or directory",
        "main.cpp:3:10: fatal error: google/protobuf/message.h: No such file or directory",
        (
            'Undefined symbols for architecture arm64:\n  "_OBJC_CLASS_$_Foo", referenced from:\n      '
            "objc-class-ref in App.o"
        ),
        "ld.lld: error: undefined symbol: main\n>>> referenced by crt1.o",
        "java.io.FileNotFoundException: /data/x.h: open failed: ENOENT (No such file or directory)",
        "TypeError: undefined is not an object",
    ],
)
def test_builds_of_other_things(text: str) -> None:
    assert read(SHAPES, text) == []


@pytest.mark.parametrize(
    ("symbol", "library"),
    [
        ("re2::RE2::~RE2()", "re2"),
        ("_ZN3re23RE2D1Ev", "re2"),
        ("__ZN3re23RE2D1Ev", "re2"),
        ("util::Fingerprint64(char const*, unsigned long)", "farmhash"),
        ("double_conversion::DoubleToStringConverter::ToShortest(double)", "double-conversion"),
        ("_jpeg_finish_decompress", "jpeg"),
        ("sqlite3_step", "sqlite"),
        ("vtable for google::protobuf::LogMessage", "protobuf"),
        ("tensorflow::jpeg::Uncompress(int)", ""),
        ("_ZN10tensorflow9OpDefBuilder4AttrE", ""),
        ("foo", ""),
    ],
)
def test_the_library_of_a_symbol(symbol: str, library: str) -> None:
    assert library_of(symbol) == library


def test_names_of_mangled_symbols_and_of_objects() -> None:
    assert scopes("_ZNK10tensorflow4data7Dataset4NameEv") == "tensorflow::data::Dataset::Name"
    assert scopes("_ZTVN10tensorflow8OpKernelE") == "tensorflow::OpKernel"
    assert scopes("png_free") == "png_free"
    assert source_of("bazel-out/lib.a(decode_image_op.pic.o)") == "decode_image_op.cc"
    assert source_of("core/kernels/fact_op.cc") == "fact_op.cc"
