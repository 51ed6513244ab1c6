"""What a person may set: typed settings, their limits, the defaults' file and its loading.

Owns the settings' structs, ``default.toml`` and every message about a mistake in a config. Knows no
actor and no exchange; nobody but ``loading`` reads a config file.
"""
