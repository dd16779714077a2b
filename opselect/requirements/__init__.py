"""What models need: of one or of thousands, kept and merged, and what the runtime adds."""
