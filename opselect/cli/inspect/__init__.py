"""``opselect inspect``: what a model holds."""
