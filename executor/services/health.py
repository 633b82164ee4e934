"""Whether what the executor stands on is there."""

import secrets

from executor import conf, gateway


def is_storage_writable() -> bool:
    """Say whether media can be written; on a folder by writing, on S3 by trust in its own alarms."""
    probe = gateway.local_path(f"health/{secrets.token_hex(4)}")
    if probe is None:
        return True
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
        return conf.temporary_dir().is_dir()
    except OSError:
        return False
