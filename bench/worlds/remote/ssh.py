"""An SSH connection to a host, with everything that can go wrong in one line."""

import logging
import socket
from pathlib import Path
from typing import Final

import paramiko

from ....errors import UsageError
from ...hosts import Host, Remote

CONNECT: Final = 10.0
"""Seconds that each step of a connection may take."""

logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


def connect(host: Host, remote: Remote) -> paramiko.SSHClient:
    """A connection to a host whose key is known, unless the user wants anybody's. Raises UsageError."""
    client = paramiko.SSHClient()
    _trust(client, remote)
    try:
        end = socket.create_connection((host.name, host.port), CONNECT)
    except OSError as error:
        raise UsageError(f"{host}: cannot be reached: {error.strerror or error}") from None
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        client.connect(
            host.name,
            host.port,
            host.user,
            sock=end,
            key_filename=remote.identity,
            allow_agent=remote.identity is None,
            look_for_keys=remote.identity is None,
            timeout=CONNECT,
            banner_timeout=CONNECT,
            auth_timeout=CONNECT,
            channel_timeout=CONNECT,
        )
    except Exception as error:  # paramiko raises whatever keys, files and hosts make it raise
        client.close()
        end.close()
        raise UsageError(f"{host}: {_reason(error, remote)}") from None
    return client


def _trust(client: paramiko.SSHClient, remote: Remote) -> None:
    if not remote.check:
        client.set_missing_host_key_policy(_Anybody())
        return
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    try:
        if remote.known_hosts is None:
            client.load_system_host_keys()
        else:
            client.load_system_host_keys(str(Path(remote.known_hosts).expanduser()))
    except OSError as error:
        raise UsageError(f"--known-hosts {remote.known_hosts}: cannot be read: {error.strerror or error}") from None


class _Anybody(paramiko.MissingHostKeyPolicy):
    """Takes whatever key a host has."""

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        pass


def _reason(error: Exception, remote: Remote) -> str:
    known = remote.known_hosts or "~/.ssh/known_hosts"
    match error:
        case paramiko.BadHostKeyException():
            return f"its key is not the one in {known}: if it may have changed, correct that file"
        case paramiko.PasswordRequiredException():
            return "the private key has a passphrase: give it to ssh-agent"
        case paramiko.AuthenticationException():
            return "it refuses all keys: give another by --identity, or another user"
        case paramiko.SSHException() if "not found in known_hosts" in str(error):
            return f"its key is not in {known}: add it there (ssh-keyscan), or use --no-host-key-check"
        case FileNotFoundError():
            return f"--identity {remote.identity}: there is no such file"
        case TimeoutError() | EOFError():
            return f"it does not answer as SSH within {CONNECT:g} s"
        case _:
            return f"SSH fails: {str(error).strip() or type(error).__name__}"
