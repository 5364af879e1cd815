"""A workflow that leaves a note per node, and what is to be found of it: nothing repeated, nothing skipped."""

from collections import Counter

from tests.process.served import rows

NODES = 60


def noting(key, count=NODES, **changed):
    """A workflow whose nodes each leave one note."""
    node = "{{$context.data.id}}: "
    return {
        "key": key,
        "title": "Take notes",
        "type": "action",
        "enabled": True,
        "config": {"collection": "posts"},
        "nodes": [
            {"key": f"n{i}", "type": "create", "config": {"collection": "notes", "values": {"text": f"{node}{i}"}}}
            for i in range(count)
        ],
        **changed,
    }


def ended(home, count=1):
    """The statuses of all executions once they are terminal."""
    found = rows(home, "SELECT status FROM executions")
    return found if len(found) == count and not {"queued", "running"} & set(found) else None


def notes(home):
    return Counter(rows(home, "SELECT text FROM notes"))


def began(home):
    """How many nodes are recorded, as soon as there are some."""
    return rows(home, "SELECT count(*) FROM jobs")[0]


def expected(post):
    return Counter(f"{post}: {i}" for i in range(NODES))
