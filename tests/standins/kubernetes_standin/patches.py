"""The three kinds of patches: JSON patch (RFC 6902), merge patch (RFC 7386), and Kubernetes' strategic merge patch, which knows lists by keys."""

from __future__ import annotations

import copy
from typing import Any

from .errors import Refused
from .schemas import Json, Schemas

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def apply(kind: str, target: Json, patch: Any, schemas: Schemas) -> Json:
    """The patched object; the target stays as it is. Raises Refused."""
    target = copy.deepcopy(target)
    if kind == JSON_PATCH:
        return _json_patch(target, patch)
    if not isinstance(patch, dict):
        raise Refused(400, "the patch is not an object")
    if kind == MERGE_PATCH:
        return dict(_merge(target, patch))
    if kind == STRATEGIC:
        return _strategic(target, patch, schemas.of(str(target["apiVersion"]), str(target["kind"])), schemas)
    offered = ", ".join((JSON_PATCH, MERGE_PATCH, STRATEGIC))
    raise Refused(415, f"the body of the request was in an unknown format - accepted media types include: {offered}")


def _merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result


def _strategic(target: Json, patch: Json, schema: Json | None, schemas: Schemas) -> Json:
    result = {} if patch.get("$patch") == "replace" else dict(target)
    for key, value in patch.items():
        if key == "$patch" or key.startswith(("$retainKeys", "$setElementOrder/")):
            continue
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            result[field] = [item for item in result.get(field) or [] if item not in value]
            continue
        field_schema = schemas.below(schema, key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            if "retainKeys" in str(field_schema.get("x-kubernetes-patch-strategy")) and "$retainKeys" in value:
                result[key] = {
                    name: inner for name, inner in (result.get(key) or {}).items() if name in value["$retainKeys"]
                }
            inner = result.get(key)
            result[key] = _strategic(inner if isinstance(inner, dict) else {}, value, field_schema, schemas)
        elif isinstance(value, list) and field_schema.get("x-kubernetes-patch-strategy", "").startswith("merge"):
            result[key] = _merged_list(result.get(key) or [], value, field_schema, schemas)
        else:
            result[key] = value
    return result


def _merged_list(target: list[Any], patch: list[Any], schema: Json, schemas: Schemas) -> list[Any]:
    key = schema.get("x-kubernetes-patch-merge-key")
    if key is None:
        return [*target, *(item for item in patch if item not in target)]
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    result = list(target)
    for item in patch:
        if key not in item:
            raise Refused(400, f"map: {item} does not contain declared merge key: {key}")
        place = next((number for number, other in enumerate(result) if other.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            result = [other for other in result if other.get(key) != item[key]]
        elif place is None:
            result.append({name: value for name, value in item.items() if value is not None})
        else:
            result[place] = _strategic(result[place], item, schema.get("items"), schemas)
    return result


def _json_patch(target: Json, patch: Any) -> Json:
    if not isinstance(patch, list):
        raise Refused(400, "a JSON patch is a list of operations")
    for operation in patch:
        try:
            _operate(target, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise Refused(500, _fault(operation, error), "") from error
    return target


def _fault(operation: Any, error: Exception) -> str:
    """A server takes a patch that does not apply for a fault of its own."""
    if isinstance(operation, dict) and operation.get("op") == "test":
        return f"Testing value {operation.get('path')} failed"
    return f"Unable to {operation.get('op')} nonexistent key: {error}" if isinstance(operation, dict) else str(error)


def _operate(target: Json, operation: Json) -> None:
    *path, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    holder: Any = target
    for part in path:
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    name, value = operation["op"], operation.get("value")
    if isinstance(holder, list):
        place = len(holder) if last == "-" else int(last)
        if name == "add":
            holder.insert(place, value)
        elif name == "replace":
            holder[place] = value
        elif name == "remove":
            del holder[place]
        elif name == "test" and holder[place] != value:
            raise ValueError(f"{operation['path']} is not {value!r}")
    elif name in ("replace", "remove", "test") and last not in holder:
        raise KeyError(last)
    elif name in ("add", "replace"):
        holder[last] = value
    elif name == "remove":
        del holder[last]
    elif name == "test" and holder[last] != value:
        raise ValueError(f"{operation['path']} is not {value!r}")
    elif name != "test":
        raise ValueError(f"{name} is not played")
