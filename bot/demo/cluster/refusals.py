"""What the API server says when it says no: `Status` objects with the reason and code of the real one."""

from typing import Any

GENERIC_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class Refusal(Exception):
    """An answer that is not what was asked for; becomes a `Status` object."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> dict[str, Any]:
        """Return the `Status` object of the answer's body."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details:
            body["details"] = self.details
        return body | {"code": self.code}


def no_such_page() -> Refusal:
    """Say that no kind lives at a path."""
    return Refusal(404, "NotFound", "the server could not find the requested resource", {})


def not_found(resource: str, name: str) -> Refusal:
    """Say that there is no object of that name."""
    return Refusal(404, "NotFound", f'{resource} "{name}" not found', _about(resource, name))


def already_exists(resource: str, name: str) -> Refusal:
    """Say that what is to be created is there: a conflict's code, another reason."""
    return Refusal(409, "AlreadyExists", f'{resource} "{name}" already exists', _about(resource, name))


def conflict(resource: str, name: str, why: str = "") -> Refusal:
    """Say that an object has changed since it was read, or that a precondition does not hold."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    return Refusal(
        409, "Conflict", f'Operation cannot be fulfilled on {resource} "{name}": {why}', _about(resource, name)
    )


def invalid(kind: str, name: str, problem: str) -> Refusal:
    """Say that the schema or a rule does not admit an object."""
    return Refusal(422, "Invalid", f'{kind} "{name}" is invalid: {problem}', {"name": name, "kind": kind})


def bad_request(message: str) -> Refusal:
    """Say that a request makes no sense."""
    return Refusal(400, "BadRequest", message)


def expired(message: str) -> Refusal:
    """Say that a version or a continue token is no longer kept."""
    return Refusal(410, "Expired", message)


def unauthorized() -> Refusal:
    """Say that there was no token, or one nobody knows."""
    return Refusal(401, "Unauthorized", "Unauthorized")


def success(kind: str, name: str, uid: str) -> dict[str, Any]:
    """Return the `Status` object a delete answers with."""
    details = {"name": name, "kind": kind, "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _about(resource: str, name: str) -> dict[str, Any]:
    plural, _, group = resource.partition(".")
    return {"name": name, "kind": plural} | ({"group": group} if group else {})
