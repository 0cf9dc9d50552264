"""The books, one module each."""
