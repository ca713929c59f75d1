"""The API's description for people: made from the schema, so that both say the same."""

from dataclasses import dataclass
from typing import Any

from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    summary: str
    description: str
    parameters: list[dict[str, Any]]
    body: list[dict[str, Any]]
    answers: list[dict[str, str]]


class DocsView(TemplateView):
    """Show every operation with its parameters, fields and answers."""

    template_name = "api/docs.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        generator: Any = SchemaGenerator
        schema: dict[str, Any] = generator().get_schema(request=None, public=True)
        return super().get_context_data(**kwargs, operations=list(read_operations(schema)))


def read_operations(schema: dict[str, Any]) -> list[Operation]:
    """Read what the page shows out of an OpenAPI description."""
    operations = []
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if found := methods.get(method):
                text = found.get("description", "").strip()
                summary, _break, rest = text.partition("\n\n")
                operations.append(
                    Operation(
                        method=method.upper(),
                        path=path,
                        summary=found.get("summary") or summary,
                        description=rest if not found.get("summary") else text,
                        parameters=[
                            {
                                "name": parameter["name"],
                                "place": parameter["in"],
                                "required": parameter.get("required", False),
                                "type": type_name(parameter.get("schema", {})),
                                "help": parameter.get("description", ""),
                            }
                            for parameter in found.get("parameters", [])
                        ],
                        body=body_fields(schema, found.get("requestBody", {})),
                        answers=[
                            {"status": status, "help": answer.get("description", "")}
                            for status, answer in found.get("responses", {}).items()
                        ],
                    )
                )
    return operations


def body_fields(schema: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    shape = resolve(schema, body.get("content", {}).get("application/json", {}).get("schema", {}))
    required = shape.get("required", [])
    return [
        {
            "name": name,
            "required": name in required,
            "type": type_name(field),
            "help": field.get("description", ""),
        }
        for name, field in shape.get("properties", {}).items()
    ]


def resolve(schema: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    if reference := shape.get("$ref"):
        found: dict[str, Any] = schema["components"]["schemas"].get(
            reference.rpartition("/")[2], {}
        )
        return found
    return shape


def type_name(shape: dict[str, Any]) -> str:
    """Name a field's type in a word or two."""
    if reference := shape.get("$ref"):
        return str(reference).rpartition("/")[2]
    for key in ("allOf", "oneOf", "anyOf"):
        if key in shape:
            return " | ".join(type_name(part) for part in shape[key])
    kind = shape.get("type", "")
    if kind == "array":
        return f"[{type_name(shape.get('items', {}))}]"
    names = kind if isinstance(kind, list) else [kind]
    shown = " | ".join(filter(None, names))
    if values := shape.get("enum"):
        return " | ".join(str(value) for value in values)
    return f"{shown} ({shape['format']})" if shape.get("format") else shown
