"""Regions drafted by the model itself: where it looks for each prompt's words while it draws them all."""
