"""How large the selected sources become once compiled, told before anything is built."""
