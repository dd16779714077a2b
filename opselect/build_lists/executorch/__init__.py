"""What selective builds of ExecuTorch are told, as the tools in ``codegen/tools`` of its sources write it."""
