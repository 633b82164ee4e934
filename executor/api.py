"""The door of `executor`: what the site and the gallery may use of it."""

from executor.dispatch import live_bridge
from executor.runtime.control import end_now, end_within, start_worker, take_over_leases
from executor.runtime.exposition import render_metrics
from executor.selectors.models import ModelFilter, find_words, get_model, list_models
from executor.selectors.reviews import find_review_by_link
from executor.selectors.routing import Standing, get_standing
from executor.services.accept import accept_execution
from executor.services.cancel import cancel_execution
from executor.services.files import take_upload
from executor.services.health import is_storage_writable
from executor.services.own_accounts import (
    KeyDoesNotWork,
    check_own_key,
    list_own_providers,
    save_own_key,
)
from executor.services.reviews import MAX_COMMENT, Decider, decide_review
from executor.types import (
    FAILURES,
    Accepted,
    ExecutionRequest,
    ExecutionStatus,
    FileRef,
    ReviewRef,
    Trigger,
)
from workflows.catalogue.review import Decision

__all__ = [
    "FAILURES",
    "MAX_COMMENT",
    "Accepted",
    "Decider",
    "Decision",
    "ExecutionRequest",
    "ExecutionStatus",
    "FileRef",
    "KeyDoesNotWork",
    "ModelFilter",
    "ReviewRef",
    "Standing",
    "Trigger",
    "accept_execution",
    "cancel_execution",
    "check_own_key",
    "decide_review",
    "end_now",
    "end_within",
    "find_review_by_link",
    "find_words",
    "get_model",
    "get_standing",
    "is_storage_writable",
    "list_models",
    "list_own_providers",
    "live_bridge",
    "render_metrics",
    "save_own_key",
    "start_worker",
    "take_over_leases",
    "take_upload",
]
