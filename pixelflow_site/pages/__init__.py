"""Pages that belong to no app; they call doors alone."""
