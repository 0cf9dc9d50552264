"""Tables that are worked out once, of books whose world needs many: one file a book."""
