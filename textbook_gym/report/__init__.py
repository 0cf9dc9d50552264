"""What a study looks like: tables in the terminal, figures, one page of HTML."""
