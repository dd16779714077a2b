"""The macros of TensorFlow's tensorflow.bzl that Flex libraries use."""

def if_mobile(a):
    return select({
        "//tensorflow:mobile": a,
        "//conditions:default": [],
    })

def if_not_mobile(a):
    return select({
        "//tensorflow:mobile": [],
        "//conditions:default": a,
    })

def if_android(a):
    return select({
        "//tensorflow:android": a,
        "//conditions:default": [],
    })

def if_ios(a):
    return select({
        "//tensorflow:ios": a,
        "//conditions:default": [],
    })

def tf_copts(android_optimization_level_override = "-O2"):
    return if_android([android_optimization_level_override] if android_optimization_level_override else [])

def tf_defines_nortti_if_lite_protos():
    return []

def tf_features_nomodules_if_mobile():
    return if_mobile(["-use_header_modules"])

def tf_opts_nortti_if_lite_protos():
    return []

def tf_portable_full_lite_protos(full, lite):
    return select({
        "//tensorflow:mobile": lite,
        "//conditions:default": full,
    })
