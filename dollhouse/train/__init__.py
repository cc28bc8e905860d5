"""How the small model family was made: `python -m dollhouse.train`."""
