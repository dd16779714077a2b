"""A Flex delegate of TensorFlow Lite that Bazel builds of just the selected files, on every platform."""

from opselect.build_lists.flex.options import FlexOptions
from opselect.build_lists.flex.rule import check_flex_release, flex_names, flex_rule, flex_warnings

__all__ = ["FlexOptions", "check_flex_release", "flex_names", "flex_rule", "flex_warnings"]
