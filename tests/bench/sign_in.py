"""Whether the time of a refused sign-in tells an unknown account from a wrong password (A16).

Both are asked in turn, each time from another address, so that whatever else the machine does falls upon both alike.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from api.app import open_service
from api.settings import Settings

SAMPLES = 2000
MOST = 0.05
SECRET = "a secret that is long enough for everybody"


async def main(samples: int) -> int:
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), secret=SECRET, root_password="correct horse", address_rate=0)
        async with open_service(settings) as service:
            times: dict[str, list[float]] = {"root": [], "nobody": []}
            bodies = set()
            for number in range(samples // 2):
                # Neither is always the first.
                for name in sorted(times, reverse=bool(number % 2)):
                    address = f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
                    transport = httpx.ASGITransport(service.asgi, client=(address, 1))
                    async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
                        began = time.perf_counter()
                        answer = await client.post(
                            "/api/auth:signIn", json={"account": name, "password": "a wrong one"}
                        )
                        times[name].append(time.perf_counter() - began)
                    bodies.add((answer.status_code, answer.content))
    wrong, unknown = (statistics.median(times[name]) for name in ("root", "nobody"))
    differs = abs(wrong - unknown) / max(wrong, unknown)
    print(f"{samples} sign-ins refused, {len(bodies)} different answer(s)")
    print(f"median: wrong password {wrong * 1000:.2f} ms, unknown account {unknown * 1000:.2f} ms")
    print(f"they differ by {differs:.2%}, {MOST:.0%} are allowed")
    return int(differs >= MOST or len(bodies) != 1)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)))
