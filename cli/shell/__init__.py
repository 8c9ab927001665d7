"""Commands for who starts the others: defaults, completion, what a program asks."""
