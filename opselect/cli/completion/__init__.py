"""Completion of command lines in bash, zsh and fish: the scripts for the shells, and the answers to them."""
