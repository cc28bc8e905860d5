"""The floor every unit of Atelier stands on."""

__version__ = "0.1.0"
