"""The smallest system there is: clients send numbers to servers, which send them back."""

from .system import system

__all__ = ["system"]
