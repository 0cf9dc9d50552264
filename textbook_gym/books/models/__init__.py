"""Model students that are long, one file a book; the book names its own in `MODEL`."""
