"""The family of errors of `workflows`.

Conflict
└── NotPublished   409  the workflow has no published version

A graph that is malformed or cannot run is `common.errors.InvalidGraph`; a stale write is
`common.errors.Conflict` with `expectedRevision` and `actualRevision`.
"""

from common.errors import Conflict


class NotPublished(Conflict):
    """Nothing is published, so there is nothing to run or describe."""

    code = "not_published"
    default_detail = "This workflow has no published version yet."
