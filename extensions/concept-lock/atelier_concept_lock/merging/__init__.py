"""Two files made one."""
