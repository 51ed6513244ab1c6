"""``probe``: small orders that show how an exchange behaves, and the file that keeps it."""
