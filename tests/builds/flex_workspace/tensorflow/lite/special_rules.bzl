"""What phones link of others."""

def flex_portable_tensorflow_deps():
    return []
