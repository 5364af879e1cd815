"""What an action answered → the body of a REST response; pure."""

from typing import Any

from engine.data.values import render
from engine.outcomes import Page, Written

Body = dict[str, Any]


def data(value: Any) -> Body:
    """An answer that is nothing but data."""
    return {"data": value}


def page(found: Page, *, paginate: bool = True) -> Body:
    """Records, and of how many they are the part unless the caller did not want pages."""
    if not paginate:
        return data(found.records)
    meta = {"count": found.count, "page": found.page, "pageSize": found.page_size, "totalPage": found.total_page}
    return {"data": found.records, "meta": meta}


def written(value: Any, outcome: Written, *, named: bool) -> Body:
    """The data of a write, and what became of workflows where any were `named` or started."""
    body = data(value)
    if named or outcome.workflows or outcome.skipped:
        body["meta"] = {
            "workflows": [
                {
                    "key": workflow.key,
                    "association": workflow.association,
                    "sync": workflow.sync,
                    "executionId": render(workflow.execution_id),
                    "status": workflow.status,
                    "output": workflow.output,
                    "messages": _messages(workflow.messages),
                }
                for workflow in outcome.workflows
            ],
            "skipped": [
                {"key": trigger.key, "association": trigger.association, "reason": trigger.reason.value}
                for trigger in outcome.skipped
            ],
        }
    if outcome.messages:
        body["messages"] = _messages(outcome.messages)
    return body


def _messages(texts: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"message": text} for text in texts]
