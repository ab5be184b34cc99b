"""Who may do what: the two authorizers, and the rule that nobody grants what he may not do himself, which holds under both."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers

from .auth import AUTHENTICATED, UNAUTHENTICATED, User
from .config import ALWAYS_ALLOW, Config
from .errors import Page, Refused, not_found
from .store import Store

Json = dict[str, Any]
MASTERS = "system:masters"
GROUP = "rbac.authorization.k8s.io"
ITEM_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
LIST_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
OPEN = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/version"]
# Of those that a server makes for itself, where it is to look at them: under AlwaysAllow there are none.
BOOTSTRAP: tuple[tuple[str, list[Json], tuple[str, ...]], ...] = (
    (
        "cluster-admin",
        [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, {"nonResourceURLs": ["*"], "verbs": ["*"]}],
        (MASTERS,),
    ),
    ("system:discovery", [{"nonResourceURLs": OPEN, "verbs": ["get"]}], (AUTHENTICATED, UNAUTHENTICATED)),
    (
        "system:basic-user",
        [{"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]}],
        (AUTHENTICATED, UNAUTHENTICATED),
    ),
)


@dataclass(frozen=True)
class Wish:
    """What somebody wants to do: to objects, or to a path that is none."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    def refused(self, user: User, release: tuple[int, int]) -> Refused:
        """As kube-apiserver 1.7.5, 1.8.0 and 1.10.0 say it."""
        if self.path:
            return Refused(403, f'forbidden: User "{user.name}" cannot {self.verb} path "{self.path}"')
        what = f"{self.resource}.{self.group}" if self.group else self.resource
        which = f'{what} "{self.name}"' if self.name else what
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        if release < (1, 8):
            return Page(403, f'User "{user.name}" cannot {self.verb} {what} {where}.', "text/plain")
        return Refused(
            403,
            f'{which} is forbidden: User "{user.name}" cannot {self.verb} {what} {where}',
            name=self.name,
            group=self.group,
            kind=self.resource,
        )


def wish_of(method: str, path: str) -> Wish:
    """What a request wants."""
    parts = [part for part in path.split("/") if part]
    if len(parts) < 3 or parts[0] not in ("api", "apis") or (parts[0] == "apis" and len(parts) < 4):
        return Wish("get" if method in ("GET", "HEAD") else method.lower(), path=path)
    group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    resource = "/".join([rest[0], *rest[2:3]])
    verbs = ITEM_VERBS if name else LIST_VERBS
    return Wish(verbs.get(method, method.lower()), group, resource, namespace, name)


class Rights:
    """Of one API server."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store

    def allowed(self, user: User, wish: Wish) -> bool:
        """What the authorizer says."""
        if self._config.authorization == ALWAYS_ALLOW:
            return True
        return any(allows(rule, wish) for rule in bound(self._store, user, wish.namespace))

    def check(self, user: User, wish: Wish) -> None:
        """Raises Refused."""
        if not self.allowed(user, wish):
            raise wish.refused(user, self._config.release)

    def impersonated(self, user: User, headers: Headers) -> User:
        """Whom somebody acts as, if he may. Raises Refused."""
        name, groups = headers.get("impersonate-user"), headers.getlist("impersonate-group")
        if not name:
            return user
        for resource, one in (("users", name), *(("groups", group) for group in groups)):
            self.check(user, Wish("impersonate", "", resource, name=one))
        return User(name, (*groups, AUTHENTICATED))

    def check_grant(self, user: User, kind: str, plural: str, item: Json) -> None:
        """Whether somebody may do all that a role, or the role of a binding, grants. A server looks at this before it looks at names. Raises Refused."""
        if MASTERS in user.groups:
            return
        granted = item.get("rules") or []
        if kind.endswith("Binding"):
            reference = item["roleRef"]
            if self.allowed(user, Wish("bind", GROUP, f"{reference['kind'].lower()}s", name=reference["name"])):
                return
            role = role_of(self._store, item)
            if not role:
                raise not_found(f"{reference['kind'].lower()}s", GROUP, reference["name"])
            granted = role.get("rules") or []
        own = bound(self._store, user, item["metadata"].get("namespace", ""))
        lacking = [rule for rule in _single(granted) if not any(_covers(one, rule) for one in own)]
        if lacking:
            name = item["metadata"].get("name", "")
            what = f"{plural}.{GROUP} " + (f'"{name}" ' if name else "")
            who = f"user=&{{{user.name}  [{' '.join(user.groups)}] map[]}} ownerrules=[{' '.join(map(_as_go, own))}] ruleResolutionErrors=[]"
            message = f"{what}is forbidden: attempt to grant extra privileges: [{' '.join(map(_as_go, lacking))}] {who}"
            raise Refused(403, message, name=name, group=GROUP, kind=plural)


def bound(store: Store, user: User, namespace: str = "") -> list[Json]:
    """The rules of all roles that are bound to somebody."""
    bindings = [*store.all("ClusterRoleBinding"), *(store.all("RoleBinding", namespace) if namespace else ())]
    mine = [binding for binding in bindings if any(_is(subject, user) for subject in binding.get("subjects") or [])]
    return [rule for binding in mine for rule in role_of(store, binding).get("rules") or []]


def role_of(store: Store, binding: Json) -> Json:
    """The role that a binding names; empty if there is none."""
    reference = binding["roleRef"]
    place = binding["metadata"].get("namespace") if reference["kind"] == "Role" else None
    return store.find(reference["kind"], place, reference["name"]) or {}


def _is(subject: Json, user: User) -> bool:
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    name = (
        subject["name"]
        if subject["kind"] == "User"
        else f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}"
    )
    return bool(name == user.name)


def _has(values: list[str] | None, value: str) -> bool:
    return value in (values or []) or "*" in (values or [])


def allows(rule: Json, wish: Wish) -> bool:
    """Whether one rule of a role is enough."""
    if not _has(rule.get("verbs"), wish.verb):
        return False
    if wish.path:
        return any(
            wish.path == one or (one.endswith("*") and wish.path.startswith(one[:-1]))
            for one in rule.get("nonResourceURLs") or []
        )
    names = rule.get("resourceNames") or []
    return (
        _has(rule.get("apiGroups"), wish.group)
        and _has(rule.get("resources"), wish.resource)
        and (not names or wish.name in names)
    )


def _single(rules: list[Json]) -> Iterator[Json]:
    """Rules of one verb of one thing each."""
    for rule in rules:
        for group, resource, verb in itertools.product(
            rule.get("apiGroups") or [], rule.get("resources") or [], rule.get("verbs") or []
        ):
            for name in rule.get("resourceNames") or [None]:
                yield {
                    "apiGroups": [group],
                    "resources": [resource],
                    "verbs": [verb],
                    **({"resourceNames": [name]} if name else {}),
                }
        for url, verb in itertools.product(rule.get("nonResourceURLs") or [], rule.get("verbs") or []):
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(own: Json, rule: Json) -> bool:
    [verb] = rule["verbs"]
    if "nonResourceURLs" in rule:
        return allows(own, Wish(verb, path=rule["nonResourceURLs"][0]))
    return allows(
        own, Wish(verb, rule["apiGroups"][0], rule["resources"][0], name=(rule.get("resourceNames") or [""])[0])
    )


def _as_go(rule: Json) -> str:
    """A rule as a server prints it."""
    names = {
        "apiGroups": "APIGroups",
        "resources": "Resources",
        "resourceNames": "ResourceNames",
        "nonResourceURLs": "NonResourceURLs",
        "verbs": "Verbs",
    }
    fields = []
    for key, name in names.items():
        if rule.get(key):
            values = " ".join(f'"{value}"' for value in rule[key])
            fields.append(f"{name}:[{values}]")
    return f"PolicyRule{{{', '.join(fields)}}}"


def bootstrap() -> Iterator[Json]:
    """The roles and bindings that a server makes for itself."""
    for name, rules, groups in BOOTSTRAP:
        yield {"apiVersion": f"{GROUP}/v1beta1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}
        subjects = [{"kind": "Group", "apiGroup": GROUP, "name": group} for group in groups]
        reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
        yield {
            "apiVersion": f"{GROUP}/v1beta1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": reference,
            "subjects": subjects,
        }
