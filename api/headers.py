"""The headers that every answer has, whatever it is and whoever made it."""

from dataclasses import dataclass

from starlette.datastructures import MutableHeaders

# Pages bring policies of their own; what is no page loads nothing, runs nothing, and stands in nobody's frame.
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
DEPENDS_ON = ("Authorization", "X-Role", "X-Timezone", "Accept", "Origin")
# As they are sent: every answer has them, and making them anew costs more than the rest of the dressing.
_ALWAYS = [(b"referrer-policy", b"no-referrer"), (b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY")]
_UNLESS_SAID = [(b"content-security-policy", NOTHING.encode()), (b"cross-origin-resource-policy", b"same-origin")]
# A shared cache knows that answers to `Authorization` are private, not that answers to `?token=` are.
_PRIVATE = [*_UNLESS_SAID, (b"cache-control", b"no-store"), (b"vary", ", ".join(DEPENDS_ON).encode())]


@dataclass(frozen=True, slots=True)
class Dress:
    """What answers put on. `hsts` is for how many seconds browsers shall ask by HTTPS alone; 0 leaves it unsaid."""

    hsts: int = 0

    def put_on(self, headers: MutableHeaders, status: int, request_id: str, *, private: bool, secure: bool) -> None:
        """`private` are the answers of the doors; `secure` is a connection that is encrypted up to the caller.

        No answer has any of `_ALWAYS` of its own.
        """
        raw = headers.raw
        said = {name for name, _ in raw}
        if private and b"vary" in said:
            headers["Vary"] = ", ".join([*headers.getlist("Vary"), *DEPENDS_ON])
        raw += [*_ALWAYS, (b"x-request-id", request_id.encode())]
        raw += [each for each in (_PRIVATE if private else _UNLESS_SAID) if each[0] not in said]
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if secure and self.hsts:
            headers["Strict-Transport-Security"] = f"max-age={self.hsts}"
