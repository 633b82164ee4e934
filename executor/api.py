"""The door of `executor`: what the site and the gallery may use of it."""

from executor.dispatch import live_bridge
from executor.runtime.control import start_worker, take_over_leases
from executor.services.accept import accept_execution
from executor.services.cancel import cancel_execution
from executor.services.files import take_upload
from executor.services.health import is_storage_writable
from executor.types import Accepted, ExecutionRequest, ExecutionStatus, FileRef, Trigger

__all__ = [
    "Accepted",
    "ExecutionRequest",
    "ExecutionStatus",
    "FileRef",
    "Trigger",
    "accept_execution",
    "cancel_execution",
    "is_storage_writable",
    "live_bridge",
    "start_worker",
    "take_over_leases",
    "take_upload",
]
