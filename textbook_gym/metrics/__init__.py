"""From marks to figures: the table, scores of runs, metrics and their intervals."""
