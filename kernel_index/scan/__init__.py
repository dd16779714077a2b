"""From a source tree to records: which files to scan, the scan itself, and what its calls say."""

from kernel_index.scan.cache import ScanCache, default_cache
from kernel_index.scan.unchanged import scan_tree

__all__ = ["ScanCache", "default_cache", "scan_tree"]
