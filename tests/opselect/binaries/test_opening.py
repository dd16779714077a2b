"""What is opened: files by their first bytes, and the right members of packages and folders."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.binaries.image import Machine
from opselect.binaries.opening import open_images
from opselect.binaries.recognizing import FileKind
from tests.opselect.binaries.ar_files import gnu_archive
from tests.opselect.binaries.elf_files import AARCH64, ARM, CODE, X86_64, Section, Symbol, elf_file


def library(name: str = "f", machine: int = X86_64) -> bytes:
    bits = 32 if machine == ARM else 64
    section = Section(".text", bytes(16), flags=CODE, address=0x1000)
    return elf_file([section], [Symbol(name, ".text", value=0x1000, size=16)], machine=machine, bits=bits)


def package(
    members: Mapping[str, bytes], folder: Path, name: str = "lib.aar", method: int = zipfile.ZIP_DEFLATED
) -> str:
    path = folder / name
    with zipfile.ZipFile(path, "w", method) as file:
        for member, content in members.items():
            file.writestr(zipfile.ZipInfo(member), content, method)
    return str(path)


_JNI = {
    "AndroidManifest.xml": b"<manifest/>",
    "classes.jar": b"PK\x03\x04",
    "jni/arm64-v8a/libtf.so": library(machine=AARCH64),
    "jni/armeabi-v7a/libtf.so": library(machine=ARM),
    "jni/x86_64/libtf.so": library(),
}


def test_a_library_is_one_image(tmp_path: Path) -> None:
    path = tmp_path / "libtf.so"
    path.write_bytes(library())
    (binary,) = open_images(str(path))
    assert (binary.kind, binary.machines, binary.member, binary.packed) == (FileKind.ELF, (Machine.X86_64,), "", None)
    image = binary.image()
    assert (image.name, image.symbols.name(0), image.machine) == (str(path), "f", Machine.X86_64)
    assert binary.size == len(image.content) == path.stat().st_size


def test_the_abi_picks_the_member_of_a_package(tmp_path: Path) -> None:
    path = package(_JNI, tmp_path)
    for abi, machine in {"arm64-v8a": Machine.AARCH64, "armeabi-v7a": Machine.ARM, "x86_64": Machine.X86_64}.items():
        (binary,) = open_images(path, abi)
        assert (binary.member, binary.image().machine) == (f"jni/{abi}/libtf.so", machine)
        assert binary.image().name == binary.name == f"{path}(jni/{abi}/libtf.so)"
    assert open_images(path, "aarch64")[0].member == "jni/arm64-v8a/libtf.so"
    (named,) = open_images(path, members=["jni/x86_64/libtf.so"])
    assert named.machines == (Machine.X86_64,)


def test_several_abis_and_none_asked_for(tmp_path: Path) -> None:
    path = package(_JNI, tmp_path)
    with pytest.raises(InputError) as error:
        open_images(path)
    assert str(error.value) == (
        f"{path}: has libraries for arm64-v8a, armeabi-v7a, x86_64\n  Say with --abi which you mean."
    )


@pytest.mark.parametrize(
    ("abi", "problem"),
    [
        ("x86", r"has no library for x86\n  It has libraries for arm64-v8a, armeabi-v7a, x86_64\."),
        ("arm64-v8", r"there is no ABI arm64-v8; did you mean arm64-v8a"),
        ("mips", r"there is no ABI mips\n  Known: .*arm64-v8a"),
    ],
)
def test_abis_that_are_not_there(abi: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=problem):
        open_images(package(_JNI, tmp_path), abi)


def test_a_file_for_another_processor(tmp_path: Path) -> None:
    path = tmp_path / "libtf.so"
    path.write_bytes(library())
    with pytest.raises(InputError, match="is for x86_64, and not for arm64-v8a"):
        open_images(str(path), "arm64-v8a")
    assert len(open_images(str(path), "x86_64")) == 1


def test_all_libraries_of_one_abi_come_by_name(tmp_path: Path) -> None:
    """As those of a wheel: names with a version count, what has the name of a source file does not."""
    members = {
        "tensorflow/libtensorflow_framework.so.2": library(), "tensorflow/libtensorflow_cc.so.2": library(),
        "tensorflow/python/_wrap.so": library(), "tensorflow/include/a.h": library(), "tensorflow/README": b"text",
        "tensorflow/empty.so": b"", "tensorflow/lib.a": gnu_archive({"a.o": library()}),
    }  # fmt: skip
    path = package(members, tmp_path, "tf.whl")
    assert [binary.member for binary in open_images(path)] == [
        "tensorflow/lib.a",
        "tensorflow/libtensorflow_cc.so.2",
        "tensorflow/libtensorflow_framework.so.2",
        "tensorflow/python/_wrap.so",
    ]
    (binary,) = open_images(path, members=["libtensorflow_cc.so.2"])
    assert binary.member == "tensorflow/libtensorflow_cc.so.2"
    with pytest.raises(InputError, match="there is no such library inside; did you mean tensorflow/libtensorflow_cc"):
        open_images(path, members=["tensorflow/libtensorflow_c.so.2"])


def test_how_a_member_stands_in_its_package(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = package(_JNI, tmp_path, method=method)
        (binary,) = open_images(path, "x86_64")
        packed, data = binary.packed, Path(path).read_bytes()
        assert packed is not None
        stored = method == zipfile.ZIP_STORED
        assert (packed.stored, packed.compressed_size < binary.size) == (stored, not stored)
        if stored:
            assert data[packed.offset : packed.offset + binary.size] == _JNI["jni/x86_64/libtf.so"]
        assert binary.content().tobytes() == _JNI["jni/x86_64/libtf.so"]


def test_folders_are_packages(tmp_path: Path) -> None:
    for name, content in _JNI.items():
        place = tmp_path / "unpacked" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (binary,) = open_images(str(tmp_path / "unpacked"), "x86_64")
    assert (binary.member, binary.packed, binary.size) == ("jni/x86_64/libtf.so", None, len(library()))
    assert binary.image().machine is Machine.X86_64
    with pytest.raises(InputError, match="Say with --abi"):
        open_images(str(tmp_path / "unpacked"))


def macho(cpu: int) -> bytes:
    """The header of a Mach-O file: enough to tell what it is."""
    return bytes.fromhex("cffaedfe") + cpu.to_bytes(4, "little") + bytes(24)


def test_an_xcframework_has_builds(tmp_path: Path) -> None:
    arm64, x86_64 = macho(0x0100000C), macho(0x01000007)
    members = {
        "TF.xcframework/Info.plist": b"<plist/>",
        "TF.xcframework/ios-arm64/TF.framework/TF": arm64,
        "TF.xcframework/ios-arm64/TF.framework/Headers/TF.h": b"",
        "TF.xcframework/ios-arm64/dSYMs/TF.framework.dSYM/Contents/Resources/DWARF/TF": arm64,
        "TF.xcframework/ios-arm64-simulator/TF.framework/TF": arm64,
        "TF.xcframework/macos-x86_64/TF.framework/TF": x86_64,
    }
    path = package(members, tmp_path, "TF.zip")
    every = "has builds for ios-arm64, ios-arm64-simulator, macos-x86_64\n  Say with --abi which you mean"
    with pytest.raises(InputError, match=every):
        open_images(path)
    with pytest.raises(InputError, match="has builds for ios-arm64, ios-arm64-simulator\n"):
        open_images(path, "arm64")
    assert [binary.member for binary in open_images(path, "ios-arm64")] == ["TF.xcframework/ios-arm64/TF.framework/TF"]
    assert [binary.machines for binary in open_images(path, "x86_64")] == [(Machine.X86_64,)]


def test_packages_inside_packages(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unpack it and pass one of them \(splits/base\.apk\)"):
        open_images(package({"splits/base.apk": zip_of(_JNI)}, tmp_path, "app.apks"))


def test_links_in_folders_are_not_followed(tmp_path: Path) -> None:
    """What is linked would count twice, as in a framework's Versions/Current, or lie outside."""
    real = tmp_path / "TF.framework" / "Versions" / "A" / "TF"
    real.parent.mkdir(parents=True)
    real.write_bytes(library())
    (tmp_path / "TF.framework" / "TF").symlink_to(real)
    (tmp_path / "TF.framework" / "Versions" / "Current").symlink_to("A")
    assert [each.member for each in open_images(str(tmp_path / "TF.framework"))] == ["Versions/A/TF"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"MZ" + bytes(70), r"is a program or library for Windows \(PE\), and no binary"),
        (b"\0asm\1\0\0\0", "is WebAssembly"),
        (b"text of a file\n", "is a text file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        (b"", "the file is empty"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", "is a class of Java"),
        (b"BC\xc0\xde" + bytes(60), "is LLVM bitcode"),
        (b"\x1f\x8b\x08" + bytes(60), "is compressed by gzip"),
        (bytes(range(256)), "is of a kind that is not known here"),
        (b"\x7fELF", "is no ELF file that can be read"),
        (b"PK\x03\x04" + bytes(60), "is a damaged archive"),
    ],
)
def test_files_that_are_no_binaries(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        open_images(str(path))[0].image()


@pytest.mark.parametrize("path", ["/nowhere/lib.so", "a\0b", "/dev/null", ""])
def test_paths_that_are_no_files(path: str) -> None:
    with pytest.raises(InputError):
        open_images(path)


def test_a_package_without_libraries(tmp_path: Path) -> None:
    """A member without a name is none."""
    assert len(open_images(package({"": b"text", "lib.so": library()}, tmp_path))) == 1
    with pytest.raises(InputError, match="holds no library, object or program"):
        open_images(package({"a.txt": b"text"}, tmp_path))


def test_a_member_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opselect.binaries.files.MAX_IN_MEMORY", 1 << 20)
    content = library() + bytes(4 << 20)
    path = package({"lib.so": content}, tmp_path)
    with pytest.raises(InputError, match=r"lib\.so\): unpacks to .* bytes, which is more than 200 times"):
        open_images(path)[0].image()


def test_a_member_that_is_longer_than_it_says(tmp_path: Path) -> None:
    content = bytearray(zip_of({"lib.so": library() + b"end"}))
    directory = content.rindex(b"PK\x01\x02")
    size = int.from_bytes(content[directory + 24 : directory + 28], "little")
    content[directory + 24 : directory + 28] = (size - 2).to_bytes(4, "little")
    path = tmp_path / "lib.aar"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"is a damaged archive|it says it has"):
        open_images(str(path))[0].image()


def test_a_member_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "lib.aar"
    content = bytearray(zip_of({"lib.so": library(), "x": b"text"}))
    at = content.rindex(b"PK\x01\x02")
    # Its only letter counts as what else is said of it.
    content[at + 28 : at + 32] = b"\0\0\x01\0"
    path.write_bytes(content)
    assert [binary.member for binary in open_images(str(path))] == ["lib.so"]


def zip_of(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()
