"""What loaders, Android's tools and its store print of native libraries."""

from __future__ import annotations

import pytest

from opselect.logs.shapes.loaders import SHAPES
from tests.opselect.logs.shapes.reading import one, read

LINK_ERROR = "java.lang.UnsatisfiedLinkError: "


@pytest.mark.parametrize("width", [0, 17])
@pytest.mark.parametrize(
    ("text", "library"),
    [
        (LINK_ERROR + 'dlopen failed: library "libtensorflow_inference.so" not found', "libtensorflow_inference.so"),
        (
            LINK_ERROR + 'dlopen failed: library "libc++_shared.so" not found: needed by '
            "/data/lib/libtensorflow_demo.so",
            "libc++_shared.so",
        ),
        (
            LINK_ERROR + "dalvik.system.PathClassLoader[DexPathList[[zip file "
            '"/data/app/base.apk"],nativeLibraryDirectories='
            '[/data/lib/x86]]] couldn\'t find "libtensorflowlite_flex_jni.so"',
            "libtensorflowlite_flex_jni.so",
        ),
        (
            (
                'dlopen failed: cannot locate symbol "_ZN10tensorflow9OpDef" referenced by '
                '"/data/lib/arm64/libtensorflow_demo.so"...'
            ),
            "libtensorflow_demo.so",
        ),
        ('dlopen failed: "/data/lib/libtensorflow.so" is 32-bit instead of 64-bit', "libtensorflow.so"),
        (LINK_ERROR + "Cannot find TensorFlow native library for OS: linux, architecture: aarch64. See", ""),
        ("java.lang.RuntimeException: Native TF methods not found; check that the correct native libraries", ""),
        (LINK_ERROR + "Failed to load native TensorFlow Lite methods. Check that the correct native", ""),
        (LINK_ERROR + "No implementation found for long org.tensorflow.Graph.allocate() (tried Java_org", ""),
        (LINK_ERROR + "no tensorflow_jni in java.library.path", "tensorflow_jni"),
        ("NotFoundError: ./zero_out.so: undefined symbol: _ZN10tensorflow12OpDefBuilder5InputE", "zero_out.so"),
    ],
)
def test_a_library_that_is_not_loaded(text: str, library: str, width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.library) == ("native-library", library)


@pytest.mark.parametrize("width", [0, 23])
@pytest.mark.parametrize(
    ("text", "library"),
    [
        (
            (
                'dlopen failed: "/data/lib/arm64/libtensorflow.so" program alignment (4096) cannot be smaller '
                "than system page size"
                " (16384)"
            ),
            "libtensorflow.so",
        ),
        (
            (
                "APK app-debug.apk is not compatible with 16 KB devices. Some libraries have LOAD segments not "
                "aligned at 16 KB "
                "boundaries:\nlib/arm64-v8a/libimage.so\nlib/arm64-v8a/libtensorflow.so\nStarting November 1st, "
                "2025, all new"
            ),
            "libtensorflow.so",
        ),
        ("Libraries that do not support 16 KB:\nbase/lib/x86_64/libtensorflow.so\n", "libtensorflow.so"),
        ("lib/arm64-v8a/libtensorflow.so: LOAD segments not aligned", "libtensorflow.so"),
        ("app_out/lib/arm64-v8a/libtensorflow.so: \x1b[31mUNALIGNED\x1b[0m (2**12)", "libtensorflow.so"),
        ("   12288 lib/x86_64/libtensorflow.so (BAD - 1234)", "libtensorflow.so"),
        ("The native library arm64-v8a/libtensorflow.so (from org.x:y:0.4.4) is not 16 KB aligned", "libtensorflow.so"),
    ],
)
def test_pages_of_16_kb(text: str, library: str, width: int) -> None:
    failure = one(SHAPES, text, width=width)
    assert (failure.kind, failure.library) == ("page-size", library)


def test_a_list_of_libraries_is_one_failure_and_names_all() -> None:
    text = (
        "Some libraries have LOAD segments not aligned at 16 KB "
        "boundaries:\nlib/arm64-v8a/liba.so\nlib/x86_64/libtflite.so"
    )
    failure = one(SHAPES, text)
    assert (failure.library, failure.libraries) == ("libtflite.so", ("liba.so", "libtflite.so"))


def test_a_line_a_library() -> None:
    text = (
        "lib/arm64-v8a/liba.so: LOAD segments not aligned\nnothing else\nlib/arm64-v8a/libb.so: LOAD "
        "segments not aligned"
    )
    assert [(each.library, each.lines) for each in read(SHAPES, text)] == [("liba.so", (1,)), ("libb.so", (3,))]
    text = (
        "This app isn't 16 KB compatible. ELF alignment check failed.\nThe following libraries are not 16 KB aligned:\n"
        "lib/arm64-v8a/liba.so : LOAD segment not aligned\nlib/arm64-v8a/libb.so : LOAD segment not aligned"
    )
    assert [each.library for each in read(SHAPES, text)] == ["liba.so", "libb.so"]


@pytest.mark.parametrize(
    "text",
    [
        'dlopen failed: library "libfoo.so" not found',
        'cannot locate symbol "foo" referenced by "/data/lib/libfoo.so"...',
        (
            "No implementation found for long org.tensorflow.contrib.android.RunStats.allocate() (tried "
            "Java_org_tensorflow)"
        ),
        "TensorFlow native methods not found, attempting to load via tensorflow_inference",
        "lib/armeabi-v7a/libtensorflow.so: UNALIGNED (2**12)",
        "lib/arm64-v8a/libtensorflow.so: ALIGNED (2**14)",
        "./foo.so: undefined symbol: bar",
    ],
)
def test_libraries_of_others_and_what_is_no_failure(text: str) -> None:
    assert read(SHAPES, text) == []
