"""What is said and drawn of each book, one file a book; the book names its own in `WORDS`."""
