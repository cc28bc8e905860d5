"""The lock in the webui's own tabs."""
