"""What the API's description (OpenAPI 3.1) says of errors."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457; `code` never changes, texts follow Accept-Language.",
    "required": ["type", "title", "status", "code", "detail", "errors", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
            },
        },
        "request_id": {"type": ["string", "null"]},
    },
}


class Schema(AutoSchema):
    """Adds what every operation may answer besides: an error as problem+json."""

    def get_operation(self, *args: Any, **options: Any) -> Any:
        operation = super().get_operation(*args, **options)
        if operation:
            operation["responses"].setdefault(
                "default",
                {
                    "description": "An error.",
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                },
            )
        return operation


def add_problem(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Put the shape of an error among the components of the description."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    return result
