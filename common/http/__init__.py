"""The web edge that all apps share: request ids, the JSON gate, problem+json, paging."""
