"""The classics: small tasks of published papers, as books of one chapter with parameters."""
