"""A model that is small enough to be searched whole."""
