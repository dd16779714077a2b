"""``opselect.yaml``: what it may say, read with the place of everything, and written."""

from opselect.config_file.config import (
    FILE_NAME,
    Config,
    ConfigError,
    ConfiguredModel,
    ConfiguredTarget,
    parse_config,
    read_config,
)
from opselect.config_file.values import Spot

__all__ = [
    "FILE_NAME",
    "Config",
    "ConfigError",
    "ConfiguredModel",
    "ConfiguredTarget",
    "Spot",
    "parse_config",
    "read_config",
]
