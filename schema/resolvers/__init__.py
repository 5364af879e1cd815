"""The shared layer: what both doors ask, REST's routes and Strawberry's fields alike."""

from schema.resolvers.records import resolve

__all__ = ["resolve"]
