"""The local world: servers as processes of this machine, real time, messages over TCP."""
