"""The document from which Google's client libraries make the methods of Perspective's API."""

from __future__ import annotations

from typing import Any, Final

_PARAMETERS: Final = {
    "alt": "Data format for response.",
    "fields": "Selector specifying which fields to include in a partial response.",
    "key": "API key.",
    "prettyPrint": "Returns response with indentations and line breaks.",
    "quotaUser": "Available to use for quota purposes for server-side applications.",
}


def discovery_document(base_url: str) -> dict[str, Any]:
    """The document of a service at this address, which ends in a slash."""
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "commentanalyzer:v1alpha1",
        "name": "commentanalyzer",
        "version": "v1alpha1",
        "revision": "20261101",
        "title": "Perspective Comment Analyzer API",
        "description": "Scores of comments, answered by Sluice.",
        "protocol": "rest",
        "rootUrl": base_url,
        "baseUrl": base_url,
        "servicePath": "",
        "basePath": "",
        "batchPath": "batch",
        "parameters": {
            name: {
                "type": "boolean" if name == "prettyPrint" else "string",
                "location": "query",
                "description": description,
            }
            for name, description in _PARAMETERS.items()
        },
        "auth": {},
        "schemas": {name: {"id": name, "type": "object", **schema} for name, schema in _SCHEMAS.items()},
        "resources": {
            "comments": {
                "methods": {
                    "analyze": _method("analyze", "AnalyzeComment", "Analyzes the provided text."),
                    "suggestscore": _method("suggestscore", "SuggestCommentScore", "Suggest comment scores."),
                }
            }
        },
    }


def _method(name: str, schema: str, description: str) -> dict[str, Any]:
    return {
        "id": f"commentanalyzer.comments.{name}",
        "path": f"v1alpha1/comments:{name}",
        "flatPath": f"v1alpha1/comments:{name}",
        "httpMethod": "POST",
        "description": description,
        "parameterOrder": [],
        "parameters": {},
        "request": {"$ref": f"{schema}Request"},
        "response": {"$ref": f"{schema}Response"},
    }


def _fields(**kinds: Any) -> dict[str, Any]:
    return {"properties": {name: _kind(kind) for name, kind in kinds.items()}}


def _kind(kind: Any) -> dict[str, Any]:
    """``Name`` is a schema, ``[kind]`` a list and ``{kind}`` a map of them; what is lower case is a plain type."""
    if isinstance(kind, list):
        return {"type": "array", "items": _kind(kind[0])}
    if isinstance(kind, set):
        return {"type": "object", "additionalProperties": _kind(next(iter(kind)))}
    return {"$ref": kind} if kind[0].isupper() else {"type": kind}


_SCHEMAS: Final = {
    "AnalyzeCommentRequest": _fields(
        comment="TextEntry",
        requestedAttributes={"AttributeParameters"},
        languages=["string"],
        doNotStore="boolean",
        clientToken="string",
        sessionId="string",
        communityId="string",
        spanAnnotations="boolean",
        context="Context",
    ),
    "AnalyzeCommentResponse": _fields(
        attributeScores={"AttributeScores"},
        languages=["string"],
        detectedLanguages=["string"],
        clientToken="string",
    ),
    "SuggestCommentScoreRequest": _fields(
        comment="TextEntry",
        attributeScores={"AttributeScores"},
        languages=["string"],
        clientToken="string",
        sessionId="string",
        communityId="string",
        context="Context",
    ),
    "SuggestCommentScoreResponse": _fields(
        clientToken="string", detectedLanguages=["string"], requestedLanguages=["string"]
    ),
    "TextEntry": _fields(text="string", type="string"),
    "AttributeParameters": _fields(scoreType="string", scoreThreshold="number"),
    "AttributeScores": _fields(summaryScore="Score", spanScores=["SpanScore"]),
    "Score": _fields(value="number", type="string"),
    "SpanScore": _fields(begin="integer", end="integer", score="Score"),
    "Context": _fields(entries=["TextEntry"], articleAndParentComment="ArticleAndParentComment"),
    "ArticleAndParentComment": _fields(article="TextEntry", parentComment="TextEntry"),
}
