"""``opselect audit``: what binaries register, and what each op costs."""
