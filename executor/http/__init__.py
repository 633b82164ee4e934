"""The web entrance of `executor`: execute, poll and wait, runs, files, and media by signed link."""
