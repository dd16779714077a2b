"""Indexes of libraries: what binaries register, and from the index of a near release all that they do not say."""
