"""What RETURN says against what is returned. Runs on Python 2.7 and 3."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

TEXT = type("")
# What ansible-core adds to every result, or what every result may have; needs is what a module asks its action plugin for, which keeps it.
COMMON = {"changed", "diff", "failed", "msg", "invocation", "warnings", "deprecations", "exception", "needs"}
TYPES = {
    "bool": (bool,),
    "dict": (dict,),
    "float": (float, int),
    "int": (int,),
    "list": (list,),
    "path": (TEXT,),
    "str": (TEXT,),
}
STATE = re.compile(r"^state is (\w+)$")


def undocumented(module, result):
    """Keys of a result, also of a failed one, that a module's RETURN does not have; none for a module without RETURN."""
    documented = set(re.findall(r"^(\w+):", getattr(module, "RETURN", ""), re.MULTILINE))
    return sorted(set(result) - COMMON - documented) if documented else []


def _text(value):
    """Text as Python 3 has it: YAML and JSON give two types of text on Python 2."""
    return TEXT(value) if isinstance(value, type("")) or type(value).__name__ == "unicode" else value


def _words(field):
    said = field["description"]
    return " ".join(said) if isinstance(said, list) else said


def is_expected(field, args):
    """Whether a documented key has to be in a successful result of a run with these arguments."""
    returned = field.get("returned", "always")
    state = STATE.match(returned)
    if state:
        return args.get("state", "present") == state.group(1)
    return returned in ("always", "success")


def type_faults(field, value, where):
    """What is wrong with a value by its field's type, elements and contains. A null is right where the description speaks of one."""
    value = _text(value)
    if value is None:
        return [] if re.search(r"\b(null|none)\b", _words(field)) else ["%s is null, of which its description says nothing" % where]
    kind = field["type"]
    if kind not in TYPES:
        return ["%s has the unknown type %s" % (where, kind)]
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "bool"):
        return ["%s is %r, no %s" % (where, value, kind)]
    faults = []
    if kind == "list":
        if "elements" not in field:
            return ["%s is a list of it is not said what" % where]
        inner = dict(field, type=field["elements"], description="")
        for number, item in enumerate(value):
            faults += type_faults(inner, item, "%s[%d]" % (where, number))
    elif kind == "dict" and "contains" in field:
        faults += faults_of(field["contains"], value, {}, where + ".")
    return faults


def faults_of(fields, values, args, where="", common=()):
    """What is wrong with a dict of values: keys too many, too few, or of another type; a list of sentences."""
    faults = ["%s%s is not documented" % (where, key) for key in sorted(values) if key not in fields and key not in common]
    for key, field in sorted(fields.items()):
        if key in values:
            faults += type_faults(field, values[key], where + key)
        elif is_expected(field, args):
            faults.append("%s%s is documented, and missing" % (where, key))
    return faults


def faults_of_result(fields, result, args):
    """What is wrong with the result of a successful run."""
    return faults_of(fields, result, args, common=COMMON)


def faults_of_samples(fields, where="", inside=False):
    """Samples that are not of their field's type, at any depth, or that are missing: a field has one, or all that it contains, or what it is in."""
    faults = []
    for key, field in sorted(fields.items()):
        if "sample" in field:
            faults += type_faults(field, field["sample"], "sample of " + where + key)
        elif "contains" not in field and not inside:
            faults.append("%s%s has no sample" % (where, key))
        faults += faults_of_samples(field.get("contains") or {}, where + key + ".", inside or "sample" in field)
    return faults
