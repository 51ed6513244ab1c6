"""Two processes of one account, and journals that go back in time."""
