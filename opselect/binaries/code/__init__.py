"""What the instructions of a function do, as far as it is needed to know which calls it makes with which arguments."""
