"""Asks the service in this container whether it is ready; the exit code says so. The image has no curl."""

import os
import sys
import urllib.request

SECONDS = 5

try:
    port = os.environ.get("BANGPATH_PORT") or "3000"
    urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=SECONDS).close()
except OSError as error:
    sys.exit(f"not ready: {error}")
