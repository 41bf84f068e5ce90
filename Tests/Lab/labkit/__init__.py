"""A real systemd to test Nightshift against: a container over the machine's own root, and what tests do in it."""
