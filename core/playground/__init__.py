"""The playground: versions of a prompt tried side by side, and its test cases run and compared."""
