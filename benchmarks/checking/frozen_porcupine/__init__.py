"""What porcupine-py's check was before there was a kernel (checkers/porcupine at f92816d), not changed since."""

from .check import check_operations
from .history import Operation
from .model import Model

__all__ = ["Model", "Operation", "check_operations"]
