"""What users see: messages in two languages, figures, and the report page."""
