"""Asks the service in this container whether it is ready; the exit code says so. The image has no curl."""

import http.client
import os
import sys

SECONDS = 5

port = int(os.environ.get("BANGPATH_PORT") or 3000)
# Not urllib: it would ask the proxy that a container may be given for its way out.
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
try:
    connection.request("GET", "/health/ready")
    status = connection.getresponse().status
except (OSError, http.client.HTTPException) as error:
    sys.exit(f"no answer: {error!r}")
finally:
    connection.close()
if status != http.client.OK:
    sys.exit(f"not ready: {status}")
