"""A book becomes loops over lanes: courses of many learners side by side; knows no student and no Gymnasium."""
