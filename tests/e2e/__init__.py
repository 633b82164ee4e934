"""The pages as people use them: a server of its own and Debian's Chromium (`scripts/e2e`)."""
