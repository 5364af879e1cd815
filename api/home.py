"""The directory where an installation keeps what is its own: the database, and the secret of its tokens."""

import os
import secrets
import tempfile
from pathlib import Path

from engine.errors import StartError
from engine.identity.tokens import MIN_SECRET_BYTES

DATABASE = "bangpath.db"
SECRET = "secret"


def make_writable(directory: Path, setting: str = "BANGPATH_HOME") -> None:
    """Make a directory that is missing, for its owner alone; raises `StartError` where no file can be written.

    `setting` is the variable that names another one. A file is tried: permissions say little to root, and nothing of
    a read-only file system.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return
    except OSError as error:
        raise StartError(
            f"The directory {directory} cannot be written ({error.strerror}): set {setting} to one that can."
        ) from error


def kept_secret(home: Path) -> str:
    """The secret in the home directory, made on the first start."""
    place = home / SECRET
    try:
        if not place.exists():
            make_writable(home)
            _make_secret(place)
        secret = place.read_text().strip()
    except OSError as error:
        raise StartError(f"The secret {place} cannot be read ({error.strerror}): correct its permissions.") from error
    except UnicodeDecodeError:
        secret = ""
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise StartError(f"The secret {place} is damaged: restore it, or remove it to have one made; tokens end then.")
    return secret


def _make_secret(place: Path) -> None:
    """Write it beside its place and link it there: nobody finds half of one, and two who start at once share one."""
    with tempfile.NamedTemporaryFile("w", dir=place.parent) as draft:  # mode 600 by itself
        draft.write(secrets.token_urlsafe(48))
        draft.flush()
        os.fsync(draft.fileno())
        try:
            os.link(draft.name, place)
        except FileExistsError:
            return
