"""The shapes of failures, a table a program that prints them."""
