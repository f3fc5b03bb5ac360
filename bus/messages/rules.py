"""What holds between the fields of one object, as JSON Schema tells it.

A schema names its rules in its ``Meta``; its own checks refuse what they refuse.
"""

Rules = dict[str, object]


def _each_text(subject: Rules, **more: object) -> Rules:
    texts = {"additionalProperties": {"properties": {"subject": subject}, **more}}
    return {"properties": {"texts": texts}}


def _given(way: str, kind: str) -> Rules:
    return {"required": [way], "properties": {way: {"type": kind}}}


# Either of the two forms of a key, and its proof: who registers it refuses it without.
ONE_KEY: Rules = {
    "required": ["proof"],
    "oneOf": [{"required": ["public_key"]}, {"required": ["jwk"]}],
}
PROVEN: Rules = {"required": ["proof"]}
# A receiver can be reached in one way at least, and each channel is named once.
REACHABLE: Rules = {
    "properties": {
        "to": {
            "anyOf": [
                _given("mobile", "string"),
                _given("email", "string"),
                _given("inbox", "string"),
                _given("address", "array"),
            ]
        },
        "channels": {"uniqueItems": True},
    }
}
# An SMS has no subject, all else has one; news goes in the lane bulk.
SUBJECTS: Rules = {
    "if": {"properties": {"channel": {"const": "sms"}}},
    "then": _each_text({"type": "null"}),
    "else": _each_text({"type": "string"}, required=["subject"]),
    "dependentSchemas": {
        "consent": {
            "anyOf": [
                {"properties": {"consent": {"const": "transactional"}}},
                {"required": ["lane"], "properties": {"lane": {"const": "bulk"}}},
            ]
        }
    },
}
