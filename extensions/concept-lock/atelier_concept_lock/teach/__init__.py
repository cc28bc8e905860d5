"""Teaching a concept from a few pictures: what is pure of it."""
