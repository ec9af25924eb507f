"""Who is asking, and what they may do: bearer tokens, rules, and the reviews that tell about both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.demo.cluster.kinds import Kind
from bot.demo.cluster.refusals import Refusal, unauthorized

Object = dict[str, Any]

SERVICE_ACCOUNT = "system:serviceaccount:monitoring:opsbot"
"""Who the cluster's own token belongs to."""
ACCOUNT_UID = "5b1c6f0e-0000-4000-8000-000000000001"
"""Of every account: the object behind it, which tokens name too."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done to what, in the words of RBAC; '' stands for all."""

    verb: str
    group: str
    resource: str
    """With its subresource: `pods/exec`."""
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """What is about to be written, as admission policies see it."""

    user: str
    operation: str
    """`CREATE`, `UPDATE`, `DELETE` or `CONNECT`."""
    group: str
    resource: str
    """With its subresource: `pods/exec`."""
    new: Object | None
    old: Object | None
    dry: bool = False
    """Whether nothing is to be kept."""


Roles: TypeAlias = Callable[[str, Wish], bool]
"""Whether the roles grant a user something."""
Policies: TypeAlias = Callable[[Write], str]
"""What the admission policies say against a write; nothing: it is let through."""


class Access:
    """Everything is allowed but what a rule denies; every token is known when none was set."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        self.accounts: dict[str, str] = {}
        """Further tokens, and the user names behind them."""
        self.roles: Roles = lambda _user, _wish: True
        self.policies: Policies = lambda _write: ""
        self._denied: list[Wish] = []

    def deny(self, verb: str, resource: str, *, group: str = "", namespace: str = "", name: str = "") -> None:
        """Deny from now on; `*` as verb or resource means every one, an empty namespace or name too."""
        self._denied.append(Wish(verb, group, resource, namespace, name))

    def clear(self) -> None:
        """Allow everything again."""
        self._denied.clear()

    def user(self, authorization: str) -> str:
        """Return the user behind an Authorization header; raise Refusal 401."""
        token = authorization.removeprefix("Bearer ")
        if self.token is None or token == self.token:
            return SERVICE_ACCOUNT
        if token not in self.accounts:
            raise unauthorized()
        return self.accounts[token]

    def allows(self, user: str, wish: Wish) -> bool:
        """Say whether it is granted and no rule stands against it."""
        return self.roles(user, wish) and not any(_covers(rule, wish) for rule in self._denied)

    def check(self, user: str, wish: Wish) -> None:
        """Raise Refusal 403 in the real server's words when a rule stands against it."""
        if self.allows(user, wish):
            return
        what = f'resource "{wish.resource}" in API group "{wish.group}"'
        where = f'in the namespace "{wish.namespace}"' if wish.namespace else "at the cluster scope"
        full = f"{wish.resource.partition('/')[0]}.{wish.group}" if wish.group else wish.resource.partition("/")[0]
        subject = f'{full} "{wish.name}"' if wish.name else full
        message = f'{subject} is forbidden: User "{user}" cannot {wish.verb} {what} {where}'
        details = {"kind": wish.resource.partition("/")[0]}
        details |= {key: value for key, value in (("name", wish.name), ("group", wish.group)) if value}
        raise Refusal(403, "Forbidden", message, details)

    def admit(self, write: Write) -> None:
        """Raise Refusal 422 when a policy stands against it."""
        if why := self.policies(write):
            name = ((write.new or write.old or {}).get("metadata") or {}).get("name", "")
            what = f'{write.resource}.{write.group} "{name}"'
            raise Refusal(422, "Invalid", f"{what} is forbidden: ValidatingAdmissionPolicy denied request: {why}")

    def review_access(self, user: str, review: Object) -> Object:
        """Answer a SelfSubjectAccessReview."""
        asked = review.get("spec", {}).get("resourceAttributes", {})
        resource = "/".join(part for part in (asked.get("resource", ""), asked.get("subresource", "")) if part)
        where = (asked.get("namespace", ""), asked.get("name", ""))
        wish = Wish(asked.get("verb", ""), asked.get("group", ""), resource, *where)
        status: Object = {"allowed": self.allows(user, wish)}
        if not status["allowed"]:
            status["reason"] = "denied by a rule of the simulated cluster"
        return {**review, "metadata": {}, "status": status}

    def review_token(self, _: str, review: Object) -> Object:
        """Answer a TokenReview, for every audience asked for: OpenBao's kubernetes auth method asks at each login."""
        spec = review.get("spec", {})
        try:
            user = self.user(f"Bearer {spec.get('token', '')}")
        except Refusal:
            status: Object = {"authenticated": False, "error": "token lookup failed"}
        else:
            who = {"username": user, "uid": ACCOUNT_UID, "groups": ["system:serviceaccounts"]}
            status = {"authenticated": True, "user": who, "audiences": spec.get("audiences", [])}
        return {**review, "metadata": {}, "status": status}


def wish_of(method: str, kind: Kind, namespace: str, name: str, sub: str, *, watching: bool) -> Wish:
    """Return what an HTTP request wants, in the words of RBAC."""
    if method == "GET" and sub == "exec":
        verb = "create"  # from Kubernetes 1.35 on, also for the websocket's GET (KEP-4006)
    elif method == "GET":
        verb = "get" if name else ("watch" if watching else "list")
    else:
        verb = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(method, method.lower())
    return Wish(verb, kind.group, f"{kind.plural}/{sub}" if sub else kind.plural, namespace, name)


def _covers(rule: Wish, wish: Wish) -> bool:
    if rule.verb not in ("*", wish.verb) or rule.resource not in ("*", wish.resource):
        return False
    if rule.group not in ("", wish.group):
        return False
    # Who may not in one namespace, or not with one name, may not in all of them or whatever its name either.
    pairs = ((rule.namespace, wish.namespace), (rule.name, wish.name))
    return all("" in (ruled, asked) or ruled == asked for ruled, asked in pairs)
