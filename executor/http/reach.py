"""Keys that are good for certain workflows only: what belongs to others is not there for them."""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.api import Principal
from common.errors import NotFound
from executor.errors import ExecutionNotFound, FileNotFound, ReviewNotFound
from executor.selectors.reach import is_execution_of, is_file_of, is_review_of


class _Rule(NamedTuple):
    """For one part of a path: what says whether it is within reach, and the answer if not."""

    is_within: Callable[[str, str, Collection[str]], bool]
    missing: type[NotFound]


_RULES = {
    "execution_id": _Rule(is_execution_of, ExecutionNotFound),
    "file_id": _Rule(is_file_of, FileNotFound),
    "review_id": _Rule(is_review_of, ReviewNotFound),
}


class WithinReach(BasePermission):
    """Answers for another workflow's run, file or question as for one that there is not.

    It stands behind `HasScope` for every view of the API, so that a new one cannot forget it. A key
    that is good for all workflows costs nothing here.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True, or raise.

        Raises:
            NotFound: the path names what is not within the key's reach.
        """
        principal = cast(Principal | None, request.auth)
        if principal is None or not principal.workflows:
            return True
        for name, rule in _RULES.items():
            named = view.kwargs.get(name)
            if named and not rule.is_within(principal.workspace_id, named, principal.workflows):
                raise rule.missing
        return True
