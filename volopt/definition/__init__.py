"""The study file: its schema, the expressions in it, and whether a changed one may go on."""
