"""Test the claims of the paper on stored studies."""
