"""The door of `executor`: what the site and the gallery may use of it."""

from executor.dispatch import live_bridge
from executor.gateway import delete_stored, download_link, open_stored
from executor.media.errors import MediaRejected
from executor.runtime.control import end_now, end_within, start_worker, take_over_leases
from executor.runtime.exposition import render_metrics
from executor.selectors.files import get_storage_key
from executor.selectors.history import list_runs_with_values
from executor.selectors.links import media_url
from executor.selectors.models import ModelFilter, find_words, get_model, list_models
from executor.selectors.outcomes import Outcome, list_outcomes
from executor.selectors.reviews import find_review_by_link
from executor.selectors.routing import Standing, get_standing
from executor.selectors.runs import get_execution_json, get_poll_answer
from executor.services.accept import accept_execution
from executor.services.cancel import cancel_execution
from executor.services.estimates import estimate_json
from executor.services.files import UPLOAD_LIMITS, copy_file, get_file_ref, take_stream, take_upload
from executor.services.health import is_storage_writable
from executor.services.own_accounts import (
    KeyDoesNotWork,
    check_own_key,
    list_own_providers,
    save_own_key,
)
from executor.services.reviews import MAX_COMMENT, Decider, decide_review
from executor.services.upkeep import Job, register_job
from executor.types import (
    FAILURES,
    Accepted,
    Caller,
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
    "UPLOAD_LIMITS",
    "Accepted",
    "Caller",
    "Decider",
    "Decision",
    "ExecutionRequest",
    "ExecutionStatus",
    "FileRef",
    "Job",
    "KeyDoesNotWork",
    "MediaRejected",
    "ModelFilter",
    "Outcome",
    "ReviewRef",
    "Standing",
    "Trigger",
    "accept_execution",
    "cancel_execution",
    "check_own_key",
    "copy_file",
    "decide_review",
    "delete_stored",
    "download_link",
    "end_now",
    "end_within",
    "estimate_json",
    "find_review_by_link",
    "find_words",
    "get_execution_json",
    "get_file_ref",
    "get_model",
    "get_poll_answer",
    "get_standing",
    "get_storage_key",
    "is_storage_writable",
    "list_models",
    "list_outcomes",
    "list_own_providers",
    "list_runs_with_values",
    "live_bridge",
    "media_url",
    "open_stored",
    "register_job",
    "render_metrics",
    "save_own_key",
    "start_worker",
    "take_over_leases",
    "take_stream",
    "take_upload",
]
