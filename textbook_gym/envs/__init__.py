"""Faces of the engine to Gymnasium: single, vector, library and classics."""
